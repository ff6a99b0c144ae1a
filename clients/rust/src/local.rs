use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use prost::Message;

use crate::budget::cut_to_budget;
use crate::defaults::{default_foreword, default_profile};
use crate::environment::{Environment, Fault, View, corrupt};
use crate::row::{HEADER_BYTES, freshness_of, user_key};
use crate::stored::{Kind, User};
use crate::{Error, Freshness, v1};

/// How often a missing store is looked for, and a replaced one noticed.
const UPKEEP_MS: u64 = 5000;

type Now = Box<dyn Fn() -> SystemTime + Send + Sync>;

/// Reads the store in this process. A user nobody knows gets the default profile, as does one whose erasure was asked
/// for: a miss is never an error. It works before there is a store, and follows one that is restored or compacted. It
/// asks for no refresh.
///
/// One reader serves all threads, and clones share its store; two of one store in one process are refused.
#[derive(Clone)]
pub struct LocalReader {
    store: Arc<Store>,
    namespace: String,
}

/// What the readers of all namespaces share.
struct Store {
    directory: PathBuf,
    now: Now,
    created: Instant,
    /// In ms since it was created.
    upkeep_due_ms: AtomicU64,
    /// Held for reading around each read: what was replaced is closed when nobody reads.
    open: RwLock<Open>,
}

#[derive(Default)]
struct Open {
    profiles: Option<Environment>,
    activity: Option<Environment>,
}

impl LocalReader {
    /// Opens the store in a folder, `store.directory` of the configuration, which need not be there yet.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_at(directory, SystemTime::now)
    }

    /// Opens a store with a clock of your own, by which freshness is told.
    pub fn open_at(
        directory: impl AsRef<Path>,
        now: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let store = Store {
            directory: directory.as_ref().to_owned(),
            now: Box::new(now),
            created: Instant::now(),
            upkeep_due_ms: AtomicU64::new(0),
            open: RwLock::default(),
        };
        store.upkeep()?;
        Ok(Self { store: Arc::new(store), namespace: String::new() })
    }

    /// Returns a reader of the same store for users of a namespace; at most 64 bytes.
    pub fn within(&self, namespace: &str) -> Self {
        Self { store: Arc::clone(&self.store), namespace: namespace.to_owned() }
    }

    /// Returns the prompt-ready text about a user within a budget, 0 for 200; empty when nothing is known.
    pub fn text(&self, user_id: &str, max_tokens: u32) -> Result<String, Error> {
        Ok(self.foreword(user_id, max_tokens)?.text)
    }

    /// Returns the text within a budget, with its cuts and freshness.
    pub fn foreword(&self, user_id: &str, max_tokens: u32) -> Result<v1::GetForewordResponse, Error> {
        let found: Option<(v1::GetForewordResponse, _)> = self.read(Kind::Foreword, user_id)?;
        let (mut found, freshness) = found.unwrap_or_else(|| (default_foreword(), Freshness::Default));
        found.set_freshness(freshness);
        cut_to_budget(&mut found, max_tokens);
        Ok(found)
    }

    /// Returns the profile of a user and how current it is.
    pub fn profile(&self, user_id: &str) -> Result<v1::GetProfileResponse, Error> {
        let found: Option<(v1::GetProfileResponse, _)> = self.read(Kind::Profile, user_id)?;
        let (mut found, freshness) = found.unwrap_or_else(|| {
            let profile = Some(default_profile(user_id, &self.namespace));
            (v1::GetProfileResponse { profile, ..Default::default() }, Freshness::Default)
        });
        found.set_freshness(freshness);
        if let (Freshness::Default, Some(profile)) = (freshness, &mut found.profile) {
            profile.user_id = user_id.to_owned();
            profile.namespace.clone_from(&self.namespace);
        }
        Ok(found)
    }

    /// Returns when the scheduler last showed life; None when there is no store, or it never did. Profiles age
    /// visibly without it: their freshness goes to stale, then to expired.
    pub fn scheduler_seen(&self) -> Result<Option<SystemTime>, Error> {
        let seen = self.store.read(
            |_| Ok(false),
            |view, _| {
                let row = view.get("meta", b"scheduler_seen_ms")?;
                Ok(row.and_then(|row| <[u8; 8]>::try_from(row).ok()).map(u64::from_be_bytes))
            },
        )?;
        Ok(seen.flatten().map(|ms| UNIX_EPOCH + Duration::from_millis(ms)))
    }

    /// Looks for a store that has appeared or was replaced; every read does so by itself, once in five seconds.
    pub fn upkeep(&self) -> Result<(), Error> {
        self.store.upkeep()
    }

    /// Returns what a user is answered with: of their row, or that of the default; None when even that is the
    /// built-in one.
    fn read<M: Message + Default>(&self, kind: Kind, user_id: &str) -> Result<Option<(M, Freshness)>, Error> {
        let user = User { id: user_id, namespace: &self.namespace, key: user_key(user_id, &self.namespace)? };
        let found = self.store.read(
            |view| Ok(view.get("controls", &user.key)?.is_some()),
            |view, is_erased| {
                let own = if is_erased { None } else { view.user_row(kind, &user)? };
                let row = own.map_or_else(|| view.default_row(kind, user.namespace), |row| Ok(Some(row)))?;
                row.map(|row| self.decoded(row)).transpose()
            },
        )?;
        Ok(found.flatten())
    }

    fn decoded<M: Message + Default>(&self, row: &[u8]) -> Result<(M, Freshness), Fault> {
        let now = (self.store.now)().duration_since(UNIX_EPOCH).unwrap_or_default();
        let message = M::decode(&row[HEADER_BYTES..])
            .map_err(|exc| corrupt("a stored message cannot be parsed".to_owned()).source(exc))?;
        Ok((message, freshness_of(row, now.as_millis() as i64)))
    }
}

