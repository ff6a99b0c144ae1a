//! What all connections share. One thread serves them all: on the cores that a sidecar gets, a second gains nothing.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::sync::{watch, Notify};

use crate::answer::{Answering, Method};
use crate::reads::Reads;
use crate::store::Store;

/// The time to go by, as the sidecar says.
#[derive(Clone, Copy)]
pub enum Time {
    /// So many milliseconds beside the machine's.
    Offset(i64),
    /// Standing still.
    At(i64),
}

pub struct Front {
    pub store: RefCell<Store>,
    pub reads: RefCell<Reads>,
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
    connections: Rc<()>,
}

impl Front {
    pub fn new(store: Store, upstream: PathBuf) -> Self {
        Self {
            store: RefCell::new(store),
            reads: RefCell::new(Reads::new()),
            time: Cell::new(Time::Offset(0)),
            upstream,
            has_sidecar: Cell::new(true),
            asking: Notify::new(),
            ended: Notify::new(),
            draining: watch::Sender::new(false),
            connections: Rc::new(()),
        }
    }

    /// Returns the answer to a request, as gRPC frames it; None leaves it to the sidecar, if it `is_alone` or not.
    pub fn answer(&self, method: Method, message: &[u8], is_alone: bool) -> Option<Bytes> {
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

    /// Counts a connection for as long as what is returned lives.
    pub fn connected(&self) -> Rc<()> {
        self.connections.clone()
    }

    pub fn connection_count(&self) -> usize {
        Rc::strong_count(&self.connections) - 1
    }
}
