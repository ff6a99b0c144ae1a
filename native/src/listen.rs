//! Taking connections on sockets that the sidecar has bound.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

use crate::connection;
use crate::front::Front;
use crate::turn_away;

/// How long to wait when the system has no descriptor left: until then somebody may have gone.
const PAUSE: Duration = Duration::from_millis(20);
/// How long a client may take to agree on keys.
const HANDSHAKE: Duration = Duration::from_secs(20);

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// Returns what decides on keys, from a certificate chain and its key.
pub fn tls(certificate: &Path, key: &Path) -> Result<TlsAcceptor, String> {
    let of = |what: &str, path: &Path, error: &dyn std::fmt::Display| format!("{what} {}: {error}", path.display());
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| of("certificate", certificate, &error))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| of("key", key, &error))?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(|error| of("certificate", certificate, &error))?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Takes connections until the front drains.
pub async fn serve(descriptor: OwnedFd, tls: Option<TlsAcceptor>, front: Rc<Front>) -> io::Result<()> {
    let listener = Listener::of(descriptor)?;
    let mut draining = front.draining.subscribe();
    tokio::select! {
        () = accept(&listener, tls, &front) => {}
        _ = draining.wait_for(|is_draining| *is_draining) => {}
    }
    Ok(())
}

async fn accept(listener: &Listener, tls: Option<TlsAcceptor>, front: &Rc<Front>) {
    loop {
        let taken = match listener {
            Listener::Unix(listener) => match listener.accept().await {
                Ok((client, _)) => {
                    tokio::task::spawn_local(serve_plain(client, front.clone()));
                    Ok(())
                }
                Err(error) => Err(error),
            },
            Listener::Tcp(listener) => match listener.accept().await {
                Ok((client, _)) => {
                    // It fails for a client that has gone already.
                    let _ = client.set_nodelay(true);
                    let (tls, front) = (tls.clone(), front.clone());
                    match tls {
                        Some(tls) => drop(tokio::task::spawn_local(serve_tls(client, tls, front))),
                        None => drop(tokio::task::spawn_local(serve_plain(client, front))),
                    }
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
async fn serve_plain<T: AsyncRead + AsyncWrite + Unpin>(io: T, front: Rc<Front>) {
    match front.limits.connect() {
        Some(client) => connection::serve(io, front, client).await,
        None => turn_away::turn_away(io, &front).await,
    }
}

async fn serve_tls(io: TcpStream, tls: TlsAcceptor, front: Rc<Front>) {
    let client = front.limits.connect();
    // Beyond the limit keys are not agreed on: that takes a millisecond. The end of the connection has to do.
    let Some(client) = client else { return };
    // A client with whom no keys are agreed on is told by the end of its connection.
    if let Ok(Ok(io)) = tokio::time::timeout(HANDSHAKE, tls.accept(io)).await {
        connection::serve(io, front, client).await;
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
