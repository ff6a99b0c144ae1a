//! The way back to a caller, before and after the headers of the answer.

use std::task::{Context, Poll};

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, SendStream};
use http::{HeaderMap, HeaderValue, Response};

use crate::grpc::response_headers;

/// Where the answer to a call goes.
pub enum Respond {
    Waiting(SendResponse<Bytes>),
    /// Its headers were sent.
    Begun(SendStream<Bytes>),
}

impl Respond {
    /// Returns where messages are sent, with the sidecar's headers before the first; None when the client has gone.
    pub fn sending(&mut self) -> Option<&mut SendStream<Bytes>> {
        if let Self::Waiting(respond) = self {
            let mut response = Response::new(());
            *response.headers_mut() = response_headers();
            *self = Self::Begun(respond.send_response(response, false).ok()?);
        }
        match self {
            Self::Begun(sending) => Some(sending),
            Self::Waiting(_) => None,
        }
    }

    /// Ends the call with its trailers, after headers or in their place. It fails only when the client has gone.
    pub fn end(&mut self, trailers: HeaderMap) {
        match self {
            Self::Waiting(respond) => {
                let mut response = Response::new(());
                let mut headers = response_headers();
                headers.extend(trailers);
                *response.headers_mut() = headers;
                let _ = respond.send_response(response, true);
            }
            Self::Begun(sending) => drop(sending.send_trailers(trailers)),
        }
    }

    /// Breaks the call off; does nothing when it has ended.
    pub fn reset(&mut self, reason: Reason) {
        match self {
            Self::Waiting(respond) => respond.send_reset(reason),
            Self::Begun(sending) => sending.send_reset(reason),
        }
    }

    pub fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<Result<Reason, h2::Error>> {
        match self {
            Self::Waiting(respond) => respond.poll_reset(cx),
            Self::Begun(sending) => sending.poll_reset(cx),
        }
    }
}

/// Trailers with a status; a message has no letter that would need percent-encoding.
pub fn status(code: u8, message: &'static str) -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(2);
    trailers.insert("grpc-status", HeaderValue::from(u16::from(code)));
    if !message.is_empty() {
        trailers.insert("grpc-message", HeaderValue::from_static(message));
    }
    trailers
}
