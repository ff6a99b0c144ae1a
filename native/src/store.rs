//! The store as the front sees it: perhaps not there yet, perhaps replaced, perhaps damaged in places.

use std::io;
use std::path::{Path, PathBuf};

use crate::lmdb::{Database, Environment, View, DATA_FILE};
use crate::proto::{self, Field, Fields};
use crate::row::Row;

/// The format of docs/store-format.md; what a newer Foreword wrote is left to the sidecar to refuse.
const SCHEMA_VERSION: u64 = 2;
const NAMESPACE_PREFIX_BYTES_MAX: usize = 65;
/// A restore puts its two files in place one after the other; whoever looks in between looks again.
const LOOKS_MAX: usize = 3;
const ACTIVITY: &str = "activity.lmdb";
const PROFILES: &str = "profiles.lmdb";

/// Which of a user's two rows is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Profile,
    Foreword,
}

/// What is known of a user.
pub enum Found<'a> {
    Row(Row<'a>),
    /// Nobody knows them, or they are about to be erased: the body of what such a user is served.
    Nobody(&'a [u8]),
}

/// Both environments, each where it can be read.
pub struct Store {
    directory: PathBuf,
    readers_max: u32,
    profiles: Option<Profiles>,
    activity: Option<Activity>,
    /// Whether there is no activity at all, so that nobody's erasure can be pending.
    has_no_activity: bool,
}

struct Profiles {
    environment: Environment,
    meta: Database,
    profiles: Database,
    forewords: Database,
    states: Database,
    defaults: Option<Database>,
}

struct Activity {
    environment: Environment,
    controls: Database,
    users: Database,
}

/// A view of both environments, taken for one call.
pub struct Reading<'a> {
    profiles: View<'a>,
    databases: Databases,
    activity: Option<(View<'a>, Database, Database)>,
}

#[derive(Clone, Copy)]
struct Databases {
    meta: Database,
    profiles: Database,
    forewords: Database,
    states: Database,
    defaults: Option<Database>,
}

impl Store {
    pub fn new(directory: &Path, readers_max: u32) -> Self {
        let mut store = Self::closed(directory, readers_max);
        store.follow();
        store
    }

    /// A store of which nothing is open until `follow` is called.
    pub fn closed(directory: &Path, readers_max: u32) -> Self {
        Self { directory: directory.to_owned(), readers_max, profiles: None, activity: None, has_no_activity: false }
    }

    /// Opens what has appeared, follows what was replaced, and gives up what was cut short.
    pub fn follow(&mut self) {
        // One environment of before a restore and one of after it do not belong together: a user erased in one may be
        // there in the other. What is open stays until the restore has ended, and nothing else is opened.
        let is_restoring = self.is_restoring();
        for _ in 0..LOOKS_MAX {
            self.drop_what_ended(is_restoring);
            if is_restoring {
                return;
            }
            self.open_what_is_there();
            if self.is_restoring() {
                self.profiles = None;
                self.activity = None;
                return;
            }
            if !self.is_outdated() {
                return;
            }
        }
        // They were replaced at each look: what is open may be of two stores, and the sidecar answers.
        if self.environments().any(|(open, _)| open.is_some_and(Environment::was_replaced)) {
            self.profiles = None;
            self.activity = None;
        }
    }

    /// Whether another file has taken the place of one that was opened, or the place that was empty.
    fn is_outdated(&self) -> bool {
        self.environments().any(|(open, name)| {
            let is_there = self.directory.join(name).join(DATA_FILE).exists();
            open.map_or(is_there, |environment| !is_there || environment.was_replaced())
        })
    }

    fn environments(&self) -> impl Iterator<Item = (Option<&Environment>, &str)> {
        let activity = self.activity.as_ref().map(|open| &open.environment);
        let profiles = self.profiles.as_ref().map(|open| &open.environment);
        [(activity, ACTIVITY), (profiles, PROFILES)].into_iter()
    }

    fn is_restoring(&self) -> bool {
        self.directory.join("restore.pending").exists()
    }

    fn drop_what_ended(&mut self, is_restoring: bool) {
        if self.profiles.as_ref().is_some_and(|open| !may_stay(&open.environment, is_restoring)) {
            // Dropped before the next is opened: they may be of one file, which no process may open twice.
            self.profiles = None;
        }
        if self.activity.as_ref().is_some_and(|open| !may_stay(&open.environment, is_restoring)) {
            self.activity = None;
        }
    }

    fn open_what_is_there(&mut self) {
        // Activity first: no profile is served before erasures can be looked up.
        if self.activity.is_none() {
            let path = self.directory.join(ACTIVITY);
            self.activity = Activity::open(&path, self.readers_max).ok();
            self.has_no_activity = self.activity.is_none() && !path.exists();
        }
        if self.profiles.is_none() {
            self.profiles = Profiles::open(&self.directory.join(PROFILES), self.readers_max).ok();
        }
        if let Some(open) = &mut self.profiles {
            open.follow_defaults();
        }
    }

    /// Takes a view; None where the store cannot be read, or not be known who is being erased.
    pub fn read(&mut self) -> Option<Reading<'_>> {
        let open = self.profiles.as_mut()?;
        // The view of activity first. An erasure that has ended meanwhile then has ended in the profiles as well; the
        // other way round an erased user's row could be met after its note is gone.
        let activity = match &mut self.activity {
            Some(activity) => Some((activity.environment.view().ok()?, activity.controls, activity.users)),
            None if self.has_no_activity => None,
            None => return None,
        };
        let databases = Databases {
            meta: open.meta,
            profiles: open.profiles,
            forewords: open.forewords,
            states: open.states,
            defaults: open.defaults,
        };
        Some(Reading { profiles: open.environment.view().ok()?, databases, activity })
    }

    /// Device and inode of the files that are mapped.
    pub fn inodes(&self) -> Vec<(u64, u64)> {
        let profiles = self.profiles.iter().map(|open| open.environment.inode());
        profiles.chain(self.activity.iter().map(|open| open.environment.inode())).collect()
    }

    /// Whether the folder is still there.
    pub fn is_there(&self) -> bool {
        self.directory.is_dir()
    }
}

