//! The reader against the golden vectors.

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use crate::settings::setting;
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
        let found = read(&case, &Path::new(&stores).join(case.text("store")));
        let found = found.unwrap_or_else(|error| Found::Refused(error.reason, error.field));
        assert_eq!(found, expected(&case), "{} {}", case.text("call"), case.text("name"));
    }
}

fn read(case: &Case, store: &Path) -> Result<Found, Error> {
    let now = UNIX_EPOCH + Duration::from_millis(case.number("now_ms"));
    let reader = LocalReader::open_at(store, move || now)?.within(case.text("namespace"));
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
    let response: Vec<u8> = (0..response.len())
        .step_by(2)
        .map(|place| u8::from_str_radix(&response[place..place + 2], 16).unwrap())
        .collect();
    if case.text("call") == "profile" {
        Found::Profile(v1::GetProfileResponse::decode(response.as_slice()).unwrap().into())
    } else {
        Found::Foreword(v1::GetForewordResponse::decode(response.as_slice()).unwrap())
    }
}
