//! What all connections share. One thread serves them all: on the cores that a sidecar gets, a second gains nothing.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{watch, Notify};
use tokio::time::Instant;

use crate::answer::{Answering, Method};
use crate::calls::Calls;
use crate::limits::Limits;
use crate::reads::Reads;
use crate::refusal::Refusals;
use crate::store::Store;

/// The time to go by, as the sidecar says.
#[derive(Clone, Copy)]
pub enum Time {
    /// So many milliseconds beside the machine's.
    Offset(i64),
    /// Standing still.
    At(i64),
}

impl Time {
    /// Returns what `offset MS` or `at MS` says.
    pub fn of(how: &str, ms: &str) -> Option<Self> {
        let ms = ms.parse().ok()?;
        match how {
            "offset" => Some(Self::Offset(ms)),
            "at" => Some(Self::At(ms)),
            _ => None,
        }
    }
}

pub struct Front {
    pub store: RefCell<Store>,
    pub reads: RefCell<Reads>,
    pub calls: RefCell<Calls>,
    pub limits: Rc<Limits>,
    pub refusals: RefCell<Refusals>,
    pub time: Cell<Time>,
    /// The sidecar's own socket.
    pub upstream: PathBuf,
    /// Whether the sidecar that started this process still lives.
    pub has_sidecar: Cell<bool>,
    /// Wakes whoever tells the sidecar of users that ask for a refresh.
    pub asking: Notify,
    /// Wakes whoever tells the sidecar of the last reads.
    pub ended: Notify,
    /// True from when no further call is taken.
    pub draining: watch::Sender<bool>,
    /// How long calls wait for a sidecar that has died to be started again.
    pub hold: Cell<Duration>,
    /// Counts those that do.
    pub held: Rc<()>,
    /// Counts clients that are told that there are too many.
    pub turned_away: Rc<()>,
    /// When it died.
    pub alone_since: Cell<Option<Instant>>,
}

impl Front {
    pub fn new(store: Store, upstream: PathBuf, time: Time) -> Self {
        Self {
            store: RefCell::new(store),
            reads: RefCell::new(Reads::new()),
            calls: RefCell::new(Calls::new()),
            limits: Rc::new(Limits::new()),
            refusals: RefCell::default(),
            time: Cell::new(time),
            upstream,
            has_sidecar: Cell::new(true),
            asking: Notify::new(),
            ended: Notify::new(),
            draining: watch::Sender::new(false),
            hold: Cell::new(Duration::ZERO),
            held: Rc::new(()),
            turned_away: Rc::new(()),
            alone_since: Cell::new(None),
        }
    }

    /// Returns the answer to a request, as gRPC frames it; None leaves it to the sidecar, if it `is_alone` or not.
    pub fn answer(&self, method: Method, message: &[u8], is_alone: bool) -> Option<Vec<u8>> {
        let mut reads = self.reads.borrow_mut();
        let answer =
            Answering { store: &mut self.store.borrow_mut(), reads: &mut reads, now_ms: self.now_ms(), is_alone }
                .answer(method, message)?;
        reads.note_answered();
        if reads.has_asking() {
            self.asking.notify_one();
        }
        Some(answer)
    }

    pub fn now_ms(&self) -> i64 {
        match self.time.get() {
            Time::At(ms) => ms,
            Time::Offset(ms) => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                now.as_millis() as i64 + ms
            }
        }
    }

    /// Appends the answer to a lookup, framed; None leaves it to the sidecar.
    pub fn look_up(&self, message: &[u8], into: &mut Vec<u8>) -> Option<()> {
        let mut reads = self.reads.borrow_mut();
        let (mut store, now_ms) = (self.store.borrow_mut(), self.now_ms());
        let mut answering = Answering { store: &mut store, reads: &mut reads, now_ms, is_alone: false };
        answering.look_up(message, into)?;
        if reads.has_asking() {
            self.asking.notify_one();
        }
        Some(())
    }

    /// Returns until when a call waits for the sidecar; None when it is not to wait.
    pub fn hold_until(&self, began: Instant) -> Option<Instant> {
        if *self.draining.borrow() && self.has_sidecar.get() {
            // It is ending, and is not started again before this process has ended as well.
            return None;
        }
        Some(self.alone_since.get().unwrap_or(began) + self.hold.get())
    }
}
