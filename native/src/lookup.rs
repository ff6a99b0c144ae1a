//! LookupProfiles: a stream of lookups, answered one after the other as fast as their client takes the answers.
//!
//! From the first lookup on that only the sidecar can answer, the rest of the stream is handed to it: one that is refused,
//! a damaged row, a message too long. So nothing is worded here, and no answer overtakes another.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::{request, HeaderMap};
use tokio::sync::watch;

use crate::answer::{Method, PREFIX_BYTES};
use crate::calls::{Begun, Code};
use crate::forward::{self, pass, Upstream};
use crate::front::Front;
use crate::grpc::{ok, timeout};
use crate::limits::Client;
use crate::refusal;
use crate::respond::Respond;

/// Larger than any lookup that is in order: a user's id, a namespace and a number.
const LOOKUP_BYTES_MAX: usize = 512;
/// What is gathered of answers before it is sent.
const GATHERED_BYTES: usize = 16_384;
/// Lookups in a row after which others are let through.
const TURN: usize = 64;
/// How long a client may take to read the last answers when the front drains, as sidecar/streams.py has it.
const GOODBYE: Duration = Duration::from_secs(1);
/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(5);

/// A stream of lookups.
pub struct Lookups {
    pub front: Rc<Front>,
    pub client: Arc<Client>,
    pub upstream: Upstream,
    pub head: request::Parts,
    pub body: RecvStream,
}

/// Why no further lookup is answered.
enum End {
    /// The client has sent its last.
    Done,
    Gone,
    /// What was read begins with one for the sidecar.
    Odd,
    Draining,
}

impl Lookups {
    /// Answers until the client has sent its last lookup, or has gone, or the front drains.
    pub async fn serve(self, respond: SendResponse<Bytes>) {
        let begun = Begun::now();
        let Self { front, client, upstream, head, mut body } = self;
        let mut respond = Respond::Waiting(respond);
        let Some(mut counted) = front.limits.stream(true) else {
            let trailers = front.refusals.borrow().trailers(refusal::Reason::Streams, &head.headers);
            // Without the words the sidecar has to say it.
            let Some(trailers) = trailers else { return respond.reset(Reason::REFUSED_STREAM) };
            respond.end(trailers);
            return front.calls.borrow_mut().ended(
                Method::LookupProfiles,
                begun,
                Code::ResourceExhausted,
                &head.headers,
            );
        };
        let mut read = BytesMut::new();
        let (mut draining, mut goodbye_draining) = (front.draining.subscribe(), front.draining.subscribe());
        let end = {
            let mut answers = Answers { front: &front, client: &client, respond: &mut respond };
            tokio::select! {
                end = answers.serve(&mut body, &mut read, &mut draining) => end,
                () = late(&head.headers) => End::Gone,
                () = goodbye(&mut goodbye_draining) => End::Gone,
            }
        };
        let code = match end {
            End::Done => {
                respond.end(ok(&head.headers));
                Code::Ok
            }
            End::Gone => {
                respond.reset(Reason::CANCEL);
                Code::Cancelled
            }
            End::Draining => {
                if let Some(trailers) = front.refusals.borrow().trailers(refusal::Reason::Draining, &head.headers) {
                    respond.end(trailers);
                }
                // Else it would wait behind what nobody reads, and hold the end of the connection.
                if !client.takes_all(GOODBYE, LOOK).await {
                    respond.reset(Reason::CANCEL);
                }
                Code::Unavailable
            }
            End::Odd => {
                counted.hand_on();
                front.reads.borrow_mut().note_forwarded();
                // From here on it is a call of the sidecar's, which counts it.
                let call = forward::Call { head, read: read.freeze(), body: Some(body), respond, client };
                return forward::forward(front.clone(), upstream, call).await;
            }
        };
        front.reads.borrow_mut().note_answered();
        front.calls.borrow_mut().ended(Method::LookupProfiles, begun, code, &head.headers);
    }
}

struct Answers<'a> {
    front: &'a Front,
    client: &'a Arc<Client>,
    respond: &'a mut Respond,
}

impl Answers<'_> {
    async fn serve(&mut self, body: &mut RecvStream, read: &mut BytesMut, draining: &mut watch::Receiver<bool>) -> End {
        loop {
            let data = tokio::select! {
                data = body.data() => data,
                _ = poll_fn(|cx| self.respond.poll_reset(cx)) => return End::Gone,
                _ = draining.wait_for(|is_draining| *is_draining) => return End::Draining,
            };
            match data {
                Some(Ok(bytes)) => {
                    read.extend_from_slice(&bytes);
                    if let Some(end) = self.answer_all(read, draining).await {
                        return end;
                    }
                    // Only now: what was not answered is not asked for. It fails for more than was read.
                    let _ = body.flow_control().release_capacity(bytes.len());
                }
                Some(Err(_)) => return End::Gone,
                None if read.is_empty() => return End::Done,
                // Part of a message.
                None => return End::Odd,
            }
        }
    }

    /// Answers what was read whole; returns why no more is to be read.
    async fn answer_all(&mut self, read: &mut BytesMut, draining: &watch::Receiver<bool>) -> Option<End> {
        let mut end = None;
        while end.is_none() {
            let mut answers = Vec::with_capacity(GATHERED_BYTES);
            let mut is_more = true;
            for _ in 0..TURN {
                match self.answer_one(read, &mut answers) {
                    Ok(true) if answers.len() < GATHERED_BYTES => {}
                    Ok(answered) => {
                        is_more = answered;
                        break;
                    }
                    Err(()) => {
                        end = Some(End::Odd);
                        break;
                    }
                }
            }
            if !answers.is_empty() {
                let Some(sending) = self.respond.sending() else { return Some(End::Gone) };
                if pass(self.client.counted(answers), sending).await.is_err() {
                    return Some(End::Gone);
                }
            }
            if !is_more {
                return None;
            }
            if end.is_none() {
                if *draining.borrow() {
                    return Some(End::Draining);
                }
                tokio::task::yield_now().await;
            }
        }
        end
    }

    /// Appends the answer to the first lookup that was read; false when it is not whole yet.
    fn answer_one(&self, read: &mut BytesMut, answers: &mut Vec<u8>) -> Result<bool, ()> {
        let Some(prefix) = read.get(..PREFIX_BYTES) else { return Ok(false) };
        let size = u32::from_be_bytes(prefix[1..].try_into().expect("4 bytes")) as usize;
        if prefix[0] != 0 || size > LOOKUP_BYTES_MAX {
            return Err(());
        }
        let Some(message) = read.get(PREFIX_BYTES..PREFIX_BYTES + size) else { return Ok(false) };
        self.front.look_up(message, answers).ok_or(())?;
        read.advance(PREFIX_BYTES + size);
        Ok(true)
    }
}

/// Returns when the caller's deadline has passed, if there is one.
async fn late(headers: &HeaderMap) {
    match timeout(headers) {
        Some(timeout) => tokio::time::sleep(timeout).await,
        None => std::future::pending().await,
    }
}

/// Returns when a stream must have ended that nobody reads.
async fn goodbye(draining: &mut watch::Receiver<bool>) {
    // It fails when the front is gone, and with it this stream.
    let _ = draining.wait_for(|is_draining| *is_draining).await;
    tokio::time::sleep(GOODBYE).await;
}
