//! gRPC's frame around a call: what its headers say, its message, and how it ends.

use std::time::Duration;

use bytes::Bytes;
use h2::server::SendResponse;
use http::{header, HeaderMap, HeaderValue, Response};

use crate::answer::PREFIX_BYTES;
use crate::request_id::{self, REQUEST_ID};

/// Whether a call is an ordinary one: gRPC, with no deadline or one that has not passed yet.
pub fn is_plain(headers: &HeaderMap) -> bool {
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