impl Profiles {
    fn open(path: &Path, readers_max: u32) -> io::Result<Self> {
        let mut environment = Environment::open(path, readers_max)?;
        let meta = require_schema(&mut environment)?;
        Ok(Self {
            meta,
            profiles: require(&mut environment, "profiles")?,
            forewords: require(&mut environment, "forewords")?,
            states: require(&mut environment, "watermarks")?,
            defaults: environment.database("defaults")?,
            environment,
        })
    }

    /// Looks for what the scheduler of a store made before it makes later.
    fn follow_defaults(&mut self) {
        if self.defaults.is_none() {
            self.defaults = self.environment.database("defaults").ok().flatten();
        }
    }
}

impl Activity {
    fn open(path: &Path, readers_max: u32) -> io::Result<Self> {
        let mut environment = Environment::open(path, readers_max)?;
        require_schema(&mut environment)?;
        Ok(Self {
            controls: require(&mut environment, "controls")?,
            users: require(&mut environment, "users")?,
            environment,
        })
    }
}

fn may_stay(environment: &Environment, is_restoring: bool) -> bool {
    if environment.was_replaced() {
        is_restoring
    } else {
        environment.is_aside() || environment.refuse_cut().is_ok()
    }
}

fn require(environment: &mut Environment, name: &str) -> io::Result<Database> {
    environment.database(name)?.ok_or_else(|| io::Error::other(format!("no database {name}")))
}

fn require_schema(environment: &mut Environment) -> io::Result<Database> {
    let meta = require(environment, "meta")?;
    let view = environment.view()?;
    let schema = view.get(meta, b"schema_version")?.and_then(|row| row.try_into().ok()).map(u64::from_be_bytes);
    match schema {
        Some(1..=SCHEMA_VERSION) => Ok(meta),
        _ => Err(io::Error::other("not of a format that is known here")),
    }
}

