use sha2::{Digest, Sha256};

use crate::v1::{ForewordCut, ForewordPart, GetForewordResponse};

const TOKENS_MAX: u32 = 200;
/// A frame that takes more of a budget than a quarter leaves too little to say.
const FRAME_SHARE: u32 = 4;
const GENERAL: &str = "General, not about this user";

/// A text's first line, and its size in tokens.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub text: &'a str,
    pub tokens: u32,
}

/// Over texts that were fitted into a small budget.
pub(crate) const BRIEF: Frame = Frame { text: "User data (may be outdated):", tokens: 11 };
pub(crate) const GENERAL_BRIEF: Frame = Frame { text: "General, not about this user:", tokens: 9 };

/// Fits a text into a budget: of its parts those that go in, one too long left out, under the brief frame where its
/// own takes over a quarter. Of the first part stands as much as goes in, at one of the cuts within it. More than 200
/// means 200, and so does 0.
pub(crate) fn cut_to_budget(served: &mut GetForewordResponse, max_tokens: u32) {
    let budget = if max_tokens == 0 { TOKENS_MAX } else { max_tokens.min(TOKENS_MAX) };
    if served.token_count <= budget {
        return;
    }
    if served.parts.is_empty() {
        end_at_a_cut(served, budget)
    } else {
        fit(served, budget)
    }
    let digest = Sha256::digest(served.text.as_bytes());
    served.etag = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
}

/// Ends a text without parts, of an older row, at the last of its cuts within the budget.
fn end_at_a_cut(served: &mut GetForewordResponse, budget: u32) {
    served.cuts.retain(|cut| cut.token_count <= budget);
    let last = served.cuts.last().copied().unwrap_or_default();
    served.text = first_bytes(&served.text, last.byte_end).to_owned();
    served.token_count = last.token_count;
}

fn fit(served: &mut GetForewordResponse, budget: u32) {
    let text = served.text.split('\n').next().unwrap_or_default().to_owned();
    let said: u32 = served.parts.iter().map(|part| part.token_count).sum();
    let own = Frame { text: &text, tokens: served.token_count.saturating_sub(said) };
    let beginnings = beginnings_of(served, own);
    let brief = if text.starts_with(GENERAL) { GENERAL_BRIEF } else { BRIEF };
    let frame = if own.tokens * FRAME_SHARE <= budget { own } else { brief };
    served.parts = fitting(&served.parts, &beginnings, budget.saturating_sub(frame.tokens));
    served.cuts = cuts_of(frame, &served.parts, &beginnings);
    let lines = std::iter::once(frame.text).chain(served.parts.iter().map(|part| part.text.as_str()));
    served.text = if served.parts.is_empty() { String::new() } else { lines.collect::<Vec<_>>().join("\n") };
    served.token_count = served.cuts.last().map_or(0, |cut| cut.token_count);
}

/// Returns the first part up to each of the cuts within it.
fn beginnings_of(served: &GetForewordResponse, frame: Frame) -> Vec<ForewordPart> {
    let first = &served.parts[0];
    let start = frame.text.len() as u32 + 1;
    let end = start + first.text.len() as u32;
    let within = served.cuts.iter().filter(|cut| (start..end).contains(&cut.byte_end));
    within
        .map(|cut| ForewordPart {
            kind: first.kind.clone(),
            text: first_bytes(&first.text, cut.byte_end - start).to_owned(),
            token_count: cut.token_count.saturating_sub(frame.tokens),
        })
        .collect()
}

/// Returns the parts that go in, in their order; in the place of the first perhaps its beginning.
fn fitting(parts: &[ForewordPart], beginnings: &[ForewordPart], mut room: u32) -> Vec<ForewordPart> {
    let mut found = Vec::new();
    for (place, part) in parts.iter().enumerate() {
        let shorter = beginnings.iter().rev().filter(|_| place == 0);
        if let Some(taken) = std::iter::once(part).chain(shorter).find(|each| each.token_count <= room) {
            room -= taken.token_count;
            found.push(taken.clone());
        }
    }
    found
}

/// Returns where a text of these parts may end.
fn cuts_of(frame: Frame, parts: &[ForewordPart], beginnings: &[ForewordPart]) -> Vec<ForewordCut> {
    let mut last = ForewordCut { byte_end: frame.text.len() as u32, token_count: frame.tokens };
    let behind = |last: &ForewordCut, part: &ForewordPart| ForewordCut {
        byte_end: last.byte_end + 1 + part.text.len() as u32,
        token_count: last.token_count + part.token_count,
    };
    let is_within = |part: &&ForewordPart| {
        parts.first().is_some_and(|first| part.text != first.text && first.text.starts_with(&part.text))
    };
    let mut cuts: Vec<_> = beginnings.iter().filter(is_within).map(|part| behind(&last, part)).collect();
    for part in parts {
        last = behind(&last, part);
        cuts.push(last);
    }
    cuts
}

fn first_bytes(text: &str, count: u32) -> &str {
    text.get(..count as usize).unwrap_or(text)
}
