use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Where the sidecar takes the keys of users, in the store's folder.
const SOCKET: &str = "read_notes.sock";
/// A user who is read again within it is not told of again; the sidecar keeps to its own, longer pause.
const AGAIN_MS: i64 = 1000;
/// Users told of within that time; beyond it a read tells nothing until the next begins.
const TOLD_MAX: usize = 10_000;
/// What a socket's address holds on Linux, and on macOS.
const PATH_BYTES_MAX: usize = 103;

/// Tells the sidecar of users who were read here and are refreshed when read: a datagram, sent and forgotten. Without a
/// sidecar, or with more datagrams than it takes, nobody is told of; a later read tells.
pub(crate) struct ReadNotes {
    directory: PathBuf,
    /// None where the process may have no more of them.
    socket: Option<UnixDatagram>,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    users: HashSet<Box<[u8]>>,
    since_ms: i64,
}

impl ReadNotes {
    pub fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), socket: socket().ok(), told: Mutex::default() }
    }

    /// Tells of a user of whom an event was accepted; some microseconds, at most once a second.
    pub fn tell(&self, user: &[u8], now_ms: i64) {
        if self.told.lock().unwrap_or_else(PoisonError::into_inner).adds(user, now_ms) {
            // No sidecar, none that has room, or none that is ours: all of that is its to say.
            let _ = self.send(user);
        }
    }

    fn send(&self, user: &[u8]) -> io::Result<()> {
        let Some(socket) = &self.socket else { return Ok(()) };
        let place = self.directory.join(SOCKET);
        if place.as_os_str().as_bytes().len() <= PATH_BYTES_MAX {
            return socket.send_to(user, place).map(drop);
        }
        // Linux has a shorter name for a folder that is open.
        let folder = File::open(&self.directory)?;
        socket.send_to(user, format!("/proc/self/fd/{}/{SOCKET}", folder.as_raw_fd())).map(drop)
    }
}

impl Told {
    /// Adds a user; returns whether it is time to tell of them.
    fn adds(&mut self, user: &[u8], now_ms: i64) -> bool {
        // A clock that was set back begins anew as well.
        if !(0..AGAIN_MS).contains(&(now_ms - self.since_ms)) {
            self.users.clear();
            self.since_ms = now_ms;
        }
        self.users.len() < TOLD_MAX && self.users.insert(user.into())
    }
}

fn socket() -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
