//! How much the clients of a front may hold, together and each.
//!
//! The figures come from the sidecar's configuration; before it has said them there are none.

use std::cell::{Cell, RefCell};
use std::fmt::Write;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;

/// What one connection's answers may have that its client has not taken; further calls wait. A batch may be larger alone.
const CONNECTION_BYTES_MAX: usize = 1 << 20;
/// What one connection's requests may have of which more is to come; further ones are handed to the sidecar as they are.
pub const REQUESTS_BYTES_MAX: usize = 1 << 20;
/// For how many looks a client may take nothing while all together hold too much: a second.
const STALLED_LOOKS: u32 = 10;

/// What all clients of a front hold.
pub struct Limits {
    pub connections_max: Cell<usize>,
    pub streams_max: Cell<Option<usize>>,
    unsent_max: Cell<usize>,
    unsent: Arc<AtomicUsize>,
    clients: RefCell<Vec<Weak<Client>>>,
    streams: Cell<usize>,
    our_streams: Cell<usize>,
    /// Connections and streams, as the sidecar was last told.
    told: Cell<(usize, usize)>,
    /// Connections that were refused, and that were ended because they took nothing, since they were last taken.
    refused: Cell<u64>,
    ended: Cell<u64>,
}

/// What one client holds.
pub struct Client {
    /// Bytes of answers that the system has not taken for it yet.
    unsent: AtomicUsize,
    /// Bytes it has taken, to tell one that is slow from one that takes nothing.
    taken: AtomicUsize,
    all: Arc<AtomicUsize>,
    is_ended: AtomicBool,
    ending: Notify,
}

/// A stream of its client's, counted for as long as it lives.
pub struct Stream {
    limits: Rc<Limits>,
    /// Whether it is answered here, and the sidecar does not know of it.
    is_ours: bool,
}

impl Limits {
    pub fn new() -> Self {
        Self {
            connections_max: Cell::new(usize::MAX),
            streams_max: Cell::new(None),
            unsent_max: Cell::new(usize::MAX),
            unsent: Arc::default(),
            clients: RefCell::default(),
            streams: Cell::new(0),
            our_streams: Cell::new(0),
            told: Cell::new((0, 0)),
            refused: Cell::new(0),
            ended: Cell::new(0),
        }
    }

    pub fn set(&self, streams: usize, connections: usize, bytes: usize) {
        self.streams_max.set(Some(streams));
        self.connections_max.set(connections);
        self.unsent_max.set(bytes);
    }

    /// Counts a connection for as long as what is returned lives; None when there are as many as may be.
    pub fn connect(&self) -> Option<Arc<Client>> {
        let mut clients = self.clients.borrow_mut();
        if clients.len() >= self.connections_max.get() {
            clients.retain(|client| client.strong_count() > 0);
        }
        if clients.len() >= self.connections_max.get() {
            self.refused.set(self.refused.get() + 1);
            return None;
        }
        let client = Arc::new(Client {
            unsent: AtomicUsize::new(0),
            taken: AtomicUsize::new(0),
            all: self.unsent.clone(),
            is_ended: AtomicBool::new(false),
            ending: Notify::new(),
        });
        clients.push(Arc::downgrade(&client));
        Some(client)
    }

    /// Counts a stream that is answered here, or is handed on; None when there are as many as may be.
    pub fn stream(self: &Rc<Self>, is_ours: bool) -> Option<Stream> {
        if self.streams_max.get().is_some_and(|max| self.streams.get() >= max) {
            return None;
        }
        self.streams.set(self.streams.get() + 1);
        self.our_streams.set(self.our_streams.get() + usize::from(is_ours));
        Some(Stream { limits: self.clone(), is_ours })
    }

    pub fn connection_count(&self) -> usize {
        self.clients.borrow().iter().filter(|client| client.strong_count() > 0).count()
    }

    /// Appends what has changed since it was last taken, as lines of the control channel.
    pub fn take_lines(&self, lines: &mut String) {
        let open = (self.connection_count(), self.our_streams.get());
        if self.told.replace(open) != open {
            writeln!(lines, "open {} {}", open.0, open.1).expect("a String grows");
        }
        let (refused, ended) = (self.refused.take(), self.ended.take());
        if refused + ended > 0 {
            writeln!(lines, "limited {refused} {ended}").expect("a String grows");
        }
    }

    /// Whether a client may be answered one more call.
    pub fn has_room(&self, client: &Client) -> bool {
        let unsent = client.unsent.load(Relaxed);
        unsent == 0 || (unsent < CONNECTION_BYTES_MAX && self.unsent.load(Relaxed) < self.unsent_max.get())
    }

    /// Ends the connections of clients that take nothing while all together hold too much, those who hold most first.
    /// Called over and over with what it noted the last time.
    pub fn relieve(&self, noted: &mut Vec<(Weak<Client>, usize, u32)>) {
        if self.unsent.load(Relaxed) < self.unsent_max.get() {
            noted.clear();
            return;
        }
        let mut clients = self.clients.borrow_mut();
        clients.retain(|client| client.strong_count() > 0);
        let (before, mut stalled) = (std::mem::take(noted), Vec::new());
        for weak in clients.iter() {
            let Some(client) = weak.upgrade().filter(|client| client.unsent.load(Relaxed) > 0) else { continue };
            let taken = client.taken.load(Relaxed);
            let looks = match before.iter().find(|(other, ..)| other.ptr_eq(weak)) {
                Some((_, then, looks)) if *then == taken => looks + 1,
                _ => 0,
            };
            noted.push((weak.clone(), taken, looks));
            if looks >= STALLED_LOOKS && !client.is_ended.load(Relaxed) {
                stalled.push(client);
            }
        }
        stalled.sort_by_key(|client| std::cmp::Reverse(client.unsent.load(Relaxed)));
        let mut left = self.unsent.load(Relaxed);
        for client in stalled {
            if left < self.unsent_max.get() {
                break;
            }
            left = left.saturating_sub(client.unsent.load(Relaxed));
            client.is_ended.store(true, Relaxed);
            client.ending.notify_one();
            self.ended.set(self.ended.get() + 1);
        }
    }
}

