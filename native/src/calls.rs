//! What is told of calls that are answered here: how long they took, how they ended, and single ones where the sidecar
//! traces or logs each.
//!
//! The sidecar adds it to what it counts itself, so that its metrics, spans and log are of all calls, whoever answers.

use std::collections::hash_map::RandomState;
use std::fmt::Write;
use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::HeaderMap;

use crate::answer::Method;

/// Upper bounds of the buckets but the last, those of foreword/telemetry/histogram.py; a guard holds them together.
const BOUNDS_US: [u64; 19] = [
    10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000,
];
/// Single calls that wait to be told of; the sidecar's own exporter drops spans beyond 2,048.
const TOLD_MAX: usize = 2048;
const TRACE_PARENT: &str = "traceparent";
const TRACE_STATE: &str = "tracestate";
/// What W3C has a propagator carry at least; a longer one is left out.
const TRACE_STATE_BYTES_MAX: usize = 512;

/// How a call that was answered here ended; the rest of gRPC's codes come from the sidecar alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Code {
    Ok,
    Cancelled,
    ResourceExhausted,
    Unavailable,
}

impl Code {
    const ALL: [Self; 4] = [Self::Ok, Self::Cancelled, Self::ResourceExhausted, Self::Unavailable];

    fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Cancelled => "CANCELLED",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::Unavailable => "UNAVAILABLE",
        }
    }
}

/// Of which calls the sidecar wants to hear one by one.
#[derive(Clone, Copy, PartialEq)]
pub enum Telling {
    None,
    /// Those whose callers trace them, and this share of the others.
    Traced(f64),
    /// As many as there is room for: each stands in the log.
    All,
}

/// When a call began to be answered.
#[derive(Clone, Copy)]
pub struct Begun(Option<Instant>);

impl Begun {
    pub fn now() -> Self {
        // Built with `--features untimed` nothing is timed or counted here, so that what it costs can be measured.
        Self((!cfg!(feature = "untimed")).then(Instant::now))
    }
}

#[derive(Clone, Copy, Default)]
struct Counted {
    codes: [u64; Code::ALL.len()],
    buckets: [u64; BOUNDS_US.len() + 1],
    nanoseconds: u64,
}

/// What was counted since it was last taken.
pub struct Calls {
    methods: [Counted; Method::ALL.len()],
    telling: Telling,
    told: Vec<String>,
    dice: RandomState,
    drawn: u64,
}

impl Calls {
    pub fn new() -> Self {
        Self {
            methods: Default::default(),
            telling: Telling::None,
            told: Vec::new(),
            dice: RandomState::new(),
            drawn: 0,
        }
    }

    /// Sets of which calls the sidecar is told one by one.
    pub fn tell(&mut self, telling: Telling) {
        self.telling = telling;
    }

    /// Counts a call that has ended.
    pub fn ended(&mut self, method: Method, begun: Begun, code: Code, headers: &HeaderMap) {
        let Some(begun) = begun.0 else { return };
        let took = begun.elapsed();
        let counted = &mut self.methods[method as usize];
        counted.codes[code as usize] += 1;
        counted.buckets[bucket(took)] += 1;
        counted.nanoseconds += took.as_nanos() as u64;
        if self.telling != Telling::None && self.told.len() < TOLD_MAX && self.is_drawn(headers) {
            self.told.push(line(method, took, code, headers));
        }
    }

    /// Appends what was counted as lines of the control channel.
    pub fn take_lines(&mut self, lines: &mut String) {
        for (method, counted) in Method::ALL.iter().zip(&mut self.methods) {
            if counted.buckets.iter().all(|count| *count == 0) {
                continue;
            }
            let taken = std::mem::take(counted);
            for (code, count) in Code::ALL.iter().zip(taken.codes).filter(|(_, count)| *count > 0) {
                writeln!(lines, "ended {} {} {count}", method.name(), code.name()).expect("a String grows");
            }
            write!(lines, "took {} {}", method.name(), taken.nanoseconds).expect("a String grows");
            taken.buckets.iter().for_each(|count| write!(lines, " {count}").expect("a String grows"));
            lines.push('\n');
        }
        self.told.drain(..).for_each(|line| lines.push_str(&line));
    }

    fn is_drawn(&mut self, headers: &HeaderMap) -> bool {
        let Telling::Traced(share) = self.telling else { return true };
        match headers.get(TRACE_PARENT) {
            // What is no trace parent at all is for the sidecar to make out.
            Some(parent) => is_sampled(parent.as_bytes()),
            None => share > 0.0 && self.draw() < share,
        }
    }

