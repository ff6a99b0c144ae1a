//! Answers made from the map: the bytes of a stored row, and how current they are.

use crate::cut;
use crate::proto::{self, Field, Fields};
use crate::reads::Reads;
use crate::request::{self, User, TOKENS_MAX};
use crate::row::{Row, FRESHNESS_DEFAULT};
use crate::store::{profile_in, Found, Kind, Reading, Store};

/// In front of a gRPC message: a flag, 0 as nothing is compressed, and its size in four bytes.
pub const PREFIX_BYTES: usize = 5;
/// Field 2 of GetProfileResponse.
const PROFILE_FRESHNESS: u8 = 0x10;
/// Field 3 of LookupProfilesResponse, which is a GetProfileResponse up to there.
const LOOKUP_ID: u8 = 3;
/// Field 5 of GetForewordResponse.
const FRESHNESS_FIELD: u32 = 5;
const FOREWORD_FRESHNESS: u8 = 0x28;

/// A method the front knows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Method {
    GetProfile,
    GetForeword,
    BatchGetProfiles,
    LookupProfiles,
}

impl Method {
    pub const ALL: [Self; 4] = [Self::GetProfile, Self::GetForeword, Self::BatchGetProfiles, Self::LookupProfiles];

    pub fn of(path: &str) -> Option<Self> {
        let name = path.strip_prefix("/foreword.v1.ProfileService/")?;
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::GetProfile => "GetProfile",
            Self::GetForeword => "GetForeword",
            Self::BatchGetProfiles => "BatchGetProfiles",
            Self::LookupProfiles => "LookupProfiles",
        }
    }
}

/// Makes answers.
pub struct Answering<'a> {
    pub store: &'a mut Store,
    pub reads: &'a mut Reads,
    pub now_ms: i64,
    /// Whether the sidecar does not run: a foreword is then worth serving without its session.
    pub is_alone: bool,
}

impl Answering<'_> {
    /// Returns the answer to a request, both as gRPC frames them; None leaves it to the sidecar.
    pub fn answer(&mut self, method: Method, message: &[u8]) -> Option<Vec<u8>> {
        let reading = self.store.read()?;
        match method {
            Method::GetProfile => {
                let user = request::get_profile(message)?;
                let found = reading.find(Kind::Profile, &user.key())?;
                let served = Served::of(&user, &found, self.now_ms)?;
                let mut framed = frame(served.size());
                served.put(&mut framed);
                self.reads.note(&reading, &user.key(), row_of(&found), self.now_ms);
                Some(framed)
            }
            Method::GetForeword => {
                let asked = request::get_foreword(message)?;
                if asked.has_session && !self.is_alone {
                    return None;
                }
                let key = asked.user.key();
                let found = reading.find(Kind::Foreword, &key)?;
                let framed = foreword(&found, asked.tokens_max, self.now_ms)?;
                self.reads.note(&reading, &key, row_of(&found), self.now_ms);
                Some(framed)
            }
            Method::BatchGetProfiles => {
                let users = request::batch_get_profiles(message)?;
                batch(&reading, &users, self.reads, self.now_ms)
            }
            // Answered lookup by lookup.
            Method::LookupProfiles => None,
        }
    }

    /// Appends the answer to a lookup, framed; None leaves it to the sidecar, and appends nothing.
    pub fn look_up(&mut self, message: &[u8], into: &mut Vec<u8>) -> Option<()> {
        let reading = self.store.read()?;
        let lookup = request::lookup(message)?;
        let key = lookup.user.key();
        let found = reading.find(Kind::Profile, &key)?;
        let served = Served::of(&lookup.user, &found, self.now_ms)?;
        let numbered = if lookup.id == 0 { 0 } else { 1 + proto::varint_size(lookup.id as usize) };
        put_prefix(into, served.size() + numbered);
        served.put(into);
        proto::put_number(into, LOOKUP_ID, lookup.id);
        self.reads.note(&reading, &key, row_of(&found), self.now_ms);
        Some(())
    }
}

pub fn row_of<'a>(found: &Found<'a>) -> Option<Row<'a>> {
    match found {
        Found::Row(row) => Some(*row),
        Found::Nobody(_) => None,
    }
}

fn batch(reading: &Reading, users: &[User], reads: &mut Reads, now_ms: i64) -> Option<Vec<u8>> {
    let found: Vec<_> = users.iter().map(|user| reading.find(Kind::Profile, &user.key())).collect::<Option<_>>()?;
    let served: Vec<_> =
        users.iter().zip(&found).map(|(user, found)| Served::of(user, found, now_ms)).collect::<Option<_>>()?;
    let size = served.iter().map(|one| 1 + proto::varint_size(one.size()) + one.size()).sum();
    let mut framed = frame(size);
    for one in &served {
        framed.push(1 << 3 | 2);
        proto::put_varint(&mut framed, one.size());
        one.put(&mut framed);
    }
    for (user, found) in users.iter().zip(&found) {
        reads.note(reading, &user.key(), row_of(found), now_ms);
    }
    Some(framed)
}

