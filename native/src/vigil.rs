//! Looking after clients that may have vanished without a word.

use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use h2::{Ping, PingPong};
use tokio::time::Interval;

/// A client that vanished is told by a ping it does not answer within `PATIENCE`; every third one sends a ping.
pub const PATIENCE: Duration = Duration::from_secs(20);
const PATIENCES_A_PING: u32 = 3;

/// Looks after a client that may have vanished without a word.
pub struct Vigil {
    pings: Option<PingPong>,
    interval: Interval,
    looks: u32,
    is_waiting: bool,
}

impl Vigil {
    pub fn new(pings: Option<PingPong>) -> Self {
        let mut interval = tokio::time::interval(PATIENCE);
        interval.reset();
        Self { pings, interval, looks: 0, is_waiting: false }
    }

    /// Whether the client has not answered a ping in time.
    pub fn poll_is_vain(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(pings) = &mut self.pings else { return false };
        if self.is_waiting && pings.poll_pong(cx).is_ready() {
            self.is_waiting = false;
        }
        while Pin::new(&mut self.interval).poll_tick(cx).is_ready() {
            if self.is_waiting {
                return true;
            }
            self.looks += 1;
            if self.looks % PATIENCES_A_PING == 0 {
                self.is_waiting = pings.send_ping(Ping::opaque()).is_ok();
                // Asked at once, so that the pong wakes this task.
                self.is_waiting &= pings.poll_pong(cx).is_pending();
            }
        }
        false
    }
}
