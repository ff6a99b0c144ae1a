//! Refusals in the sidecar's words, for calls that never reach it: it says them beforehand, as they go out.

use http::{HeaderMap, HeaderValue};

use crate::request_id::{self, REQUEST_ID};

/// Why a call is refused here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// The sidecar is shutting down.
    Draining,
    /// `sidecar.streams_max` are open.
    Streams,
    /// `sidecar.connections_max` are open.
    Connections,
}

impl Reason {
    const ALL: [Self; 3] = [Self::Draining, Self::Streams, Self::Connections];

    fn of(name: &str) -> Option<Self> {
        match name {
            "draining" => Some(Self::Draining),
            "streams" => Some(Self::Streams),
            "connections" => Some(Self::Connections),
            _ => None,
        }
    }
}

/// The trailers of each refusal.
#[derive(Default)]
pub struct Refusals([Option<HeaderMap>; Reason::ALL.len()]);

impl Refusals {
    /// Takes one as it is said: its name, gRPC's code, the message in hexadecimal, and the details in base64.
    pub fn take(&mut self, name: &str, code: &str, message: &str, details: &str) -> Option<()> {
        let mut trailers = HeaderMap::with_capacity(4);
        trailers.insert("grpc-status", HeaderValue::from_str(code).ok()?);
        trailers.insert("grpc-message", HeaderValue::from_bytes(&unhex(message)?).ok()?);
        trailers.insert("grpc-status-details-bin", HeaderValue::from_str(details).ok()?);
        self.0[Reason::of(name)? as usize] = Some(trailers);
        Some(())
    }

    /// Returns the trailers of a refusal with the call's id; None before the sidecar has said it.
    pub fn trailers(&self, reason: Reason, headers: &HeaderMap) -> Option<HeaderMap> {
        let mut trailers = self.0[reason as usize].clone()?;
        trailers.insert(REQUEST_ID, request_id::made(headers));
        Some(trailers)
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().map(|digit| digit.to_digit(16).map(|value| value as u8)).collect::<Option<_>>()?;
    (digits.len() % 2 == 0).then(|| digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the sidecar said comes back with an id; what it did not say, and what is none, is not there.
    #[test]
    fn refusals_are_as_said() {
        let (mut refusals, headers) = (Refusals::default(), HeaderMap::new());
        assert!(refusals.trailers(Reason::Streams, &headers).is_none());
        assert!(refusals.take("streams", "8", "6f6e65", "CAg").is_some());
        for odd in ["x", "6f6"] {
            assert!(refusals.take("draining", "14", odd, "").is_none());
        }
        assert!(refusals.take("other", "14", "", "").is_none());
        let trailers = refusals.trailers(Reason::Streams, &headers).unwrap();
        assert_eq!(trailers["grpc-status"], "8");
        assert_eq!(trailers["grpc-message"], "one");
        assert_eq!(trailers["grpc-status-details-bin"], "CAg");
        assert_eq!(trailers[REQUEST_ID].len(), 16);
        assert!(refusals.trailers(Reason::Draining, &headers).is_none());
    }
}
