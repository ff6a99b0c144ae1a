use crate::v1;

const TOKENIZER: &str = "foreword-upper-bound-2";

/// Returns what is served of a user nobody knows where no default is stored: nothing is claimed.
pub(crate) fn default_profile(user_id: &str, namespace: &str) -> v1::Profile {
    v1::Profile {
        user_id: user_id.into(),
        namespace: namespace.into(),
        foreword: Some(v1::Foreword {
            tokenizer: TOKENIZER.into(),
            cuts: vec![v1::ForewordCut::default()],
            ..Default::default()
        }),
        presentation: Some(v1::Presentation {
            depth: v1::Depth::Standard.into(),
            tone: "neutral".into(),
            length: v1::Length::Medium.into(),
            ..Default::default()
        }),
        is_default: true,
        ..Default::default()
    }
}

/// Returns the text of it, which is empty.
#[cfg(feature = "local")]
pub(crate) fn default_foreword() -> v1::GetForewordResponse {
    v1::GetForewordResponse {
        etag: "e3b0c44298fc1c14".into(),
        tokenizer: TOKENIZER.into(),
        cuts: vec![v1::ForewordCut::default()],
        ..Default::default()
    }
}
