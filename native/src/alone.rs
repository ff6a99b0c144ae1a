//! What is answered while the sidecar does not run, though it alone can answer it well.

use std::future::poll_fn;
use std::rc::Rc;

use bytes::Bytes;
use h2::server::SendResponse;
use http::{HeaderMap, Response};

use crate::answer::{framed, Method};
use crate::forward::{GONE, UNAVAILABLE};
use crate::front::Front;
use crate::grpc::{message, response_headers, send};
use crate::proto::{Field, Fields};
use crate::respond::{status, Respond};

const SERVED: &[u8] = b"foreword.v1.ProfileService";
const SERVICES: &[u8] = b"foreword.v1.";
const SERVING: u8 = 1;
const NOT_SERVING: u8 = 2;
const OK: u8 = 0;
const NOT_FOUND: u8 = 5;

/// Answers a call without the sidecar: health of what is served here, and a foreword without its session; all else is
/// UNAVAILABLE. `read` is the request, empty when it was not read whole.
pub async fn answer(front: &Rc<Front>, path: &str, read: &[u8], asked: &HeaderMap, respond: Respond) {
    let message = message(read);
    let mut respond = match respond {
        Respond::Waiting(respond) => respond,
        mut begun => return begun.end(status(UNAVAILABLE, GONE)),
    };
    match (path, message) {
        ("/grpc.health.v1.Health/Check", Some(request)) => match health(request) {
            Some(health) => drop(send(&mut respond, health_message(health), asked)),
            None => refuse(respond, NOT_FOUND, "no such service here"),
        },
        ("/grpc.health.v1.Health/Watch", Some(request)) => watch(front, health(request), respond).await,
        _ => match Method::of(path).and_then(|method| front.answer(method, message?, true)) {
            Some(answer) => drop(send(&mut respond, answer.into(), asked)),
            None => refuse(respond, UNAVAILABLE, GONE),
        },
    }
}

/// Tells a watcher what holds until the sidecar runs again: the connection then ends, and is made anew behind it.
async fn watch(front: &Front, health: Option<u8>, mut respond: SendResponse<Bytes>) {
    let Some(health) = health else { return refuse(respond, UNAVAILABLE, GONE) };
    let mut response = Response::new(());
    *response.headers_mut() = response_headers();
    let Ok(mut sending) = respond.send_response(response, false) else { return };
    if sending.send_data(health_message(health), false).is_err() {
        return;
    }
    let mut draining = front.draining.subscribe();
    tokio::select! {
        _ = draining.wait_for(|is_draining| *is_draining) => drop(sending.send_trailers(status(OK, ""))),
        _ = poll_fn(|cx| sending.poll_reset(cx)) => {}
    }
}

fn refuse(respond: SendResponse<Bytes>, code: u8, message: &'static str) {
    Respond::Waiting(respond).end(status(code, message));
}

/// Whether a call to a method may be answered without the sidecar.
pub fn may_answer(path: &str) -> bool {
    path.starts_with("/grpc.health.v1.Health/") || Method::of(path).is_some()
}

/// Health of the service that a HealthCheckRequest names; None where there is none of that name.
fn health(request: &[u8]) -> Option<u8> {
    let mut service = &b""[..];
    for field in Fields::new(request) {
        if let Field::Bytes(1, name) = field? {
            service = name;
        }
    }
    match service {
        b"" | SERVED => Some(SERVING),
        other if other.starts_with(SERVICES) => Some(NOT_SERVING),
        _ => None,
    }
}

fn health_message(health: u8) -> Bytes {
    framed(&[1 << 3, health]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads are served without the sidecar; what needs it says so, and what never was is told apart.
    #[test]
    fn health_is_of_what_is_served() {
        let of = |name: &[u8]| {
            let mut request = Vec::new();
            crate::proto::put_text(&mut request, 1, name);
            health(&request)
        };
        assert_eq!(of(b""), Some(SERVING));
        assert_eq!(of(SERVED), Some(SERVING));
        assert_eq!(of(b"foreword.v1.ActivityService"), Some(NOT_SERVING));
        assert_eq!(of(b"another.Service"), None);
    }
}
