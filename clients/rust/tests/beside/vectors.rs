//! The reader against the golden vectors.

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use crate::settings::setting;
use foreword::{Error, LocalReader, v1};
use prost::Message;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    store: String,
    call: String,
    user_id: String,
    namespace: String,
    #[serde(default)]
    max_tokens: u32,
    now_ms: u64,
    #[serde(default)]
    response: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    field: String,
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
    let vectors: Vectors = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert!(!vectors.cases.is_empty());
    for case in &vectors.cases {
        let found = read(case, &Path::new(&stores).join(&case.store));
        let found = found.unwrap_or_else(|error| Found::Refused(error.reason, error.field));
        assert_eq!(found, expected(case), "{} {}", case.call, case.name);
    }
}

fn read(case: &Case, store: &Path) -> Result<Found, Error> {
    let now = UNIX_EPOCH + Duration::from_millis(case.now_ms);
    let reader = LocalReader::open_at(store, move || now)?.within(&case.namespace);
    Ok(if case.call == "profile" {
        Found::Profile(reader.profile(&case.user_id)?.into())
    } else {
        Found::Foreword(reader.foreword(&case.user_id, case.max_tokens)?)
    })
}

fn expected(case: &Case) -> Found {
    if !case.reason.is_empty() {
        return Found::Refused(case.reason.clone(), case.field.clone());
    }
    let response: Vec<u8> = (0..case.response.len())
        .step_by(2)
        .map(|place| u8::from_str_radix(&case.response[place..place + 2], 16).unwrap())
        .collect();
    if case.call == "profile" {
        Found::Profile(v1::GetProfileResponse::decode(response.as_slice()).unwrap().into())
    } else {
        Found::Foreword(v1::GetForewordResponse::decode(response.as_slice()).unwrap())
    }
}
