use prost::Message;

use crate::environment::{Fault, View, corrupt};
use crate::row::{HEADER_BYTES, NUMBERS_OFFSET, is_in_place, is_intact, namespace_key};
use crate::v1;

/// What is read of a user.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Profile,
    Foreword,
}

impl Kind {
    fn database(self) -> &'static str {
        match self {
            Self::Profile => "profiles",
            Self::Foreword => "forewords",
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Profile => Self::Foreword,
            Self::Foreword => Self::Profile,
        }
    }
}

pub(crate) struct User<'a> {
    pub id: &'a str,
    pub namespace: &'a str,
    pub key: Vec<u8>,
}

impl View<'_> {
    /// Returns a user's row, None for one who has none in any database. One that is damaged, or gone while the user's
    /// other rows are there, is an error: neither may be taken for a user nobody knows.
    pub fn user_row(&self, kind: Kind, user: &User) -> Result<Option<&[u8]>, Fault> {
        let database = kind.database();
        match self.get(database, &user.key)? {
            None if self.was_written(kind, user)? => {
                Err(row_error(user, &format!("is gone from {database}, where it was written")))
            }
            None => Ok(None),
            Some(row) if self.is_sound(kind, user, row)? => Ok(Some(row)),
            Some(_) => Err(row_error(user, "is damaged, or of a newer format")),
        }
    }

    fn is_sound(&self, kind: Kind, user: &User, row: &[u8]) -> Result<bool, Fault> {
        let database = kind.database();
        Ok(is_in_place(database, &user.key, row)
            || (is_intact(database, &user.key, row) && self.is_own(kind, user, row)?))
    }

    /// Tells whether an intact row of format 1 is the user's, which its checksum does not say.
    fn is_own(&self, kind: Kind, user: &User, row: &[u8]) -> Result<bool, Fault> {
        if kind == Kind::Profile {
            let profile = v1::GetProfileResponse::decode(&row[HEADER_BYTES..]).ok().and_then(|found| found.profile);
            return Ok(profile.is_some_and(|found| found.user_id == user.id && found.namespace == user.namespace));
        }
        // A foreword names nobody; the profile beside it does, and has the same header but for the checksum.
        let Some(profile) = self.get("profiles", &user.key)? else { return Ok(false) };
        let numbers = NUMBERS_OFFSET..HEADER_BYTES;
        Ok(profile.len() >= HEADER_BYTES
            && profile[numbers.clone()] == row[numbers]
            && self.is_sound(Kind::Profile, user, profile)?)
    }

    /// Tells whether other rows of a user without this one say that there was one.
    fn was_written(&self, kind: Kind, user: &User) -> Result<bool, Fault> {
        if self.get(kind.other().database(), &user.key)?.is_some() {
            return Ok(true);
        }
        let state = self.get("watermarks", &user.key)?.map(v1::RefreshState::decode);
        Ok(state.is_some_and(|state| state.map_or(true, |state| state.revision > 0)))
    }

    /// Returns what users of a namespace without a row are answered from: the namespace's default, else that of all;
    /// None where neither is stored and sound.
    pub fn default_row(&self, kind: Kind, namespace: &str) -> Result<Option<&[u8]>, Fault> {
        let prefix = namespace_key(namespace)?;
        let found = |place: u8| -> Result<Option<&[u8]>, Fault> {
            let key = [prefix.as_slice(), &[place]].concat();
            Ok(self.get("defaults", &key)?.filter(|row| is_in_place("defaults", &key, row)))
        };
        // Both or none: the two say the same.
        if let (Some(profile), Some(foreword)) = (found(0)?, found(1)?) {
            return Ok(Some(if kind == Kind::Profile { profile } else { foreword }));
        }
        let name: &[u8] = if kind == Kind::Profile { b"default_profile" } else { b"default_foreword" };
        Ok(self.get("meta", name)?.filter(|row| is_intact("meta", name, row)))
    }
}

fn row_error(user: &User, what: &str) -> Fault {
    Fault::Ours(corrupt(format!("the stored row of user {:?} in namespace {:?} {what}", user.id, user.namespace)))
}
