//! The name of a call, as its caller gives it, or as it is made for a refusal.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use http::{HeaderMap, HeaderValue};

pub const REQUEST_ID: &str = "x-request-id";
const BYTES_MAX: usize = 128;

/// Returns the id that the caller gave a call; what is none counts as not given, as `foreword/request_id.py` has it.
pub fn given(headers: &HeaderMap) -> Option<&HeaderValue> {
    let given = headers.get_all(REQUEST_ID).iter().next_back()?;
    let is_id = (1..=BYTES_MAX).contains(&given.len())
        && given.as_bytes().iter().all(|byte| byte.is_ascii_alphanumeric() || b"._:/+=@-".contains(byte));
    is_id.then_some(given)
}

/// Returns the caller's id, else one of 16 hexadecimal digits.
pub fn made(headers: &HeaderMap) -> HeaderValue {
    given(headers).cloned().unwrap_or_else(|| {
        let number = RandomState::new().build_hasher().finish();
        HeaderValue::try_from(format!("{number:016x}")).expect("hexadecimal digits")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The caller's id is what the sidecar takes for one, the last of several; without one it is made.
    #[test]
    fn ids_are_those_of_the_sidecar() {
        let mut headers = HeaderMap::new();
        assert_eq!(given(&headers), None);
        assert_eq!(made(&headers).len(), 16);
        assert_ne!(made(&headers), made(&headers));
        for (text, is_id) in [("a.B_9:/+=@-", true), ("a b", false), ("", false), (&"a".repeat(129), false)] {
            headers.append(REQUEST_ID, HeaderValue::from_str(text).unwrap());
            assert_eq!(given(&headers).is_some(), is_id, "{text}");
        }
    }
}
