//! Taking connections on sockets that the sidecar has bound.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};

use crate::connection;
use crate::front::Front;
use crate::turn_away;

/// How long to wait when the system has no descriptor left: until then somebody may have gone.
const PAUSE: Duration = Duration::from_millis(20);

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// Takes connections until the front drains.
pub async fn serve(descriptor: OwnedFd, front: Rc<Front>) -> io::Result<()> {
    let listener = Listener::of(descriptor)?;
    let mut draining = front.draining.subscribe();
    tokio::select! {
        () = accept(&listener, &front) => {}
        _ = draining.wait_for(|is_draining| *is_draining) => {}
    }
    Ok(())
}

async fn accept(listener: &Listener, front: &Rc<Front>) {
    loop {
        let taken = match listener {
            Listener::Unix(listener) => match listener.accept().await {
                Ok((client, _)) => {
                    tokio::task::spawn_local(serve_one(client, front.clone()));
                    Ok(())
                }
                Err(error) => Err(error),
            },
            Listener::Tcp(listener) => match listener.accept().await {
                Ok((client, _)) => {
                    // It fails for a client that has gone already.
                    let _ = client.set_nodelay(true);
                    tokio::task::spawn_local(serve_one(client, front.clone()));
                    Ok(())
                }
                Err(error) => Err(error),
            },
        };
        if taken.is_err() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Serves a client, or tells it that there are too many.
async fn serve_one<T: AsyncRead + AsyncWrite + Unpin>(io: T, front: Rc<Front>) {
    match front.limits.connect() {
        Some(client) => connection::serve(io, front, client).await,
        None => turn_away::turn_away(io, &front).await,
    }
}

impl Listener {
    fn of(descriptor: OwnedFd) -> io::Result<Self> {
        if is_unix(&descriptor)? {
            let listener = std::os::unix::net::UnixListener::from(descriptor);
            listener.set_nonblocking(true)?;
            return UnixListener::from_std(listener).map(Self::Unix);
        }
        let listener = std::net::TcpListener::from(descriptor);
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener).map(Self::Tcp)
    }
}

fn is_unix(descriptor: &OwnedFd) -> io::Result<bool> {
    let mut family: libc::c_int = 0;
    let mut size = std::mem::size_of_val(&family) as libc::socklen_t;
    // SAFETY: both pointers are to what the call may write to, of the size that is said.
    let code = unsafe {
        libc::getsockopt(descriptor.as_raw_fd(), libc::SOL_SOCKET, libc::SO_DOMAIN, (&raw mut family).cast(), &mut size)
    };
    if code < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(family == libc::AF_UNIX)
    }
}
