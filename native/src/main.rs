//! `foreword-front`: answers reads of profiles from the mapped store, and hands every other call to the sidecar behind it.
//!
//! The sidecar starts it, binds its addresses, and is its only operator; docs/operations.md says what it does when.

mod alone;
mod authority;
mod calls;
mod connection;
mod control;
mod forward;
mod front;
mod grpc;
mod handover;
mod limits;
mod listen;
mod lookup;
mod options;
mod refusal;
mod request_id;
mod respond;
mod socket;
mod turn_away;
mod vigil;

use std::os::fd::OwnedFd;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use foreword_native::{answer, lmdb, proto, reads, store};
use tokio::net::UnixStream;
use tokio::signal::unix::{signal, SignalKind};
use tokio::sync::mpsc;
use tokio::task::LocalSet;
use tokio::time::Instant;

use crate::control::Order;
use crate::front::Front;
use crate::handover::Door;
use crate::options::Options;
use crate::store::Store;

/// How often files are looked at: whether they were replaced, cut short, or have appeared. A few system calls.
const LOOK: Duration = Duration::from_millis(100);
/// How long calls may take that run when this process ends by itself.
const DRAIN: Duration = Duration::from_secs(10);
/// How long the sidecar may take to read what this process says at its end.
const LAST_WORD: Duration = Duration::from_secs(1);
/// How often it is looked whether the last call has ended.
const DRAINED: Duration = Duration::from_millis(5);

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("--version") {
        println!("foreword-front {} protocol {}", env!("CARGO_PKG_VERSION"), control::PROTOCOL);
        return ExitCode::SUCCESS;
    }
    match Options::read(std::env::args().skip(1)).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("Error: {reason}");
            ExitCode::from(2)
        }
    }
}

fn run(options: Options) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the runtime cannot be made: {error}"))?;
    LocalSet::new().block_on(&runtime, serve(options))
}

/// Serves until it is told to end, or has been alone for too long.
async fn serve(options: Options) -> Result<(), String> {
    let door = Door::open(&options.folder.join("door.sock"))
        .map_err(|error| format!("no door in {}: {error}", options.folder.display()))?;
    let store = Store::new(&options.store, options.readers_max);
    let front = Rc::new(Front::new(store, options.folder.join("sidecar.sock"), options.time));
    let (listening, mut accepting) = (options.listening, Vec::new());
    for one in &listening {
        let copy = one.descriptor.try_clone().map_err(|error| format!("{}: {error}", one.address))?;
        accepting.push(tokio::task::spawn_local(listen::serve(copy, front.clone())));
    }
    let (ordering, mut orders) = mpsc::channel(1);
    let following = tokio::task::spawn_local(follow(channel(options.control)?, front.clone(), ordering.clone()));
    let order = tokio::select! {
        order = orders.recv() => order,
        // It ends only with an error: no socket can be taken any more.
        _ = door.serve(&listening, ordering) => None,
        () = look_after(&front, &door, options.alone) => None,
    };
    front.draining.send_replace(true);
    for ending in accepting {
        // A listener that could not be served is let go of like any other.
        let _ = ending.await;
    }
    drop(listening);
    let within = match order {
        Some(Order::Drain(within)) => within,
        // By the end of its connection the successor hears that the addresses are free.
        Some(Order::Succeeded(successor)) => {
            drop(successor);
            DRAIN
        }
        None => DRAIN,
    };
    drain(&front, within).await;
    front.ended.notify_one();
    // The sidecar that ended this process waits for its last word; one that died does not.
    let _ = tokio::time::timeout(LAST_WORD, following).await;
    door.close();
    Ok(())
}

fn channel(control: OwnedFd) -> Result<UnixStream, String> {
    let channel = std::os::unix::net::UnixStream::from(control);
    channel
        .set_nonblocking(true)
        .and_then(|()| UnixStream::from_std(channel))
        .map_err(|error| format!("the control channel: {error}"))
}

/// Follows the sidecar's channel, and notes when the sidecar has died.
async fn follow(channel: UnixStream, front: Rc<Front>, orders: mpsc::Sender<Order>) {
    // Whether it was closed or broke: nobody is there any more.
    let _ = control::follow(channel, front.clone(), orders).await;
    front.has_sidecar.set(false);
    front.alone_since.set(Some(Instant::now()));
}

/// Follows the store; returns when there is no reason left to serve.
async fn look_after(front: &Front, door: &Door, alone: Duration) {
    let mut interval = tokio::time::interval(LOOK);
    let mut ended = signal(SignalKind::terminate()).ok();
    let mut unsent = Vec::new();
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            Some(()) = terminated(&mut ended) => {
                // A sidecar that lives is told as well, and says when to end.
                if !front.has_sidecar.get() {
                    return;
                }
            }
        }
        front.store.borrow_mut().follow();
        front.limits.relieve(&mut unsent);
        if front.has_sidecar.get() {
            continue;
        }
        let is_over = front.alone_since.get().is_some_and(|since| since.elapsed() >= alone);
        if is_over || door.was_replaced() || !front.store.borrow().is_there() {
            return;
        }
    }
}

async fn terminated(signals: &mut Option<tokio::signal::unix::Signal>) -> Option<()> {
    match signals {
        Some(signals) => signals.recv().await,
        None => std::future::pending().await,
    }
}

/// Lets running calls end.
async fn drain(front: &Front, within: Duration) {
    let ends = Instant::now() + within;
    while front.limits.connection_count() > 0 && Instant::now() < ends {
        tokio::time::sleep(DRAINED).await;
    }
}