impl Store {
    /// Looks into activity.lmdb for an erasure, then into profiles.lmdb; None when that is not there. In this order,
    /// since an erasure that is over has left no profile, and no row of its own.
    fn read<T>(
        &self,
        is_erased: impl Fn(&View) -> Result<bool, Fault>,
        look: impl Fn(&View, bool) -> Result<T, Fault>,
    ) -> Result<Option<T>, Error> {
        if self.age_ms() >= self.upkeep_due_ms.load(Ordering::Relaxed) {
            self.upkeep()?;
        }
        let once = |open: &Open| {
            let erased = open.activity.as_ref().map_or(Ok(false), |activity| activity.look(&is_erased))?;
            open.profiles.as_ref().map(|profiles| profiles.look(|view| look(view, erased))).transpose()
        };
        let first = once(&self.reading());
        let second = match first {
            Err(Fault::Lmdb(lmdb::Error::MapResized)) => {
                self.adopt_maps()?;
                once(&self.reading())
            }
            other => other,
        };
        second.map_err(|fault| match (fault, &self.reading().profiles) {
            (Fault::Ours(error), _) => error,
            (Fault::Lmdb(exc), Some(profiles)) => profiles.translate(exc),
            (Fault::Lmdb(exc), None) => corrupt("activity.lmdb cannot be read".to_owned()).source(exc),
        })
    }

    fn upkeep(&self) -> Result<(), Error> {
        let mut open = self.writing();
        let open = &mut *open;
        // Said at every call until the store can be used again; served meanwhile, nobody would be known.
        self.upkeep_due_ms.store(0, Ordering::Relaxed);
        // Activity first: no profile is served before erasures can be looked up.
        follow(&mut open.activity, &self.directory.join("activity.lmdb"), &["controls"])?;
        let names = ["profiles", "forewords", "watermarks", "defaults"];
        follow(&mut open.profiles, &self.directory.join("profiles.lmdb"), &names)?;
        self.upkeep_due_ms.store(self.age_ms() + UPKEEP_MS, Ordering::Relaxed);
        Ok(())
    }

    fn adopt_maps(&self) -> Result<(), Error> {
        let open = self.writing();
        open.profiles.iter().chain(&open.activity).try_for_each(Environment::adopt_map)
    }

    fn age_ms(&self) -> u64 {
        self.created.elapsed().as_millis() as u64
    }

    fn reading(&self) -> RwLockReadGuard<'_, Open> {
        self.open.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn writing(&self) -> RwLockWriteGuard<'_, Open> {
        self.open.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens an environment that has appeared or was replaced; the former is closed first, since two of one path are
/// refused.
fn follow(open: &mut Option<Environment>, path: &Path, names: &[&'static str]) -> Result<(), Error> {
    if let Some(environment) = open.as_ref().filter(|environment| !environment.was_replaced()) {
        return environment.refuse_cut();
    }
    *open = None;
    *open = Environment::open(path, names)?;
    Ok(())
}