    /// Returns a number from 0 to below 1.
    fn draw(&mut self) -> f64 {
        self.drawn += 1;
        let mut hasher = self.dice.build_hasher();
        hasher.write_u64(self.drawn);
        (hasher.finish() >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn bucket(took: Duration) -> usize {
    // Rounded up: a duration that is a bound belongs below it.
    let microseconds = took.as_nanos().div_ceil(1000) as u64;
    BOUNDS_US.iter().position(|bound| microseconds <= *bound).unwrap_or(BOUNDS_US.len())
}

/// Whether a caller records the trace that the call is part of: the last bit of `00-TRACE-SPAN-FLAGS`.
fn is_sampled(parent: &[u8]) -> bool {
    let is_even = parent.last().is_some_and(|digit| b"02468ace".contains(digit));
    !(parent.len() == 55 && is_even)
}

/// `call METHOD CODE NANOSECONDS ENDED_MS ID PARENT STATE`; texts of the caller's in hexadecimal, `-` for none.
fn line(method: Method, took: Duration, code: Code, headers: &HeaderMap) -> String {
    let ended_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let mut line = format!("call {} {} {} {ended_ms}", method.name(), code.name(), took.as_nanos());
    let id = crate::request_id::given(headers);
    let parent = headers.get(TRACE_PARENT);
    let state = headers.get(TRACE_STATE).filter(|state| state.len() <= TRACE_STATE_BYTES_MAX);
    for text in [id, parent, state] {
        match text {
            Some(text) if !text.is_empty() && text.len() <= TRACE_STATE_BYTES_MAX => {
                line.push(' ');
                text.as_bytes().iter().for_each(|byte| write!(line, "{byte:02x}").expect("a String grows"));
            }
            _ => line.push_str(" -"),
        }
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A duration that is a bound belongs below it, and the last bucket has no bound.
    #[test]
    fn durations_fall_into_buckets() {
        for (nanoseconds, expected) in
            [(0, 0), (9_999, 0), (10_000, 0), (10_001, 1), (25_000, 1), (10_000_000_000, 18), (10_000_000_001, 19)]
        {
            assert_eq!(bucket(Duration::from_nanos(nanoseconds)), expected, "{nanoseconds}");
        }
    }

    /// Counts are told once, by method and code.
    #[test]
    fn what_was_counted_is_taken_once() {
        let (mut calls, headers) = (Calls::new(), HeaderMap::new());
        calls.ended(Method::GetProfile, Begun::now(), Code::Ok, &headers);
        calls.ended(Method::GetProfile, Begun::now(), Code::Cancelled, &headers);
        let mut lines = String::new();
        calls.take_lines(&mut lines);
        let said: Vec<_> = lines.lines().map(|line| line.split(' ').take(3).collect::<Vec<_>>()).collect();
        assert_eq!(said[0], ["ended", "GetProfile", "OK"]);
        assert_eq!(said[1], ["ended", "GetProfile", "CANCELLED"]);
        assert_eq!(said[2][..2], ["took", "GetProfile"]);
        lines.clear();
        calls.take_lines(&mut lines);
        assert_eq!(lines, "");
    }

    /// Callers who trace decide for their calls, a share is drawn of the others, and no more are told of than fit.
    #[test]
    fn calls_are_drawn() {
        let parent = |flags: &str| {
            let mut headers = HeaderMap::new();
            let text = format!("00-{}-{}-{flags}", "a".repeat(32), "b".repeat(16));
            headers.insert(TRACE_PARENT, text.parse().unwrap());
            headers
        };
        let told = |telling, headers: &HeaderMap, count| {
            let mut calls = Calls::new();
            calls.tell(telling);
            (0..count).for_each(|_| calls.ended(Method::GetForeword, Begun::now(), Code::Ok, headers));
            calls.told.len()
        };
        assert_eq!(told(Telling::None, &parent("01"), 9), 0);
        assert_eq!(told(Telling::Traced(0.0), &parent("01"), 9), 9);
        assert_eq!(told(Telling::Traced(1.0), &parent("00"), 9), 0);
        assert_eq!(told(Telling::Traced(0.0), &HeaderMap::new(), 9), 0);
        assert!((300..700).contains(&told(Telling::Traced(0.5), &HeaderMap::new(), 1000)));
        assert_eq!(told(Telling::All, &HeaderMap::new(), TOLD_MAX + 9), TOLD_MAX);
    }
}
