//! Rows of `profiles`, `forewords`, `defaults` and two of `meta`: a header of 40 bytes, then a serialized message.
//! docs/store-format.md has the table.

/// Bytes of the header.
pub const HEADER_BYTES: usize = 40;
const VERSION: u8 = 2;
const REFRESH_ON_OPEN: u8 = 0x01;
const DEFAULT: u8 = 0x02;
const OWN_SEGMENT: u8 = 0x07;

/// `FRESHNESS_DEFAULT` of the API.
pub const FRESHNESS_DEFAULT: u8 = 4;

/// A row that is of this format, as it was written, and written for its place.
#[derive(Clone, Copy)]
pub struct Row<'a>(&'a [u8]);

impl<'a> Row<'a> {
    /// Returns a row found under `key` of `database`; None when it is damaged, of another place, or of another format.
    pub fn in_place(database: &str, key: &[u8], bytes: &'a [u8]) -> Option<Self> {
        if bytes.len() < HEADER_BYTES || bytes[0] != VERSION {
            return None;
        }
        let mut sum = crc32c::crc32c(database.as_bytes());
        sum = crc32c::crc32c_append(sum, key);
        sum = crc32c::crc32c_append(sum, &bytes[..4]);
        sum = crc32c::crc32c_append(sum, &bytes[8..]);
        (bytes[4..8] == sum.to_le_bytes()).then_some(Self(bytes))
    }

    /// The serialized message behind the header.
    pub fn body(self) -> &'a [u8] {
        &self.0[HEADER_BYTES..]
    }

    /// How current the row is at a time in milliseconds since 1970; a number of the API's `Freshness`.
    pub fn freshness(self, now_ms: i64) -> u8 {
        if self.0[1] & DEFAULT != 0 {
            FRESHNESS_DEFAULT
        } else if now_ms < self.time(24) {
            1
        } else if now_ms < self.time(32) {
            2
        } else {
            3
        }
    }

    /// Whether reading the row asks for a refresh of its user.
    pub fn asks_for_refresh(self) -> bool {
        self.0[1] & (DEFAULT | REFRESH_ON_OPEN) != 0
    }

    /// Number of the segment it was computed for.
    pub fn segment(self) -> u8 {
        match (self.0[1] >> 4) & OWN_SEGMENT {
            OWN_SEGMENT => self.0[2],
            number => number,
        }
    }

    fn time(self, offset: usize) -> i64 {
        i64::from_le_bytes(self.0[offset..offset + 8].try_into().expect("8 bytes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    /// The example of docs/store-format.md is read as that page says.
    #[test]
    fn the_documented_row_is_in_place() {
        let key = bytes("04 61636d65 02 616461");
        let stored = bytes(
            "02 20 0000 932563c5 0700000000000000 0068e5cf8b010000 00a179d58b010000 007c58df8b010000
             0a0d0a03616461120461636d653007",
        );
        let row = Row::in_place("profiles", &key, &stored).expect("in place");
        assert_eq!(row.segment(), 2);
        assert_eq!(row.freshness(1_700_000_000_000), 1);
        assert_eq!(row.freshness(1_700_100_000_000), 2);
        assert_eq!(row.freshness(1_700_259_200_000), 3);
        assert_eq!(row.body(), &stored[HEADER_BYTES..]);
    }

    /// A row of another database, of another user, with a flipped bit or too short is never served.
    #[test]
    fn what_is_not_in_place_is_refused() {
        let key = bytes("04 61636d65 02 616461");
        let stored = bytes(
            "02 20 0000 932563c5 0700000000000000 0068e5cf8b010000 00a179d58b010000 007c58df8b010000
             0a0d0a03616461120461636d653007",
        );
        assert!(Row::in_place("forewords", &key, &stored).is_none());
        assert!(Row::in_place("profiles", b"\x00\x02ada", &stored).is_none());
        assert!(Row::in_place("profiles", &key, &stored[..39]).is_none());
        for bit in 0..stored.len() * 8 {
            let mut flipped = stored.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Row::in_place("profiles", &key, &flipped).is_none(), "bit {bit}");
        }
    }
}
