//! One client's connection: calls that can be answered from the map are, all others are handed on.

use std::future::{poll_fn, Future};
use std::pin::{pin, Pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::server::{Connection, SendResponse};
use h2::{Ping, PingPong, RecvStream};
use http::{header, HeaderMap, HeaderValue, Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Interval;

use crate::answer::{Method, PREFIX_BYTES};
use crate::forward::{self, Upstream};
use crate::front::Front;
use crate::socket::Socket;

/// As the sidecar's own: calls of one connection at once; further ones wait at the client.
const STREAMS_MAX: u32 = 256;
/// What a client may send of one call, and of all, before it is read.
const STREAM_WINDOW_BYTES: u32 = 1 << 18;
const CONNECTION_WINDOW_BYTES: u32 = 1 << 20;
/// gRPC's own limit on what a call's metadata may have.
const HEADER_BYTES_MAX: u32 = 16_384;
/// A request that may be answered here is smaller: a thousand of the longest ids and a namespace.
pub const REQUEST_BYTES_MAX: usize = 300_000;
const REQUEST_ID: &str = "x-request-id";
const REQUEST_ID_BYTES_MAX: usize = 128;
/// A client that vanished is told by a ping it does not answer within `PATIENCE`; every third one sends a ping.
const PATIENCE: Duration = Duration::from_secs(20);
const PATIENCES_A_PING: u32 = 3;

/// Serves a connection until its client goes, or until its last call after a drain.
pub async fn serve<T: AsyncRead + AsyncWrite + Unpin>(io: T, front: Rc<Front>) {
    let _counted = front.connected();
    let handshake = h2::server::Builder::new()
        .max_concurrent_streams(STREAMS_MAX)
        .initial_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_header_list_size(HEADER_BYTES_MAX)
        .handshake(Socket::of_client(io));
    // A client that connects and says nothing is no client.
    let Ok(Ok(mut connection)) = tokio::time::timeout(PATIENCE, handshake).await else { return };
    let mut vigil = Vigil::new(connection.ping_pong());
    let mut draining = front.draining.subscribe();
    let mut drained = pin!(async move { draining.wait_for(|is_draining| *is_draining).await.is_ok() });
    let mut is_draining = false;
    let mut calls =
        Calls { front: front.clone(), upstream: Upstream::new(front.upstream.clone()), waiting: Vec::new() };
    poll_fn(|cx| {
        if !is_draining && drained.as_mut().poll(cx).is_ready() {
            is_draining = true;
            connection.graceful_shutdown();
        }
        if vigil.poll_is_vain(cx) {
            return Poll::Ready(());
        }
        calls.poll(&mut connection, cx)
    })
    .await;
}

/// The calls of a connection whose requests are not whole yet.
struct Calls {
    front: Rc<Front>,
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
        is_any
    }

    fn end(&self, mut call: Call, outcome: Outcome) {
        match outcome {
            Outcome::Gone => {}
            Outcome::Odd => self.forward(call, false),
            Outcome::Whole => {
                match call.method.and_then(|method| self.front.answer(method, message(&call.read)?, false)) {
                    // It fails only when the client has gone meanwhile.
                    Some(answer) => drop(send(&mut call.respond, answer, request_id(&call.head.headers))),
                    None => self.forward(call, true),
                }
            }
        }
    }

    fn forward(&self, call: Call, is_whole: bool) {
        self.front.reads.borrow_mut().note_forwarded();
        let Call { head, body, respond, read, .. } = call;
        let call = forward::Call { head, read: read.into(), body: (!is_whole).then_some(body), respond };
        tokio::task::spawn_local(forward::forward(self.front.clone(), self.upstream.clone(), call));
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
    let Some((unit, digits)) = timeout.split_last() else { return false };
    b"HMSmun".contains(unit)
        && (1..=8).contains(&digits.len())
        && digits.iter().all(u8::is_ascii_digit)
        && digits.iter().any(|digit| *digit != b'0')
}

/// Returns the only message of a request, when it is not compressed.
pub fn message(read: &[u8]) -> Option<&[u8]> {
    let (prefix, message) = read.split_at_checked(PREFIX_BYTES)?;
    let size = u32::from_be_bytes(prefix[1..].try_into().expect("4 bytes"));
    (prefix[0] == 0 && message.len() == size as usize).then_some(message)
}

/// Answers a call: headers, one message, and the status OK, with the call's id where its caller gave one.
pub fn send(respond: &mut SendResponse<Bytes>, answer: Bytes, id: Option<HeaderValue>) -> Result<(), h2::Error> {
    let mut response = Response::new(());
    *response.headers_mut() = response_headers();
    let mut stream = respond.send_response(response, false)?;
    stream.send_data(answer, false)?;
    let mut trailers = HeaderMap::with_capacity(2);
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    if let Some(id) = id {
        trailers.insert(REQUEST_ID, id);
    }
    stream.send_trailers(trailers)
}

/// Returns the id that the caller gave a call; what is none counts as not given, as `foreword/request_id.py` has it.
fn request_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let given = headers.get_all(REQUEST_ID).iter().next_back()?;
    let is_id = (1..=REQUEST_ID_BYTES_MAX).contains(&given.len())
        && given.as_bytes().iter().all(|byte| byte.is_ascii_alphanumeric() || b"._:/+=@-".contains(byte));
    is_id.then(|| given.clone())
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

    /// The caller's id is what the sidecar takes for one, the last of several.
    #[test]
    fn ids_are_those_of_the_sidecar() {
        let mut headers = HeaderMap::new();
        assert_eq!(request_id(&headers), None);
        for (given, is_id) in [("a.B_9:/+=@-", true), ("a b", false), ("", false), (&"a".repeat(129), false)] {
            headers.append(REQUEST_ID, HeaderValue::from_str(given).unwrap());
            assert_eq!(request_id(&headers).is_some(), is_id, "{given}");
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
