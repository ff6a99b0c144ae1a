//! One client's connection: calls that can be answered from the map are, all others are handed on.

use std::future::{poll_fn, Future};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::server::{Connection, SendResponse};
use h2::{Reason, RecvStream};
use http::Request;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::answer::Method;
use crate::calls::{Begun, Code};
use crate::forward::{self, Upstream};
use crate::front::Front;
use crate::grpc::{is_plain, message, send};
use crate::limits::{Client, Stream, REQUESTS_BYTES_MAX};
use crate::lookup::Lookups;
use crate::refusal;
use crate::respond::Respond;
use crate::socket::{Socket, Writer};
use crate::vigil::{Vigil, PATIENCE};

/// As the sidecar's own: calls of one connection at once; further ones wait at the client.
const STREAMS_MAX: u32 = 256;
/// What a client may send of one call, and of all, before it is read: one whose requests wait leaves room for others.
const STREAM_WINDOW_BYTES: u32 = 1 << 16;
const CONNECTION_WINDOW_BYTES: u32 = 1 << 20;
/// What may wait to be written of one call that is answered piece by piece.
const SEND_BUFFER_BYTES: usize = 1 << 16;
/// What HTTP/2's library may spend on frames that wait to be read, at some 250 bytes for a small one. By default lookups
/// that fill half of a connection's window would end the connection.
pub const FRAMES_BYTES_MAX: usize = 8 << 20;
/// gRPC's own limit on what a call's metadata may have.
const HEADER_BYTES_MAX: u32 = 16_384;
/// A request that may be answered here is smaller: a thousand of the longest ids and a namespace.
pub const REQUEST_BYTES_MAX: usize = 300_000;
/// What the sidecar counts as streams, beside the lookups that are answered here; all together are limited.
const STREAMS: [&str; 3] = [
    "/foreword.v1.ProfileService/LookupProfiles",
    "/foreword.v1.ProfileService/WatchProfiles",
    "/foreword.v1.ActivityService/StreamEvents",
];

/// Serves a connection until its client goes, or until its last call after a drain.
pub async fn serve<T: AsyncRead + AsyncWrite + Unpin>(io: T, front: Rc<Front>, client: Arc<Client>) {
    let (socket, writer) = Socket::of_client(io, Some(client.clone()));
    let handshake = h2::server::Builder::new()
        .max_concurrent_streams(STREAMS_MAX)
        .initial_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_header_list_size(HEADER_BYTES_MAX)
        .max_send_buffer_size(SEND_BUFFER_BYTES)
        .data_frame_budget(FRAMES_BYTES_MAX)
        .handshake(socket);
    // A client that connects and says nothing is no client.
    let Ok(Ok(mut connection)) = tokio::time::timeout(PATIENCE, written(handshake, &writer)).await else { return };
    let mut vigil = Vigil::new(connection.ping_pong());
    let mut draining = front.draining.subscribe();
    let mut drained = pin!(async move { draining.wait_for(|is_draining| *is_draining).await.is_ok() });
    let mut ended = pin!(client.ended());
    let mut is_draining = false;
    let mut calls = Calls {
        front: front.clone(),
        client: client.clone(),
        upstream: Upstream::new(front.upstream.clone()),
        waiting: Vec::new(),
    };
    poll_fn(|cx| {
        if !is_draining && drained.as_mut().poll(cx).is_ready() {
            is_draining = true;
            connection.graceful_shutdown();
        }
        if vigil.poll_is_vain(cx) || ended.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        match calls.poll(&mut connection, cx) {
            // The rest is written when the client has made room for it.
            Poll::Pending if matches!(writer.poll(cx), Poll::Ready(Err(_))) => Poll::Ready(()),
            polled => polled,
        }
    })
    .await;
}

/// Awaits something, and has written what its socket gathers meanwhile.
pub async fn written<T: AsyncWrite + Unpin, F: Future>(awaited: F, writer: &Writer<T>) -> F::Output {
    let mut awaited = pin!(awaited);
    poll_fn(|cx| {
        let polled = awaited.as_mut().poll(cx);
        // When it fails, what is awaited does as well.
        let _ = writer.poll(cx);
        polled
    })
    .await
}

/// The calls of a connection whose requests are not whole yet.
struct Calls {
    front: Rc<Front>,
    client: Arc<Client>,
    upstream: Upstream,
    waiting: Vec<Call>,
}

