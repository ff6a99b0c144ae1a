//! A connection as the HTTP/2 library sees it: a client's is mended on the way in; all are gathered on the way out.

use std::io;
use std::pin::Pin;
use std::task::{ready, Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::authority::Mending;

/// What is read at once; a hundred calls fit.
const READ_BYTES: usize = 16_384;
/// What is gathered before it is written; the library would write each answer by itself.
const GATHERED_BYTES_MAX: usize = 65_536;

pub struct Socket<T> {
    inner: T,
    /// Of a client's connection.
    mended: Option<Mended>,
    gathered: Vec<u8>,
    written: usize,
}

struct Mended {
    mending: Mending,
    read: Box<[u8]>,
    bytes: Vec<u8>,
    taken: usize,
}

impl<T> Socket<T> {
    pub fn of_client(inner: T) -> Self {
        let mended = Mended { mending: Mending::new(), read: vec![0; READ_BYTES].into(), bytes: Vec::new(), taken: 0 };
        Self { inner, mended: Some(mended), gathered: Vec::new(), written: 0 }
    }

    pub fn of_sidecar(inner: T) -> Self {
        Self { inner, mended: None, gathered: Vec::new(), written: 0 }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Socket<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let Some(mended) = &mut this.mended else { return Pin::new(&mut this.inner).poll_read(cx, into) };
        while mended.taken == mended.bytes.len() {
            let mut buffer = ReadBuf::new(&mut mended.read);
            ready!(Pin::new(&mut this.inner).poll_read(cx, &mut buffer))?;
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

impl<T: AsyncWrite + Unpin> Socket<T> {
    fn poll_write_out(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.gathered.len() {
            let size = ready!(Pin::new(&mut self.inner).poll_write(cx, &self.gathered[self.written..]))?;
            if size == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += size;
        }
        self.gathered.clear();
        self.written = 0;
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Socket<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.gathered.len() >= GATHERED_BYTES_MAX {
            ready!(self.poll_write_out(cx))?;
        }
        self.gathered.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_out(cx))?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_out(cx))?;
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
