//! What the sidecar must hear of reads it did not see: how many there were, and whose asks for a refresh.

use std::collections::HashSet;
use std::fmt::Write;

use crate::row::{Row, FRESHNESS_DEFAULT};
use crate::store::Reading;

/// Users told of within `AGAIN_MS`, and users who wait to be told of, as all do while the sidecar is dead; beyond it a
/// read tells nothing, and a later one does.
const TOLD_MAX: usize = 10_000;
/// A user who is read again within it is not told of again: the sidecar keeps to its own, longer pause.
const AGAIN_MS: i64 = 1000;

/// By number of the segment, then by number of the freshness that was told.
type Counts = [[u64; FRESHNESS_DEFAULT as usize + 1]; 256];

/// Counts and users since they were last taken.
pub struct Reads {
    counts: Counts,
    asking: Vec<Box<[u8]>>,
    told: HashSet<Box<[u8]>>,
    told_since_ms: i64,
    /// Whether every user who is read is told of, as the policy `optimal` wants.
    pub tells_all: bool,
    /// Calls answered here, and calls handed on.
    answered: u64,
    forwarded: u64,
}

impl Default for Reads {
    fn default() -> Self {
        Self::new()
    }
}

impl Reads {
    pub fn new() -> Self {
        Self {
            counts: [[0; FRESHNESS_DEFAULT as usize + 1]; 256],
            asking: Vec::new(),
            told: HashSet::new(),
            told_since_ms: 0,
            tells_all: false,
            answered: 0,
            forwarded: 0,
        }
    }

    /// Notes a user whose row, or whose default, is handed out.
    pub fn note(&mut self, reading: &Reading, key: &[u8], row: Option<Row>, now_ms: i64) {
        let (segment, freshness) = row.map_or((0, FRESHNESS_DEFAULT), |row| (row.segment(), row.freshness(now_ms)));
        self.counts[usize::from(segment)][usize::from(freshness)] += 1;
        if (self.tells_all || row.is_none_or(Row::asks_for_refresh))
            && self.may_tell(key, now_ms)
            && reading.is_known(key)
        {
            self.put(key);
        }
    }

    /// Counts a call that was answered here.
    pub fn note_answered(&mut self) {
        self.answered += 1;
    }

    /// Counts a call that was handed on.
    pub fn note_forwarded(&mut self) {
        self.forwarded += 1;
    }

    /// Whether somebody asks for a refresh that was not taken yet.
    pub fn has_asking(&self) -> bool {
        !self.asking.is_empty()
    }

    /// Takes what was noted as lines of the control channel.
    pub fn take_lines(&mut self) -> String {
        let mut lines = String::new();
        for user in self.asking.drain(..) {
            lines.push_str("asks ");
            user.iter().for_each(|byte| write!(lines, "{byte:02x}").expect("a String grows"));
            lines.push('\n');
        }
        for (segment, counts) in self.counts.iter_mut().enumerate() {
            for (freshness, count) in counts.iter_mut().enumerate().filter(|(_, count)| **count > 0) {
                writeln!(lines, "reads {segment} {freshness} {count}").expect("a String grows");
                *count = 0;
            }
        }
        if self.answered + self.forwarded > 0 {
            writeln!(lines, "calls {} {}", self.answered, self.forwarded).expect("a String grows");
            (self.answered, self.forwarded) = (0, 0);
        }
        lines
    }

    fn put(&mut self, key: &[u8]) {
        self.asking.push(key.into());
        self.told.insert(key.into());
    }

    fn may_tell(&mut self, key: &[u8], now_ms: i64) -> bool {
        // A clock that was set back begins anew as well.
        if !(0..AGAIN_MS).contains(&(now_ms - self.told_since_ms)) {
            self.told.clear();
            self.told_since_ms = now_ms;
        }
        self.told.len() < TOLD_MAX && self.asking.len() < TOLD_MAX && !self.told.contains(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// While nobody hears of them no more users wait than are told of in a second, however long that goes on.
    #[test]
    fn no_more_users_wait_than_fit() {
        let mut reads = Reads::new();
        for second in 1..=3 {
            for user in 0..TOLD_MAX {
                let key = format!("{second} {user}").into_bytes();
                if reads.may_tell(&key, second * AGAIN_MS) {
                    reads.put(&key);
                }
            }
        }
        assert_eq!(reads.asking.len(), TOLD_MAX);
        assert_eq!(reads.take_lines().lines().count(), TOLD_MAX);
        assert!(reads.may_tell(b"another", 4 * AGAIN_MS));
    }
}
