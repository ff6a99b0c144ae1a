//! Giving the listening sockets to a sidecar that was started after the former one died.
//!
//! It connects to a socket in the front's own folder, and gets a line for each address and the descriptors beside it. When
//! a front of its own serves there it writes a byte, and this one ends. When it goes without a word, this one goes on.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::ptr;

use tokio::io::AsyncReadExt;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

use crate::control::Order;
use crate::lmdb::inode;

/// The kernel's own limit on descriptors in one message.
pub const ADDRESSES_MAX: usize = 253;

/// A listening socket and the address it is for, as the sidecar names it.
pub struct Listening {
    pub address: String,
    pub descriptor: OwnedFd,
}

/// The socket on which successors ask.
pub struct Door {
    listener: UnixListener,
    path: PathBuf,
    inode: (u64, u64),
}

impl Door {
    /// Opens it in the place of a former front's, which notices.
    pub fn open(path: &Path) -> io::Result<Self> {
        let beside = path.with_extension("new");
        let _ = std::fs::remove_file(&beside);
        let listener = UnixListener::bind(&beside)?;
        std::fs::rename(&beside, path)?;
        Ok(Self { listener, path: path.to_owned(), inode: inode(path)? })
    }

    /// Whether another front's door stands in its place, or none.
    pub fn was_replaced(&self) -> bool {
        inode(&self.path).ok() != Some(self.inode)
    }

    /// Removes it, unless it is another front's by now.
    pub fn close(&self) {
        if !self.was_replaced() {
            let _ = std::fs::remove_file(&self.path);
        }
    }

    /// Serves successors, one after the other.
    pub async fn serve(&self, listening: &[Listening], orders: mpsc::Sender<Order>) -> io::Result<()> {
        loop {
            let (mut successor, _) = self.listener.accept().await?;
            if give(&successor, listening).await.is_ok() && successor.read_u8().await.is_ok() {
                // Refused only when this process is ending already.
                let _ = orders.send(Order::Succeeded(successor)).await;
            }
        }
    }
}

async fn give(successor: &UnixStream, listening: &[Listening]) -> io::Result<()> {
    let addresses: String = listening.iter().map(|one| format!("{}\n", one.address)).collect();
    let descriptors: Vec<i32> = listening.iter().map(|one| one.descriptor.as_raw_fd()).collect();
    successor.writable().await?;
    successor.try_io(tokio::io::Interest::WRITABLE, || send(successor.as_raw_fd(), addresses.as_bytes(), &descriptors))
}

/// Sends bytes with descriptors beside them.
fn send(socket: i32, bytes: &[u8], descriptors: &[i32]) -> io::Result<()> {
    let size = mem::size_of_val(descriptors);
    // SAFETY: the macros of the C library, computing sizes alone.
    let (space, length) = unsafe { (libc::CMSG_SPACE(size as u32) as usize, libc::CMSG_LEN(size as u32) as usize) };
    // Of a type that is aligned as a header must be.
    let mut control = vec![0u64; space.div_ceil(mem::size_of::<u64>())];
    let mut part = libc::iovec { iov_base: bytes.as_ptr() as *mut _, iov_len: bytes.len() };
    // SAFETY: all pointers are to what lives until the call has returned; the descriptors fit into what was reserved.
    let sent = unsafe {
        let mut message: libc::msghdr = mem::zeroed();
        message.msg_iov = &mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = space as _;
        let header = libc::CMSG_FIRSTHDR(&message);
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = length as _;
        ptr::copy_nonoverlapping(descriptors.as_ptr().cast(), libc::CMSG_DATA(header), size);
        libc::sendmsg(socket, &message, libc::MSG_NOSIGNAL)
    };
    if sent < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
