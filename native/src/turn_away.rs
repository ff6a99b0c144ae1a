//! Telling a client that as many connections are open as may be, in the words of the sidecar.

use std::future::poll_fn;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::connection::written;
use crate::front::Front;
use crate::refusal::Reason;
use crate::respond::Respond;
use crate::socket::Socket;

/// Clients that are told at once; of further ones the connection ends without a word, and they wait longer and longer.
const TOLD_MAX: usize = 64;
/// How long one may take to make its first call: most connect to make it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Answers the calls that a client makes at once with RESOURCE_EXHAUSTED, and ends its connection.
pub async fn turn_away<T: AsyncRead + AsyncWrite + Unpin>(io: T, front: &Front) {
    let _counted = front.turned_away.clone();
    if Rc::strong_count(&front.turned_away) > TOLD_MAX {
        return;
    }
    let _ = tokio::time::timeout(PATIENCE, refuse(io, front)).await;
}

async fn refuse<T: AsyncRead + AsyncWrite + Unpin>(io: T, front: &Front) -> Option<()> {
    let (socket, writer) = Socket::of_client(io, None);
    written(answer(socket, front), &writer).await
}

async fn answer<T: AsyncRead + AsyncWrite + Unpin>(socket: Socket<T>, front: &Front) -> Option<()> {
    let mut connection =
        h2::server::Builder::new().max_concurrent_streams(1).handshake::<_, Bytes>(socket).await.ok()?;
    while let Some(call) = poll_fn(|cx| connection.poll_accept(cx)).await {
        let (request, respond) = call.ok()?;
        let trailers = front.refusals.borrow().trailers(Reason::Connections, request.headers())?;
        Respond::Waiting(respond).end(trailers);
        connection.graceful_shutdown();
    }
    Some(())
}
