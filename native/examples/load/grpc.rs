//! GetProfile, or another method of ProfileService whose request begins with the user's id, over HTTP/2.

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::SendStream;
use http::Request;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use crate::Failure;

#[derive(Clone)]
pub struct Grpc {
    method: String,
    ready: SendRequest<Bytes>,
}

impl Grpc {
    pub async fn connect(address: &str, method: &str) -> Result<Self, Failure> {
        let ready = match address.strip_prefix("unix:") {
            Some(path) => open(UnixStream::connect(path).await?).await?,
            None => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                open(stream).await?
            }
        };
        Ok(Self { method: method.into(), ready })
    }

    pub async fn call(&self) -> Result<(ResponseFuture, SendStream<Bytes>), Failure> {
        let request = Request::post(format!("http://localhost/foreword.v1.ProfileService/{}", self.method))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())?;
        Ok(self.ready.clone().ready().await?.send_request(request, false)?)
    }

    pub async fn read(&self, user: &str) -> Result<(), Failure> {
        let (response, mut sending) = self.call().await?;
        sending.send_data(message(user), true)?;
        let (_, mut body) = response.await?.into_parts();
        let mut size = 0;
        while let Some(data) = body.data().await {
            let data = data?;
            size += data.len();
            body.flow_control().release_capacity(data.len())?;
        }
        let status = body.trailers().await?.and_then(|trailers| trailers.get("grpc-status").cloned());
        if size < 5 || status.is_none_or(|status| status != "0") {
            return Err(format!("{user}: no answer").into());
        }
        Ok(())
    }
}

/// A user's request, framed.
pub fn message(user: &str) -> Bytes {
    let mut message = vec![0, 0, 0, 0, user.len() as u8 + 2, 1 << 3 | 2, user.len() as u8];
    message.extend_from_slice(user.as_bytes());
    message.into()
}

async fn open<T: AsyncRead + AsyncWrite + Unpin + 'static>(io: T) -> Result<SendRequest<Bytes>, h2::Error> {
    let (ready, connection) = h2::client::Builder::new()
        .initial_window_size(1 << 20)
        .initial_connection_window_size(1 << 24)
        .handshake(io)
        .await?;
    tokio::task::spawn_local(connection);
    Ok(ready)
}
