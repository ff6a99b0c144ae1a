//! Requests of ProfileService that the front may answer. What is not plainly in order is left to the sidecar, whose
//! words for it are the only ones.

use crate::proto::{Field, Fields};

const USER_ID_BYTES_MAX: usize = 256;
const NAMESPACE_BYTES_MAX: usize = 64;
const BATCH_MAX: usize = 1000;
/// The most a foreword has; a larger budget means this one, and so does 0.
pub const TOKENS_MAX: u64 = 200;

/// A user as requests name one; both parts are within their limits and UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User<'a> {
    pub id: &'a [u8],
    pub namespace: &'a [u8],
}

/// A key of the store, on the stack.
pub struct Key {
    bytes: [u8; 2 + NAMESPACE_BYTES_MAX + USER_ID_BYTES_MAX],
    size: usize,
}

impl std::ops::Deref for Key {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.size]
    }
}

impl User<'_> {
    /// `len(namespace) u8 ‖ namespace ‖ len(user_id) - 1 u8 ‖ user_id`.
    pub fn key(&self) -> Key {
        let mut bytes = [0; 2 + NAMESPACE_BYTES_MAX + USER_ID_BYTES_MAX];
        let space = self.namespace.len();
        bytes[0] = space as u8;
        bytes[1..=space].copy_from_slice(self.namespace);
        bytes[1 + space] = (self.id.len() - 1) as u8;
        bytes[2 + space..2 + space + self.id.len()].copy_from_slice(self.id);
        Key { bytes, size: 2 + space + self.id.len() }
    }

    /// None where a part is beyond its limits, or no UTF-8.
    pub fn checked(self) -> Option<Self> {
        let is_in_order = (1..=USER_ID_BYTES_MAX).contains(&self.id.len())
            && self.namespace.len() <= NAMESPACE_BYTES_MAX
            && std::str::from_utf8(self.id).is_ok()
            && std::str::from_utf8(self.namespace).is_ok();
        is_in_order.then_some(self)
    }
}

/// Reads a GetProfileRequest.
pub fn get_profile(message: &[u8]) -> Option<User<'_>> {
    let mut user = User { id: b"", namespace: b"" };
    for field in Fields::new(message) {
        match field? {
            Field::Bytes(1, id) => user.id = id,
            Field::Bytes(2, namespace) => user.namespace = namespace,
            _ => return None,
        }
    }
    user.checked()
}

/// A LookupProfilesRequest.
#[derive(Debug, PartialEq, Eq)]
pub struct Lookup<'a> {
    pub user: User<'a>,
    /// The caller's own number for it; 0 is none.
    pub id: u64,
}

/// Reads a LookupProfilesRequest.
pub fn lookup(message: &[u8]) -> Option<Lookup<'_>> {
    let (mut user, mut id) = (User { id: b"", namespace: b"" }, 0);
    for field in Fields::new(message) {
        match field? {
            Field::Bytes(1, text) => user.id = text,
            Field::Bytes(2, namespace) => user.namespace = namespace,
            Field::Number(3, number) => id = number,
            _ => return None,
        }
    }
    Some(Lookup { user: user.checked()?, id })
}

/// A GetForewordRequest.
#[derive(Debug, PartialEq, Eq)]
pub struct GetForeword<'a> {
    pub user: User<'a>,
    /// The budget in force, 1 to 200.
    pub tokens_max: u64,
    pub has_session: bool,
}

/// Reads a GetForewordRequest.
pub fn get_foreword(message: &[u8]) -> Option<GetForeword<'_>> {
    let mut user = User { id: b"", namespace: b"" };
    let (mut asked, mut session) = (0, &b""[..]);
    for field in Fields::new(message) {
        match field? {
            Field::Bytes(1, id) => user.id = id,
            Field::Bytes(2, namespace) => user.namespace = namespace,
            Field::Number(3, tokens) => asked = tokens & u64::from(u32::MAX),
            Field::Bytes(4, id) => session = id,
            _ => return None,
        }
    }
    let tokens_max = if asked == 0 { TOKENS_MAX } else { asked.min(TOKENS_MAX) };
    Some(GetForeword { user: user.checked()?, tokens_max, has_session: !session.is_empty() })
}

/// Reads a BatchGetProfilesRequest.
pub fn batch_get_profiles(message: &[u8]) -> Option<Vec<User<'_>>> {
    let (mut ids, mut namespace) = (Vec::new(), &b""[..]);
    for field in Fields::new(message) {
        match field? {
            Field::Bytes(1, id) if ids.len() < BATCH_MAX => ids.push(id),
            Field::Bytes(2, space) => namespace = space,
            _ => return None,
        }
    }
    if ids.is_empty() {
        return None;
    }
    ids.into_iter().map(|id| User { id, namespace }.checked()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::put_text;

    fn of(fields: &[(u8, &[u8])]) -> Vec<u8> {
        let mut message = Vec::new();
        fields.iter().for_each(|(number, text)| put_text(&mut message, *number, text));
        message
    }

    /// A user's key is that of docs/store-format.md.
    #[test]
    fn keys_are_the_stores() {
        let message = of(&[(1, b"ada"), (2, b"acme")]);
        assert_eq!(&*get_profile(&message).unwrap().key(), b"\x04acme\x02ada");
        assert_eq!(&*get_profile(&of(&[(1, b"ada")])).unwrap().key(), b"\x00\x02ada");
    }

    /// Whatever the sidecar refuses, and whatever this front does not know, is left to the sidecar.
    #[test]
    fn what_is_not_in_order_is_left_alone() {
        let long = [b'a'; 257];
        for odd in [of(&[]), of(&[(1, &long)]), of(&[(1, b"a"), (2, &long[..65])]), of(&[(1, b"\xff")])] {
            assert!(get_profile(&odd).is_none());
            assert!(get_foreword(&odd).is_none());
            assert!(batch_get_profiles(&odd).is_none());
        }
        assert!(get_profile(&of(&[(1, b"a"), (9, b"new")])).is_none());
        assert!(batch_get_profiles(&of(&[(1, &b"a"[..]); 1001])).is_none());
        assert_eq!(batch_get_profiles(&of(&[(1, &b"a"[..]); 1000])).unwrap().len(), 1000);
    }

    /// No budget, and one above the limit, mean the limit; a session is told.
    #[test]
    fn budgets_are_those_in_force() {
        for (asked, expected) in [(0u64, 200), (1, 1), (200, 200), (201, 200), (u64::MAX, 200)] {
            let mut message = of(&[(1, b"a")]);
            message.push(3 << 3);
            let mut rest = asked;
            while rest > 0x7f {
                message.push(rest as u8 | 0x80);
                rest >>= 7;
            }
            message.push(rest as u8);
            assert_eq!(get_foreword(&message).unwrap().tokens_max, expected);
        }
        assert!(get_foreword(&of(&[(1, b"a"), (4, b"s")])).unwrap().has_session);
    }
}