impl Stream {
    /// Notes that the sidecar answers it from now on.
    pub fn hand_on(&mut self) {
        let ours = usize::from(std::mem::take(&mut self.is_ours));
        self.limits.our_streams.set(self.limits.our_streams.get() - ours);
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.hand_on();
        self.limits.streams.set(self.limits.streams.get() - 1);
    }
}

impl Client {
    /// Returns the same bytes, counted until the system has taken them.
    pub fn counted(self: &Arc<Self>, bytes: impl AsRef<[u8]> + Send + 'static) -> Bytes {
        let size = bytes.as_ref().len();
        self.unsent.fetch_add(size, Relaxed);
        self.all.fetch_add(size, Relaxed);
        Bytes::from_owner(Counted { bytes, size, client: self.clone() })
    }

    /// Notes that the system has taken so many bytes for it.
    pub fn note_taken(&self, size: usize) {
        self.taken.fetch_add(size, Relaxed);
    }

    /// Returns whether all of its answers are taken within so long; it is looked so often.
    pub async fn takes_all(&self, within: Duration, look: Duration) -> bool {
        let ends = Instant::now() + within;
        while self.unsent.load(Relaxed) > 0 && Instant::now() < ends {
            tokio::time::sleep(look).await;
        }
        self.unsent.load(Relaxed) == 0
    }

    /// Returns once the connection is to end.
    pub async fn ended(&self) {
        while !self.is_ended.load(Relaxed) {
            self.ending.notified().await;
        }
    }
}

struct Counted<T> {
    bytes: T,
    size: usize,
    client: Arc<Client>,
}

impl<T: AsRef<[u8]>> AsRef<[u8]> for Counted<T> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

impl<T> Drop for Counted<T> {
    fn drop(&mut self) {
        self.client.unsent.fetch_sub(self.size, Relaxed);
        self.client.all.fetch_sub(self.size, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(limits: &Limits) -> String {
        let mut lines = String::new();
        limits.take_lines(&mut lines);
        lines
    }

    /// Connections and streams are counted while they live, and no further one is taken beyond the limits.
    #[test]
    fn connections_and_streams_are_limited() {
        let limits = Rc::new(Limits::new());
        limits.set(1, 2, 100);
        let first = limits.connect().unwrap();
        let _second = limits.connect().unwrap();
        assert!(limits.connect().is_none());
        drop(first);
        let _third = limits.connect().unwrap();
        assert_eq!(lines(&limits), "open 2 0\nlimited 1 0\n");
        assert_eq!(lines(&limits), "");
        let mut stream = limits.stream(true);
        assert!(limits.stream(false).is_none());
        assert_eq!(lines(&limits), "open 2 1\n");
        stream.as_mut().unwrap().hand_on();
        assert!(limits.stream(false).is_none());
        assert_eq!(lines(&limits), "open 2 0\n");
        drop(stream);
        assert!(limits.stream(true).is_some());
    }

    /// A client with a megabyte waits; with less only while all hold too much; one that holds nothing never does.
    #[test]
    fn room_is_for_those_who_read() {
        let limits = Limits::new();
        limits.set(1, 9, 4 << 20);
        let (slow, quick) = (limits.connect().unwrap(), limits.connect().unwrap());
        let some = slow.counted(vec![0; 1000]);
        assert!(limits.has_room(&slow));
        let large = slow.counted(vec![0; 1 << 20]);
        assert!(!limits.has_room(&slow) && limits.has_room(&quick));
        let huge = slow.counted(vec![0; 4 << 20]);
        drop(large);
        assert!(limits.has_room(&quick));
        let held = quick.counted(vec![0; 1]);
        assert!(!limits.has_room(&quick));
        drop((huge, some));
        assert!(limits.has_room(&quick) && limits.has_room(&slow));
        drop(held);
    }

    /// Only who takes nothing is ended, and only while all together hold too much.
    #[test]
    fn who_takes_nothing_is_ended() {
        let limits = Limits::new();
        limits.set(1, 9, 1000);
        let (stuck, slow) = (limits.connect().unwrap(), limits.connect().unwrap());
        let mut noted = Vec::new();
        let few = stuck.counted(vec![0; 900]);
        (0..50).for_each(|_| limits.relieve(&mut noted));
        assert!(!stuck.is_ended.load(Relaxed));
        for _ in 0..=STALLED_LOOKS {
            let held = slow.counted(vec![0; 200]);
            limits.relieve(&mut noted);
            slow.note_taken(1);
            drop(held);
        }
        assert!(stuck.is_ended.load(Relaxed) && !slow.is_ended.load(Relaxed));
        assert_eq!(lines(&limits), "open 2 0\nlimited 0 1\n");
        drop(few);
    }
}