impl Calls {
    fn poll<T: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        connection: &mut Connection<Socket<T>, Bytes>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        loop {
            if !self.front.limits.has_room(&self.client) {
                // Writes what the client takes, and leaves its further calls for later.
                if connection.poll_closed(cx).is_ready() {
                    return Poll::Ready(());
                }
                if !self.front.limits.has_room(&self.client) {
                    return Poll::Pending;
                }
            }
            match connection.poll_accept(cx) {
                Poll::Ready(Some(Ok((request, respond)))) => self.take(request, respond, cx),
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending if !self.poll_waiting(cx) => return Poll::Pending,
                // Something was answered, and is written when the connection is polled again.
                Poll::Pending => {}
            }
        }
    }

    fn take(&mut self, request: Request<RecvStream>, respond: SendResponse<Bytes>, cx: &mut Context<'_>) {
        let (head, body) = request.into_parts();
        let Some(method) = Method::of(head.uri.path()).filter(|_| is_plain(&head.headers)) else {
            return self.forward(Call { head, body, respond, method: None, read: Vec::new() }, false);
        };
        if method == Method::LookupProfiles {
            if self.front.limits.streams_max.get().is_none() {
                // The sidecar has not said yet how many there may be.
                return self.forward(Call { head, body, respond, method: None, read: Vec::new() }, false);
            }
            let (front, client, upstream) = (self.front.clone(), self.client.clone(), self.upstream.clone());
            let lookups = Lookups { front, client, upstream, head, body };
            tokio::task::spawn_local(lookups.serve(respond));
            return;
        }
        let mut call = Call { head, body, respond, method: Some(method), read: Vec::new() };
        // Nearly always the whole request came with its headers.
        match call.poll(cx) {
            Poll::Ready(outcome) => self.end(call, outcome),
            Poll::Pending => self.waiting.push(call),
        }
    }

    /// Looks at requests that were not whole; returns whether one of them was dealt with.
    fn poll_waiting(&mut self, cx: &mut Context<'_>) -> bool {
        let mut is_any = false;
        let mut place = 0;
        while place < self.waiting.len() {
            match self.waiting[place].poll(cx) {
                Poll::Ready(outcome) => {
                    let call = self.waiting.swap_remove(place);
                    self.end(call, outcome);
                    is_any = true;
                }
                Poll::Pending => place += 1,
            }
        }
        is_any | self.hand_on_large()
    }

    /// Hands requests on that hold too much together, the largest first; returns whether there was one.
    fn hand_on_large(&mut self) -> bool {
        if self.waiting.iter().map(|call| call.read.len()).sum::<usize>() <= REQUESTS_BYTES_MAX {
            return false;
        }
        let largest = (0..self.waiting.len()).max_by_key(|place| self.waiting[*place].read.len());
        let call = self.waiting.swap_remove(largest.expect("some hold that much"));
        self.end(call, Outcome::Odd);
        true
    }

    fn end(&self, mut call: Call, outcome: Outcome) {
        match outcome {
            Outcome::Gone => {}
            Outcome::Odd => self.forward(call, false),
            Outcome::Whole => {
                let begun = Begun::now();
                let Some((method, answer)) = call.method.and_then(|method| self.answer(method, &call.read)) else {
                    return self.forward(call, true);
                };
                // It fails only when the client has gone meanwhile.
                drop(send(&mut call.respond, self.client.counted(answer), &call.head.headers));
                self.front.calls.borrow_mut().ended(method, begun, Code::Ok, &call.head.headers);
            }
        }
    }

    fn answer(&self, method: Method, read: &[u8]) -> Option<(Method, Vec<u8>)> {
        self.front.answer(method, message(read)?, false).map(|answer| (method, answer))
    }

    fn forward(&self, call: Call, is_whole: bool) {
        self.front.reads.borrow_mut().note_forwarded();
        let Call { head, body, respond, read, .. } = call;
        let mut respond = Respond::Waiting(respond);
        let Some(counted) = self.counted(head.uri.path()) else {
            // Without its words the sidecar says it itself: it counts its own streams.
            if let Some(trailers) = self.front.refusals.borrow().trailers(refusal::Reason::Streams, &head.headers) {
                return respond.end(trailers);
            }
            return respond.reset(Reason::REFUSED_STREAM);
        };
        let client = self.client.clone();
        let call = forward::Call { head, read: read.into(), body: (!is_whole).then_some(body), respond, client };
        let forwarding = forward::forward(self.front.clone(), self.upstream.clone(), call);
        tokio::task::spawn_local(async move {
            forwarding.await;
            drop(counted);
        });
    }

    /// Counts a call that lasts among the streams; None when there are as many as may be.
    fn counted(&self, path: &str) -> Option<Option<Stream>> {
        if STREAMS.contains(&path) {
            self.front.limits.stream(false).map(Some)
        } else {
            Some(None)
        }
    }
}

/// A call on its way in.
struct Call {
    head: http::request::Parts,
    body: RecvStream,
    respond: SendResponse<Bytes>,
    method: Option<Method>,
    read: Vec<u8>,
}

enum Outcome {
    Whole,
    /// Larger than anything answered here, or not one request alone.
    Odd,
    Gone,
}

impl Call {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        loop {
            if self.body.is_end_stream() {
                return Poll::Ready(Outcome::Whole);
            }
            match self.body.poll_data(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(Outcome::Whole),
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Outcome::Gone),
                Poll::Ready(Some(Ok(bytes))) => {
                    self.read.extend_from_slice(&bytes);
                    // It fails for more than was read, which this is not.
                    let _ = self.body.flow_control().release_capacity(bytes.len());
                    if self.read.len() > REQUEST_BYTES_MAX {
                        return Poll::Ready(Outcome::Odd);
                    }
                }
            }
        }
    }
}