impl Reading<'_> {
    /// Returns what a user is served from one of their rows; None when only the sidecar can tell: a row that is damaged,
    /// lost or of a former format, or a default that nobody has written.
    pub fn find(&self, kind: Kind, key: &[u8]) -> Option<Found<'_>> {
        if self.is_erased(key)? {
            return self.default_body(kind, key).map(Found::Nobody);
        }
        let (name, database) = match kind {
            Kind::Profile => ("profiles", self.databases.profiles),
            Kind::Foreword => ("forewords", self.databases.forewords),
        };
        match self.profiles.get(database, key).ok()? {
            Some(bytes) => Row::in_place(name, key, bytes).map(Found::Row),
            None if self.is_lost(kind, key)? => None,
            None => self.default_body(kind, key).map(Found::Nobody),
        }
    }

    /// Returns a row of a database by the name that docs/store-format.md gives it; None for those not looked into here.
    pub fn row(&self, database: &[u8], key: &[u8]) -> io::Result<Option<&[u8]>> {
        let handle = match (database, &self.activity) {
            (b"profiles", _) => self.databases.profiles,
            (b"forewords", _) => self.databases.forewords,
            (b"watermarks", _) => self.databases.states,
            (b"meta", _) => self.databases.meta,
            (b"defaults", _) => match self.databases.defaults {
                Some(handle) => handle,
                None => return Ok(None),
            },
            (b"controls", Some((view, controls, _))) => return view.get(*controls, key),
            (b"users", Some((view, _, users))) => return view.get(*users, key),
            _ => return Ok(None),
        };
        self.profiles.get(handle, key)
    }

    /// Whether the user is one of whom an event was ever accepted.
    pub fn is_known(&self, key: &[u8]) -> bool {
        let Some((view, _, users)) = &self.activity else { return false };
        matches!(view.get(*users, key), Ok(Some(_)))
    }

    fn is_erased(&self, key: &[u8]) -> Option<bool> {
        match &self.activity {
            Some((view, controls, _)) => view.get(*controls, key).ok().map(|row| row.is_some()),
            None => Some(false),
        }
    }

    /// Whether a user who has no row here was written once: damage that hides a row is no miss.
    fn is_lost(&self, kind: Kind, key: &[u8]) -> Option<bool> {
        let other = match kind {
            Kind::Profile => self.databases.forewords,
            Kind::Foreword => self.databases.profiles,
        };
        if self.profiles.get(other, key).ok()?.is_some() {
            return Some(true);
        }
        match self.profiles.get(self.databases.states, key).ok()? {
            Some(state) => Some(revision(state)? > 0),
            None => Some(false),
        }
    }

    fn default_body(&self, kind: Kind, key: &[u8]) -> Option<&[u8]> {
        if let Some(own) = self.default_of_namespace(kind, key) {
            return Some(own);
        }
        let name = match kind {
            Kind::Profile => "default_profile",
            Kind::Foreword => "default_foreword",
        };
        let bytes = self.profiles.get(self.databases.meta, name.as_bytes()).ok()??;
        Row::in_place("meta", name.as_bytes(), bytes).map(Row::body)
    }

    /// The default of the user's namespace; None unless both of its rows are in place.
    fn default_of_namespace(&self, kind: Kind, key: &[u8]) -> Option<&[u8]> {
        let defaults = self.databases.defaults?;
        let prefix = 1 + usize::from(key[0]);
        let mut name = [0; NAMESPACE_PREFIX_BYTES_MAX + 1];
        name[..prefix].copy_from_slice(&key[..prefix]);
        let mut bodies = [&b""[..]; 2];
        for (last, body) in bodies.iter_mut().enumerate() {
            name[prefix] = last as u8;
            let bytes = self.profiles.get(defaults, &name[..=prefix]).ok()??;
            *body = Row::in_place("defaults", &name[..=prefix], bytes)?.body();
        }
        Some(bodies[usize::from(kind == Kind::Foreword)])
    }
}

/// The field `revision` of a RefreshState; None when it cannot be read.
fn revision(state: &[u8]) -> Option<u64> {
    let mut found = 0;
    let mut rest = state;
    while !rest.is_empty() {
        let (tag, after) = proto::varint(rest)?;
        // Of a RefreshState other wire types may come; what stands in them is passed over.
        rest = match tag & 7 {
            0 => {
                let (value, after) = proto::varint(after)?;
                if tag >> 3 == 8 {
                    found = value;
                }
                after
            }
            1 => after.get(8..)?,
            2 => {
                let (size, after) = proto::varint(after)?;
                after.get(usize::try_from(size).ok()?..)?
            }
            5 => after.get(4..)?,
            _ => return None,
        };
    }
    Some(found)
}

/// Returns the serialized Profile in a GetProfileResponse that has nothing else.
pub fn profile_in(body: &[u8]) -> Option<&[u8]> {
    let mut fields = Fields::new(body);
    match (fields.next(), fields.next()) {
        (Some(Some(Field::Bytes(1, profile))), None) => Some(profile),
        (None, None) => Some(b""),
        _ => None,
    }
}
