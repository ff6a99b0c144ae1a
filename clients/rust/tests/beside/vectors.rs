//! The reader against the golden vectors.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use crate::settings::setting;
use crate::stores::store_like;
use foreword::{Error, LocalReader, v1};
use prost::Message;
use serde_json::Value;

/// A read, and what must come of it.
struct Case<'a>(&'a Value);

impl Case<'_> {
    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_default()
    }

    fn number(&self, name: &str) -> u64 {
        self.0[name].as_u64().unwrap_or_default()
    }
}

#[derive(Debug, PartialEq)]
enum Found {
    Profile(Box<v1::GetProfileResponse>),
    Foreword(v1::GetForewordResponse),
    Refused(String, String),
}

/// Each read is answered with the message of the vectors, or refused for their reason.
#[test]
fn reads_are_those_of_the_vectors() {
    let (Some(file), Some(stores)) = (setting("FOREWORD_VECTORS"), setting("FOREWORD_VECTOR_STORES")) else { return };
    let vectors: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases.iter().map(Case) {
        let found = open_and_read(&case, &Path::new(&stores).join(case.text("store")));
        let found = found.unwrap_or_else(|error| Found::Refused(error.reason, error.field));
        assert_eq!(found, expected(&case), "{} {}", case.text("call"), case.text("name"));
    }
}

/// What reads tell the sidecar is what the vectors say: of whom, and how often.
#[test]
fn tellings_are_those_of_the_vectors() {
    let Some(file) = setting("FOREWORD_VECTORS") else { return };
    let vectors: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let tellings = vectors["tellings"].as_array().unwrap();
    assert!(!tellings.is_empty());
    for telling in tellings {
        let directory = store_like(telling["store"].as_str().unwrap()).unwrap();
        let taking = UnixDatagram::bind(directory.path().join("read_notes.sock")).unwrap();
        taking.set_nonblocking(true).unwrap();
        let now_ms = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&now_ms);
        let clock = move || UNIX_EPOCH + Duration::from_millis(clock.load(Ordering::Relaxed));
        let reader = LocalReader::open_at(directory.path(), clock).unwrap();
        for case in telling["reads"].as_array().unwrap().iter().map(Case) {
            now_ms.store(case.number("now_ms"), Ordering::Relaxed);
            // What is damaged is refused, and told of by nobody.
            drop(read(&case, &reader));
        }
        let mut taken = [0; 512];
        let told: Vec<_> =
            std::iter::from_fn(|| taking.recv(&mut taken).ok().map(|size| taken[..size].to_vec())).collect();
        let expected = telling["datagrams"].as_array().unwrap();
        let expected: Vec<_> = expected.iter().map(|key| bytes_of(key.as_str().unwrap())).collect();
        assert_eq!(told, expected, "{}", telling["name"]);
    }
}

fn open_and_read(case: &Case, store: &Path) -> Result<Found, Error> {
    let now = UNIX_EPOCH + Duration::from_millis(case.number("now_ms"));
    read(case, &LocalReader::open_at(store, move || now)?)
}

fn read(case: &Case, reader: &LocalReader) -> Result<Found, Error> {
    let reader = reader.within(case.text("namespace"));
    Ok(if case.text("call") == "profile" {
        Found::Profile(reader.profile(case.text("user_id"))?.into())
    } else {
        Found::Foreword(reader.foreword(case.text("user_id"), case.number("max_tokens") as u32)?)
    })
}

fn expected(case: &Case) -> Found {
    let (reason, response) = (case.text("reason"), case.text("response"));
    if !reason.is_empty() {
        return Found::Refused(reason.to_owned(), case.text("field").to_owned());
    }
    let response = bytes_of(response);
    if case.text("call") == "profile" {
        Found::Profile(v1::GetProfileResponse::decode(response.as_slice()).unwrap().into())
    } else {
        Found::Foreword(v1::GetForewordResponse::decode(response.as_slice()).unwrap())
    }
}

fn bytes_of(hexadecimal: &str) -> Vec<u8> {
    let places = (0..hexadecimal.len()).step_by(2);
    places.map(|place| u8::from_str_radix(&hexadecimal[place..place + 2], 16).unwrap()).collect()
}
