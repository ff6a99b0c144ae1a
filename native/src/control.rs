//! The channel to the sidecar that started this process: lines of text both ways.
//!
//! From the sidecar: `clock offset MS`, `clock at MS`, `tell-all 0|1`, `tell-calls none|all|SHARE`, `hold MS`,
//! `limits STREAMS CONNECTIONS BYTES`, `refusal NAME CODE MESSAGE DETAILS`, `beat N`, `drain MS`.
//! To the sidecar: `ready PROTOCOL`, `beat N`, `asks HEX` (a user key that asks for a refresh), `open CONNECTIONS STREAMS`,
//! and since the former line of its kind `reads SEGMENT FRESHNESS COUNT`, `calls ANSWERED FORWARDED`, `ended METHOD CODE COUNT`,
//! `took METHOD NANOSECONDS COUNT…` (by bucket), `call …` (one alone, see calls.rs), `limited REFUSED ENDED`.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::mpsc;

use crate::calls::Telling;
use crate::front::{Front, Time};

/// Raised with each change of the lines, and of the options; a sidecar and a front of two versions do without each other.
pub const PROTOCOL: u32 = 4;
/// How long users who ask for a refresh wait for others, so that they are told of together.
const GATHER: Duration = Duration::from_millis(2);
/// How often reads are told of that ask for nothing.
const COUNT: Duration = Duration::from_millis(100);

/// What the sidecar orders.
pub enum Order {
    /// End all calls within so long, and then this process.
    Drain(Duration),
    /// Likewise, within the usual time, for a successor that waits until no address is held any more.
    Succeeded(UnixStream),
}

/// Follows the channel until the sidecar is gone, or the last call of this process has ended.
pub async fn follow(channel: UnixStream, front: Rc<Front>, orders: mpsc::Sender<Order>) -> io::Result<()> {
    let (reading, mut writing) = channel.into_split();
    let mut lines = BufReader::new(reading).lines();
    writing.write_all(format!("ready {PROTOCOL}\n").as_bytes()).await?;
    let mut counting = tokio::time::interval(COUNT);
    loop {
        let said = tokio::select! {
            line = lines.next_line() => match line? {
                Some(line) => obey(&line, &front, &orders).await,
                None => return Ok(()),
            },
            () = front.asking.notified() => {
                tokio::time::sleep(GATHER).await;
                front.reads.borrow_mut().take_lines()
            }
            _ = counting.tick() => noted(&front),
            () = front.ended.notified() => {
                let last = noted(&front);
                return writing.write_all(last.as_bytes()).await;
            }
        };
        if !said.is_empty() {
            writing.write_all(said.as_bytes()).await?;
        }
    }
}

/// Takes all that was noted.
fn noted(front: &Front) -> String {
    let mut lines = front.reads.borrow_mut().take_lines();
    front.calls.borrow_mut().take_lines(&mut lines);
    front.limits.take_lines(&mut lines);
    lines
}

/// Does what a line says; returns what is said to it.
async fn obey(line: &str, front: &Front, orders: &mpsc::Sender<Order>) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        ["clock", how, ms] => Time::of(how, ms).into_iter().for_each(|time| front.time.set(time)),
        ["tell-all", all] => front.reads.borrow_mut().tells_all = all == "1",
        // With all that was noted before it, so that whoever hears it knows what this process knew.
        ["beat", _] => return format!("{}{line}\n", noted(front)),
        ["tell-calls", which] => front.calls.borrow_mut().tell(match which {
            "none" => Telling::None,
            "all" => Telling::All,
            share => share.parse().map_or(Telling::None, Telling::Traced),
        }),
        ["hold", ms] => ms.parse().into_iter().for_each(|ms| front.hold.set(Duration::from_millis(ms))),
        ["limits", streams, connections, bytes] => {
            if let (Ok(streams), Ok(connections), Ok(bytes)) = (streams.parse(), connections.parse(), bytes.parse()) {
                front.limits.set(streams, connections, bytes);
            }
        }
        // One that is odd is not known, and calls go to the sidecar for it.
        ["refusal", name, code, message, details] => {
            let _ = front.refusals.borrow_mut().take(name, code, message, details);
        }
        ["drain", ms] => {
            let within = Duration::from_millis(ms.parse().unwrap_or(0));
            // Refused only when this process is ending already.
            let _ = orders.send(Order::Drain(within)).await;
        }
        // Of a later version, and refused by PROTOCOL before it comes to that.
        _ => {}
    }
    String::new()
}
