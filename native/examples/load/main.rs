//! Reads profiles, and prints how long the answers took, as JSON.
//!
//! `load unix:PATH|HOST:PORT|redis:PATH CONNECTIONS IN_FLIGHT SECONDS USERS [METHOD [RATE]]`, for as many users of
//! benchmarks/population.py. Without RATE, so many calls are in flight on each connection, and each is followed by the
//! next; with LookupProfiles, so many lookups on one stream. With it, so many calls begin in a second at random times, on all connections in turn, whatever was answered; a
//! call then takes from the moment at which it was to begin, so that those that wait behind a slow one count too.

mod grpc;
mod lookups;
mod redis;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::{yield_now, JoinSet, LocalSet};

type Failure = Box<dyn std::error::Error>;

// Beyond it the server is not as fast as it was said to be, and the rest would only measure the queue.
const WAITING_MAX: usize = 50_000;

#[derive(Clone)]
enum Connection {
    Grpc(grpc::Grpc),
    Redis(redis::Redis),
}

struct Load {
    users: u64,
    seconds: Duration,
    next: RefCell<u64>,
    took: RefCell<Vec<Duration>>,
    // How late calls began that were to begin at a time.
    late: RefCell<Vec<Duration>>,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, connections, in_flight, seconds, users, rest @ ..] = &arguments[..] else {
        return Err("usage: load ADDRESS CONNECTIONS IN_FLIGHT SECONDS USERS [METHOD [RATE]]".into());
    };
    let load = Rc::new(Load {
        users: users.parse()?,
        seconds: Duration::from_secs_f64(seconds.parse()?),
        next: RefCell::default(),
        took: RefCell::default(),
        late: RefCell::default(),
    });
    let method = rest.first().map_or("GetProfile", String::as_str);
    let rate: Option<f64> = rest.get(1).map(|rate| rate.parse()).transpose()?;
    let (connections, in_flight): (u32, u32) = (connections.parse()?, in_flight.parse()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut opened = Vec::new();
        for _ in 0..connections {
            opened.push(Connection::open(address, method).await?);
        }
        let began = Instant::now();
        match rate {
            None if method == lookups::METHOD => on_streams(&load, &opened, in_flight).await?,
            None => one_behind_the_other(&load, &opened, in_flight).await?,
            Some(rate) => at_random_times(&load, &opened, rate).await?,
        }
        print(&load, began.elapsed());
        Ok(())
    })
}

impl Connection {
    async fn open(address: &str, method: &str) -> Result<Self, Failure> {
        Ok(match address.strip_prefix("redis:") {
            Some(path) => Self::Redis(redis::Redis::connect(path).await?),
            None => Self::Grpc(grpc::Grpc::connect(address, method).await?),
        })
    }

    async fn read(&self, user: &str) -> Result<(), Failure> {
        match self {
            Self::Grpc(connection) => connection.read(user).await,
            Self::Redis(connection) => connection.read(user).await,
        }
    }
}

impl Load {
    fn user(&self) -> String {
        format!("user-{:09}", self.next.replace_with(|next| *next + 1) * 37 % self.users)
    }

    /// Reads the next user; the time counts from the moment given.
    async fn read(&self, connection: &Connection, from: Instant) -> Result<(), String> {
        connection.read(&self.user()).await.map_err(|error| error.to_string())?;
        self.took.borrow_mut().push(from.elapsed());
        Ok(())
    }
}

async fn one_behind_the_other(load: &Rc<Load>, opened: &[Connection], in_flight: u32) -> Result<(), Failure> {
    let mut callers = JoinSet::new();
    let ends = Instant::now() + load.seconds;
    for connection in opened {
        for _ in 0..in_flight {
            let (load, connection) = (load.clone(), connection.clone());
            callers.spawn_local(async move {
                while Instant::now() < ends {
                    load.read(&connection, Instant::now()).await?;
                }
                Ok::<(), String>(())
            });
        }
    }
    ended(callers).await
}

async fn on_streams(load: &Rc<Load>, opened: &[Connection], in_flight: u32) -> Result<(), Failure> {
    let mut streams = JoinSet::new();
    for connection in opened {
        let Connection::Grpc(connection) = connection.clone() else {
            return Err("Redis has no lookups".into());
        };
        let load = load.clone();
        streams.spawn_local(async move {
            let ended = lookups::look_up(&load, &connection, in_flight).await;
            ended.map_err(|error| error.to_string())
        });
    }
    ended(streams).await
}

async fn at_random_times(load: &Rc<Load>, opened: &[Connection], rate: f64) -> Result<(), Failure> {
    let mut calls = JoinSet::new();
    let (mut dice, mut due) = (0x9e37_79b9_7f4a_7c15, Instant::now());
    let ends = due + load.seconds;
    for connection in opened.iter().cycle() {
        due += Duration::from_secs_f64(exponential(&mut dice) / rate);
        if due > ends {
            break;
        }
        // Timers are too coarse for tens of thousands a second: this takes a core, and looks at the sockets meanwhile.
        while Instant::now() < due {
            yield_now().await;
        }
        load.late.borrow_mut().push(due.elapsed());
        let (load, connection) = (load.clone(), connection.clone());
        calls.spawn_local(async move { load.read(&connection, due).await });
        while let Some(ended) = calls.try_join_next() {
            ended??;
        }
        if calls.len() > WAITING_MAX {
            return Err(format!("{WAITING_MAX} calls wait for an answer: {rate} a second are too many").into());
        }
    }
    ended(calls).await
}

async fn ended(mut calls: JoinSet<Result<(), String>>) -> Result<(), Failure> {
    while let Some(ended) = calls.join_next().await {
        ended??;
    }
    Ok(())
}

/// Returns the time between two of events that come once in a unit of time on average (by xorshift64*).
fn exponential(dice: &mut u64) -> f64 {
    *dice ^= *dice >> 12;
    *dice ^= *dice << 25;
    *dice ^= *dice >> 27;
    let drawn = dice.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11;
    -((drawn as f64 + 1.0) / (1u64 << 53) as f64).ln()
}

fn print(load: &Load, lasted: Duration) {
    let (mut took, mut late) = (load.took.take(), load.late.take());
    took.sort_unstable();
    late.sort_unstable();
    let at = |times: &[Duration], share: f64| {
        let place = (times.len().max(1) - 1) as f64 * share;
        times.get(place as usize).map_or(0.0, |time| time.as_nanos() as f64 / 1e3)
    };
    println!(
        r#"{{"calls": {}, "calls_a_second": {:.1}, "p50_us": {:.2}, "p99_us": {:.2}, "p999_us": {:.2}, "late_p99_us": {:.2}}}"#,
        took.len(),
        took.len() as f64 / lasted.as_secs_f64(),
        at(&took, 0.5),
        at(&took, 0.99),
        at(&took, 0.999),
        at(&late, 0.99),
    );
}