/// A GetProfileResponse about to be put together.
pub enum Served<'a> {
    Stored {
        body: &'a [u8],
        freshness: u8,
    },
    /// The default names no user: who asked follows as its last fields.
    Default {
        profile: &'a [u8],
        user: &'a User<'a>,
    },
}

impl<'a> Served<'a> {
    pub fn of(user: &'a User<'a>, found: &Found<'a>, now_ms: i64) -> Option<Self> {
        Some(match found {
            Found::Row(row) => Self::Stored { body: row.body(), freshness: row.freshness(now_ms) },
            Found::Nobody(body) => Self::Default { profile: profile_in(body)?, user },
        })
    }

    pub fn size(&self) -> usize {
        match self {
            Self::Stored { body, .. } => body.len() + 2,
            Self::Default { profile, user } => {
                let inner = default_size(profile, user);
                1 + proto::varint_size(inner) + inner + 2
            }
        }
    }

    pub fn put(&self, into: &mut Vec<u8>) {
        match self {
            Self::Stored { body, freshness } => {
                into.extend_from_slice(body);
                into.extend_from_slice(&[PROFILE_FRESHNESS, *freshness]);
            }
            Self::Default { profile, user } => {
                into.push(1 << 3 | 2);
                proto::put_varint(into, default_size(profile, user));
                into.extend_from_slice(profile);
                proto::put_text(into, 1, user.id);
                proto::put_text(into, 2, user.namespace);
                into.extend_from_slice(&[PROFILE_FRESHNESS, FRESHNESS_DEFAULT]);
            }
        }
    }
}

fn default_size(profile: &[u8], user: &User) -> usize {
    profile.len() + proto::text_size(user.id) + proto::text_size(user.namespace)
}

/// Returns a GetForewordResponse as gRPC frames it; None leaves it to the sidecar.
pub fn foreword(found: &Found, tokens_max: u64, now_ms: i64) -> Option<Vec<u8>> {
    let (body, freshness) = match found {
        Found::Row(row) => (row.body(), row.freshness(now_ms)),
        Found::Nobody(body) => (*body, FRESHNESS_DEFAULT),
    };
    let place = match tokens_max {
        TOKENS_MAX => body.len(),
        // The sidecar parses a text for any budget but the whole, so that the freshness stands in its field's place.
        _ => match Place::of(body)? {
            Place { tokens, freshness } if tokens <= tokens_max => freshness,
            _ => return cut::cut(body, tokens_max, freshness).map(|message| framed(&message)),
        },
    };
    let mut framed = frame(body.len() + 2);
    framed.extend_from_slice(&body[..place]);
    framed.extend_from_slice(&[FOREWORD_FRESHNESS, freshness]);
    framed.extend_from_slice(&body[place..]);
    Some(framed)
}

/// What is looked up in a stored GetForewordResponse.
struct Place {
    /// Its size in tokens.
    tokens: u64,
    /// Where the freshness belongs among its fields.
    freshness: usize,
}

impl Place {
    fn of(body: &[u8]) -> Option<Self> {
        let mut place = Self { tokens: 0, freshness: 0 };
        let mut rest = body;
        while !rest.is_empty() {
            let (number, size) = match Fields::new(rest).next()?? {
                Field::Number(number, value) => {
                    if number == 2 {
                        place.tokens = value;
                    }
                    (number, 1 + proto::varint_size(value as usize))
                }
                Field::Bytes(number, text) => (number, 1 + proto::varint_size(text.len()) + text.len()),
            };
            if number < FRESHNESS_FIELD {
                place.freshness += size;
            }
            rest = rest.get(size..)?;
        }
        Some(place)
    }
}

/// A message with its prefix.
pub fn framed(message: &[u8]) -> Vec<u8> {
    let mut framed = frame(message.len());
    framed.extend_from_slice(message);
    framed
}

/// A buffer for a message of so many bytes, begun with its prefix.
fn frame(size: usize) -> Vec<u8> {
    let mut framed = Vec::with_capacity(PREFIX_BYTES + size);
    put_prefix(&mut framed, size);
    framed
}

fn put_prefix(into: &mut Vec<u8>, size: usize) {
    into.push(0);
    into.extend_from_slice(&(size as u32).to_be_bytes());
}
