//! A connection as the HTTP/2 library sees it: a client's is mended on the way in; all are gathered on the way out.
//!
//! The library flushes after each larger frame, which would be two system calls for an answer. So what goes to a client
//! is written when it is worth it, or its connection's task has nothing left to do.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{ready, Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::authority::Mending;
use crate::limits::Client;

/// What is read at once; a hundred calls fit.
const READ_BYTES: usize = 16_384;
/// What is gathered before it is written.
const GATHERED_BYTES_MAX: usize = 65_536;
/// What a client is written at once: a few answers, so that it reads them while the next are made.
const WRITTEN_BYTES: usize = 8_192;

pub struct Socket<T> {
    io: Rc<RefCell<Io<T>>>,
    /// Of a client's connection.
    mended: Option<Mended>,
}

/// Writes what a client's socket has gathered.
pub struct Writer<T>(Rc<RefCell<Io<T>>>);

struct Io<T> {
    inner: T,
    gathered: Vec<u8>,
    written: usize,
    /// Who is told of what the system takes.
    client: Option<Arc<Client>>,
}

struct Mended {
    mending: Mending,
    read: Box<[u8]>,
    bytes: Vec<u8>,
    taken: usize,
}

impl<T> Socket<T> {
    /// Returns a socket with what must be polled after it whenever its task has nothing left to do.
    pub fn of_client(inner: T, client: Option<Arc<Client>>) -> (Self, Writer<T>) {
        let mended = Mended { mending: Mending::new(), read: vec![0; READ_BYTES].into(), bytes: Vec::new(), taken: 0 };
        let io = Rc::new(RefCell::new(Io { inner, gathered: Vec::new(), written: 0, client }));
        (Self { io: io.clone(), mended: Some(mended) }, Writer(io))
    }

    pub fn of_sidecar(inner: T) -> Self {
        Self { io: Rc::new(RefCell::new(Io { inner, gathered: Vec::new(), written: 0, client: None })), mended: None }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Socket<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let mut io = this.io.borrow_mut();
        let Some(mended) = &mut this.mended else { return Pin::new(&mut io.inner).poll_read(cx, into) };
        while mended.taken == mended.bytes.len() {
            let mut buffer = ReadBuf::new(&mut mended.read);
            ready!(Pin::new(&mut io.inner).poll_read(cx, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            mended.bytes.clear();
            mended.taken = 0;
            mended.mending.pass(buffer.filled(), &mut mended.bytes);
        }
        let size = into.remaining().min(mended.bytes.len() - mended.taken);
        into.put_slice(&mended.bytes[mended.taken..mended.taken + size]);
        mended.taken += size;
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> Io<T> {
    fn poll_write_out(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.gathered.len() {
            let size = ready!(Pin::new(&mut self.inner).poll_write(cx, &self.gathered[self.written..]))?;
            if size == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += size;
            if let Some(client) = &self.client {
                client.note_taken(size);
            }
        }
        self.gathered.clear();
        self.written = 0;
        // What is encrypted keeps bytes of its own.
        Pin::new(&mut self.inner).poll_flush(cx)
    }
}

impl<T: AsyncWrite + Unpin> Writer<T> {
    /// Writes what was gathered, as far as the system takes it.
    pub fn poll(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.borrow_mut().poll_write_out(cx)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Socket<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut io = self.io.borrow_mut();
        if io.gathered.len() >= GATHERED_BYTES_MAX {
            ready!(io.poll_write_out(cx))?;
        }
        io.gathered.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut io = self.io.borrow_mut();
        if self.mended.is_some() && io.gathered.len() < WRITTEN_BYTES {
            // Its writer does.
            return Poll::Ready(Ok(()));
        }
        io.poll_write_out(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut io = self.io.borrow_mut();
        ready!(io.poll_write_out(cx))?;
        Pin::new(&mut io.inner).poll_shutdown(cx)
    }
}
