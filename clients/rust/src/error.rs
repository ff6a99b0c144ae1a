use std::error::Error as StdError;
use std::fmt;

use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Every error of this crate.
#[derive(Debug)]
pub struct Error {
    /// Of a sidecar, one of docs/errors.md without its prefix; of a call that none answered, the gRPC code's name, such
    /// as `UNAVAILABLE`; of a `LocalReader`, `FIELD_INVALID`, `STORE_CORRUPT`, `STORE_VERSION` (a newer Foreword wrote
    /// the store) or `STORE_UNUSABLE`.
    pub reason: String,
    /// The field at fault, such as `user_id`; empty when none is.
    pub field: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it; may be empty.
    pub hint: String,
    /// Whether a sidecar answered, and refused.
    pub from_sidecar: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(reason: &str, message: impl Into<String>) -> Self {
        let (field, hint) = Default::default();
        Self { reason: reason.into(), field, message: message.into(), hint, from_sidecar: false, source: None }
    }

    pub(crate) fn field(field: &str, found: &str, allowed: &str) -> Self {
        let message = format!("{field}: found {found}; allowed: {allowed}");
        Self { field: field.into(), ..Self::new("FIELD_INVALID", message) }
    }

    pub(crate) fn hint(self, hint: &str) -> Self {
        Self { hint: hint.into(), ..self }
    }

    pub(crate) fn source(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    /// Puts a failed call into our words.
    pub(crate) fn service(target: &str, status: Status) -> Self {
        if let Some(info) = status.get_details_error_info().filter(|info| info.domain == "foreword") {
            let of = |name: &str| info.metadata.get(name).cloned().unwrap_or_default();
            let (field, hint) = (of("field"), of("hint"));
            let made = Self::new(&info.reason, status.message()).source(status);
            return Self { field, hint, from_sidecar: true, ..made };
        }
        // Of a connection that breaks under a call tonic knows no code; one that a sidecar sent has no source.
        let is_broken = status.code() == Code::Unknown && StdError::source(&status).is_some();
        match if is_broken { Code::Unavailable } else { status.code() } {
            Code::Unavailable => {
                Self::new("UNAVAILABLE", format!("no sidecar answers at {target}: {}", status.message()))
                    .hint("start one with `foreword up`; it says where it serves")
            }
            // tonic says of a call that ran out of time here that it was cancelled.
            Code::DeadlineExceeded | Code::Cancelled => Self::late(target),
            code => Self::new(&screaming(&format!("{code:?}")), status.message()),
        }
        .source(status)
    }

    pub(crate) fn late(target: &str) -> Self {
        Self::new("DEADLINE_EXCEEDED", format!("the sidecar at {target} did not answer in time"))
    }
}

/// Returns a code as other languages spell it: `FAILED_PRECONDITION` for `FailedPrecondition`.
fn screaming(name: &str) -> String {
    let mut made = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !made.is_empty() {
            made.push('_');
        }
        made.extend(letter.to_uppercase());
    }
    made
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        if self.hint.is_empty() { Ok(()) } else { write!(formatter, " ({})", self.hint) }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
