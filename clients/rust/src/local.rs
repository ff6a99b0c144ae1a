use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use prost::Message;

use crate::budget::cut_to_budget;
use crate::defaults::{default_foreword, default_profile};
use crate::environment::{Environment, Fault, View, corrupt, unusable};
use crate::read_notes::ReadNotes;
use crate::row::{HEADER_BYTES, asks_for_refresh, freshness_of, user_key};
use crate::stored::{Kind, User};
use crate::{Error, Freshness, v1};

/// How often a missing store is looked for, and a replaced one noticed.
const UPKEEP_MS: u64 = 5000;
/// Files are put in place one after the other, within milliseconds; whoever looks in between looks again.
const LOOKS_MAX: u32 = 3;
const ACTIVITY: &str = "activity.lmdb";
const PROFILES: &str = "profiles.lmdb";
/// In the store's folder while a restore replaces both files.
const RESTORE_MARK: &str = "restore.pending";

type Now = Box<dyn Fn() -> SystemTime + Send + Sync>;

/// Reads the store in this process. A user nobody knows gets the default profile, as does one whose erasure was asked
/// for: a miss is never an error. It works before there is a store, and follows one that is restored or compacted. The
/// sidecar is told of users who are refreshed when read; no read waits for that, and without a sidecar nobody is told.
///
/// One reader serves all threads, and clones share its store; two of one store in one process are refused.
#[derive(Clone)]
pub struct LocalReader {
    store: Arc<Store>,
    namespace: String,
    tells_reads: bool,
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
    notes: ReadNotes,
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
            notes: ReadNotes::new(directory.as_ref()),
        };
        store.upkeep()?;
        Ok(Self { store: Arc::new(store), namespace: String::new(), tells_reads: true })
    }

    /// Returns a reader of the same store for users of a namespace; at most 64 bytes.
    pub fn within(&self, namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), ..self.clone() }
    }

    /// Returns a reader of the same store that tells the sidecar of users who are refreshed when read, or of nobody.
    pub fn tells_reads(&self, tells_reads: bool) -> Self {
        Self { tells_reads, ..self.clone() }
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
                let found = row.map(|row| self.decoded(row)).transpose()?;
                Ok((found, !is_erased && own.is_none_or(asks_for_refresh)))
            },
        )?;
        let Some((found, asks)) = found else { return Ok(None) };
        if asks && self.tells_reads {
            self.store.tell(&user.key);
        }
        Ok(found)
    }

    fn decoded<M: Message + Default>(&self, row: &[u8]) -> Result<(M, Freshness), Fault> {
        let message = M::decode(&row[HEADER_BYTES..])
            .map_err(|exc| corrupt("a stored message cannot be parsed".to_owned()).source(exc))?;
        Ok((message, freshness_of(row, self.store.now_ms())))
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
        let once = |open: &Open| {
            let erased = open.activity.as_ref().map_or(Ok(false), |activity| activity.look(&is_erased))?;
            open.profiles.as_ref().map(|profiles| profiles.look(|view| look(view, erased))).transpose()
        };
        let first = once(&*self.followed()?);
        let second = match first {
            Err(Fault::Lmdb(lmdb::Error::MapResized)) => {
                self.adopt_maps()?;
                once(&*self.followed()?)
            }
            other => other,
        };
        second.map_err(|fault| match (fault, &self.reading().profiles) {
            (Fault::Ours(error), _) => error,
            (Fault::Lmdb(exc), Some(profiles)) => profiles.translate(exc),
            (Fault::Lmdb(exc), None) => corrupt("activity.lmdb cannot be read".to_owned()).source(exc),
        })
    }

    /// Returns what is open, after a look at the files where that is due.
    fn followed(&self) -> Result<RwLockReadGuard<'_, Open>, Error> {
        loop {
            if self.is_due() {
                self.upkeep_if_due()?;
            }
            let open = self.reading();
            // Zero: a look of another thread has failed meanwhile, and left nothing open.
            if self.upkeep_due_ms.load(Ordering::Relaxed) != 0 {
                return Ok(open);
            }
        }
    }

    /// Tells the sidecar of a user, if an event of theirs was ever accepted: made-up ids are not to reach it.
    fn tell(&self, user: &[u8]) {
        let is_known = |view: &View| Ok(view.get("users", user)?.is_some());
        // What cannot be looked up is not told: the read has been answered.
        if self.reading().activity.as_ref().is_some_and(|activity| activity.look(is_known).unwrap_or(false)) {
            self.notes.tell(user, self.now_ms());
        }
    }

    fn is_due(&self) -> bool {
        self.age_ms() >= self.upkeep_due_ms.load(Ordering::Relaxed)
    }

    /// Has the first of all who found a look due make it, and the others go on behind it.
    fn upkeep_if_due(&self) -> Result<(), Error> {
        let mut open = self.writing();
        if self.is_due() { self.look(&mut open) } else { Ok(()) }
    }

    fn upkeep(&self) -> Result<(), Error> {
        self.look(&mut self.writing())
    }

    fn look(&self, open: &mut Open) -> Result<(), Error> {
        // Said at every call until the store can be used again; served meanwhile, nobody would be known.
        self.upkeep_due_ms.store(0, Ordering::Relaxed);
        if let Err(error) = self.follow(open) {
            *open = Open::default();
            return Err(error);
        }
        self.upkeep_due_ms.store(self.age_ms() + UPKEEP_MS, Ordering::Relaxed);
        Ok(())
    }

    fn follow(&self, open: &mut Open) -> Result<(), Error> {
        let mut followed = Ok(());
        for look in 0..LOOKS_MAX {
            if self.is_restoring() {
                // Not what a look before this one has opened: it is looked at again because it may be of two stores.
                return if look == 0 { self.keep_through_restore(open) } else { Err(self.restoring()) };
            }
            followed = open.follow(&self.directory);
            if self.is_restoring() {
                return Err(self.restoring());
            }
            if open.is_what_stands_in(&self.directory) {
                return followed;
            }
        }
        // Of a store that is being made, or is damaged, nothing is open though there is a file.
        followed?;
        if open.environments().any(Environment::was_replaced) {
            return Err(unusable(&self.directory, "its files were replaced while they were opened"));
        }
        Ok(())
    }

    /// Keeps both environments while a restore replaces them one by one: of two that do not belong together, one may
    /// have a user whose erasure only the other knows of.
    fn keep_through_restore(&self, open: &Open) -> Result<(), Error> {
        if open.profiles.is_none() {
            // Even if it has just ended: nobody would be known until the next look.
            return Err(self.restoring());
        }
        open.environments().filter(|kept| !kept.was_replaced()).try_for_each(Environment::refuse_cut)
    }

    fn restoring(&self) -> Error {
        unusable(&self.directory, "a restore into it is under way, or was interrupted")
            .hint("if none is under way, run `foreword store restore` again")
    }

    fn is_restoring(&self) -> bool {
        self.directory.join(RESTORE_MARK).exists()
    }

    fn adopt_maps(&self) -> Result<(), Error> {
        self.writing().environments().try_for_each(Environment::adopt_map)
    }

    fn now_ms(&self) -> i64 {
        (self.now)().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as i64
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

impl Open {
    /// Opens what has appeared or was replaced. Activity first: no profile is served before erasures can be looked up.
    fn follow(&mut self, directory: &Path) -> Result<(), Error> {
        follow(&mut self.activity, &directory.join(ACTIVITY), &["controls", "users"])?;
        follow(&mut self.profiles, &directory.join(PROFILES), &["profiles", "forewords", "watermarks", "defaults"])
    }

    /// Tells whether nothing took the place of anything during the look: of two folders LMDB would have the lock of one
    /// and the data of the other, and we the erasures of one and the profiles of the other.
    fn is_what_stands_in(&self, directory: &Path) -> bool {
        [(&self.activity, ACTIVITY), (&self.profiles, PROFILES)].iter().all(|(open, name)| {
            let is_there = directory.join(name).join("data.mdb").exists();
            open.as_ref().map_or(!is_there, |environment| is_there && !environment.was_replaced())
        })
    }

    fn environments(&self) -> impl Iterator<Item = &Environment> {
        self.profiles.iter().chain(&self.activity)
    }
}

/// Opens an environment that has appeared or was replaced, and gives up one that is gone; the former is closed first,
/// since two of one path are refused.
fn follow(open: &mut Option<Environment>, path: &Path, names: &[&'static str]) -> Result<(), Error> {
    let stays = |environment: &&Environment| !environment.was_replaced() && !environment.is_gone();
    if let Some(environment) = open.as_ref().filter(stays) {
        return environment.upkeep();
    }
    *open = None;
    *open = Environment::open(path, names)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of all who find a look due, the first makes it; the others go on behind it.
    #[test]
    fn one_of_many_looks() {
        let directory = tempfile::tempdir().unwrap();
        let store = LocalReader::open(directory.path()).unwrap().store;
        // With nothing open a look meets it, and fails.
        std::fs::write(directory.path().join(RESTORE_MARK), "[]").unwrap();
        // As who found it due just before the look that opening was.
        store.upkeep_if_due().unwrap();
        assert!(store.upkeep().is_err());
        assert!(store.upkeep_if_due().is_err());
    }
}
