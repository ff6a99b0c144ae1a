//! A stored row is a header of 40 bytes, then the message that answers a call but for its freshness.
//! docs/store-format.md has all of it.

use crate::{Error, Freshness};

pub(crate) const HEADER_BYTES: usize = 40;
/// The header from revision to expired_after_ms begins here; before it stands the checksum.
pub(crate) const NUMBERS_OFFSET: usize = 8;
const CHECKSUM_OFFSET: usize = 4;
const STALE_OFFSET: usize = 24;
const EXPIRED_OFFSET: usize = 32;
const FORMER_ROW_VERSION: u8 = 1;
const ROW_VERSION: u8 = 2;
const FLAG_REFRESH_ON_OPEN: u8 = 0x01;
const FLAG_DEFAULT: u8 = 0x02;
const USER_ID_BYTES_MAX: usize = 256;
const NAMESPACE_BYTES_MAX: usize = 64;

/// Returns `len(namespace) ‖ namespace ‖ len(user_id) - 1 ‖ user_id`.
pub(crate) fn user_key(user_id: &str, namespace: &str) -> Result<Vec<u8>, Error> {
    let size = user_id.len();
    if !(1..=USER_ID_BYTES_MAX).contains(&size) {
        return Err(Error::field("user_id", &format!("{size} bytes"), "1 to 256 bytes of UTF-8"));
    }
    let mut key = namespace_key(namespace)?;
    key.push((size - 1) as u8);
    key.extend_from_slice(user_id.as_bytes());
    Ok(key)
}

/// Returns what the keys of a namespace begin with.
pub(crate) fn namespace_key(namespace: &str) -> Result<Vec<u8>, Error> {
    let size = namespace.len();
    if size > NAMESPACE_BYTES_MAX {
        return Err(Error::field("namespace", &format!("{size} bytes"), "at most 64 bytes of UTF-8"));
    }
    let mut key = vec![size as u8];
    key.extend_from_slice(namespace.as_bytes());
    Ok(key)
}

/// Tells whether a row of format 2 is as it was written, and written for this place.
pub(crate) fn is_in_place(database: &str, key: &[u8], row: &[u8]) -> bool {
    if row.len() < HEADER_BYTES || row[0] != ROW_VERSION {
        return false;
    }
    checksum_holds(crc32c::crc32c_append(crc32c::crc32c(database.as_bytes()), key), row)
}

/// Tells the same; of a row of format 1, whose checksum says nothing of the place, only that it is as it was written.
pub(crate) fn is_intact(database: &str, key: &[u8], row: &[u8]) -> bool {
    if row.len() >= HEADER_BYTES && row[0] == FORMER_ROW_VERSION {
        return checksum_holds(0, row);
    }
    is_in_place(database, key, row)
}

fn checksum_holds(before: u32, row: &[u8]) -> bool {
    let front = crc32c::crc32c_append(before, &row[..CHECKSUM_OFFSET]);
    let stored = u32::from_le_bytes([row[4], row[5], row[6], row[7]]);
    crc32c::crc32c_append(front, &row[NUMBERS_OFFSET..]) == stored
}

/// Returns how current a sound row is at a time.
pub(crate) fn freshness_of(row: &[u8], now_ms: i64) -> Freshness {
    if row[1] & FLAG_DEFAULT != 0 {
        Freshness::Default
    } else if now_ms < time_at(row, STALE_OFFSET) {
        Freshness::Fresh
    } else if now_ms < time_at(row, EXPIRED_OFFSET) {
        Freshness::Stale
    } else {
        Freshness::Expired
    }
}

/// Tells whether the user of a sound row is refreshed when read.
pub(crate) fn asks_for_refresh(row: &[u8]) -> bool {
    row[1] & (FLAG_DEFAULT | FLAG_REFRESH_ON_OPEN) != 0
}

fn time_at(row: &[u8], offset: usize) -> i64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&row[offset..offset + 8]);
    i64::from_le_bytes(bytes)
}
