//! One client's connection: calls that can be answered from the map are, all others are handed on.

use std::future::{poll_fn, Future};
use std::pin::{pin, Pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::server::{Connection, SendResponse};
use h2::{Ping, PingPong, Reason, RecvStream};
use http::{header, HeaderMap, HeaderValue, Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Interval;

use crate::answer::{Method, PREFIX_BYTES};
use crate::calls::{Begun, Code};
use crate::forward::{self, Respond, Upstream};
use crate::front::Front;
use crate::limits::{Client, Stream, REQUESTS_BYTES_MAX};
use crate::lookup::Lookups;
use crate::refusal;
use crate::request_id::{self, REQUEST_ID};
use crate::socket::Socket;

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
/// A client that vanished is told by a ping it does not answer within `PATIENCE`; every third one sends a ping.
const PATIENCE: Duration = Duration::from_secs(20);
const PATIENCES_A_PING: u32 = 3;

/// Serves a connection until its client goes, or until its last call after a drain.
pub async fn serve<T: AsyncRead + AsyncWrite + Unpin>(io: T, front: Rc<Front>, client: Arc<Client>) {
    let handshake = h2::server::Builder::new()
        .max_concurrent_streams(STREAMS_MAX)
        .initial_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_header_list_size(HEADER_BYTES_MAX)
        .max_send_buffer_size(SEND_BUFFER_BYTES)
        .data_frame_budget(FRAMES_BYTES_MAX)
        .handshake(Socket::of_client(io));
    // A client that connects and says nothing is no client.
    let Ok(Ok(mut connection)) = tokio::time::timeout(PATIENCE, handshake).await else { return };
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
        calls.poll(&mut connection, cx)
    })
    .await;
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
            self.front.limits.stream().map(Some)
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

/// Whether a call is an ordinary one: gRPC, with no deadline or one that has not passed yet.
fn is_plain(headers: &HeaderMap) -> bool {
    let is_grpc = headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes() == b"application/grpc");
    is_grpc && headers.get("grpc-timeout").is_none_or(|timeout| is_to_come(timeout.as_bytes()))
}

fn is_to_come(timeout: &[u8]) -> bool {
    duration(timeout).is_some_and(|timeout| !timeout.is_zero())
}

/// Returns how long the caller of a call waits for its end; None when without a deadline.
pub fn timeout(headers: &HeaderMap) -> Option<Duration> {
    duration(headers.get("grpc-timeout")?.as_bytes())
}

fn duration(timeout: &[u8]) -> Option<Duration> {
    let (unit, digits) = timeout.split_last()?;
    if !(1..=8).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let count: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    match unit {
        b'H' => Some(Duration::from_secs(count * 3600)),
        b'M' => Some(Duration::from_secs(count * 60)),
        b'S' => Some(Duration::from_secs(count)),
        b'm' => Some(Duration::from_millis(count)),
        b'u' => Some(Duration::from_micros(count)),
        b'n' => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

/// Returns the only message of a request, when it is not compressed.
pub fn message(read: &[u8]) -> Option<&[u8]> {
    let (prefix, message) = read.split_at_checked(PREFIX_BYTES)?;
    let size = u32::from_be_bytes(prefix[1..].try_into().expect("4 bytes"));
    (prefix[0] == 0 && message.len() == size as usize).then_some(message)
}

/// Answers a call: headers, one message, and the status OK, with the call's id where its caller gave one.
pub fn send(respond: &mut SendResponse<Bytes>, answer: Bytes, asked: &HeaderMap) -> Result<(), h2::Error> {
    let mut response = Response::new(());
    *response.headers_mut() = response_headers();
    let mut stream = respond.send_response(response, false)?;
    stream.send_data(answer, false)?;
    stream.send_trailers(ok(asked))
}

/// Trailers with the status OK, and with the call's id where its caller gave one.
pub fn ok(asked: &HeaderMap) -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(2);
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    if let Some(id) = request_id::given(asked) {
        trailers.insert(REQUEST_ID, id.clone());
    }
    trailers
}

/// What each answer of the sidecar begins with.
pub fn response_headers() -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(2);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-accept-encoding", HeaderValue::from_static("identity, deflate, gzip"));
    headers
}

/// Looks after a client that may have vanished without a word.
struct Vigil {
    pings: Option<PingPong>,
    interval: Interval,
    looks: u32,
    is_waiting: bool,
}

impl Vigil {
    fn new(pings: Option<PingPong>) -> Self {
        let mut interval = tokio::time::interval(PATIENCE);
        interval.reset();
        Self { pings, interval, looks: 0, is_waiting: false }
    }

    /// Whether the client has not answered a ping in time.
    fn poll_is_vain(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(pings) = &mut self.pings else { return false };
        if self.is_waiting && pings.poll_pong(cx).is_ready() {
            self.is_waiting = false;
        }
        while Pin::new(&mut self.interval).poll_tick(cx).is_ready() {
            if self.is_waiting {
                return true;
            }
            self.looks += 1;
            if self.looks % PATIENCES_A_PING == 0 {
                self.is_waiting = pings.send_ping(Ping::opaque()).is_ok();
                // Asked at once, so that the pong wakes this task.
                self.is_waiting &= pings.poll_pong(cx).is_pending();
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A deadline that has passed, and one that is no deadline, are left to the sidecar.
    #[test]
    fn deadlines_to_come_are_told() {
        for to_come in ["1n", "5S", "00000001m", "99999999H"] {
            assert!(is_to_come(to_come.as_bytes()), "{to_come}");
        }
        for odd in ["", "S", "0n", "00m", "-1S", "1", "1x", "123456789S"] {
            assert!(!is_to_come(odd.as_bytes()), "{odd}");
        }
    }

    /// Only one whole message that is not compressed is read.
    #[test]
    fn messages_are_whole() {
        assert_eq!(message(b"\0\0\0\0\x02ab"), Some(&b"ab"[..]));
        assert_eq!(message(b"\0\0\0\0\0"), Some(&b""[..]));
        for odd in [&b""[..], b"\0\0\0\0", b"\x01\0\0\0\x02ab", b"\0\0\0\0\x02a", b"\0\0\0\0\x02abc"] {
            assert_eq!(message(odd), None);
        }
    }
}
