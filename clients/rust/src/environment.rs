use std::collections::{HashMap, HashSet};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use lmdb::{Database, EnvironmentFlags, RoTransaction, Transaction};

use crate::Error;
use crate::pages::refuse_cut;

/// Room for databases that a later Foreword adds.
const DATABASES_MAX: u32 = 32;
const SCHEMA_MAX: u64 = 2;

/// LMDB forbids a second mapping of one environment in a process: closing either would drop the locks of both.
static OPENED: LazyLock<Mutex<HashSet<PathBuf>>> = LazyLock::new(Mutex::default);

fn opened() -> MutexGuard<'static, HashSet<PathBuf>> {
    OPENED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One open LMDB environment of a store, read while another process writes it.
pub(crate) struct Environment {
    path: PathBuf,
    lmdb: lmdb::Environment,
    databases: HashMap<&'static str, Database>,
    inode: (u64, u64),
}

/// What one transaction sees of an environment.
pub(crate) struct View<'a> {
    transaction: RoTransaction<'a>,
    databases: &'a HashMap<&'static str, Database>,
}

impl View<'_> {
    /// Returns a row, valid as long as the view.
    pub fn get(&self, database: &str, key: &[u8]) -> Result<Option<&[u8]>, lmdb::Error> {
        let Some(database) = self.databases.get(database) else { return Ok(None) };
        match self.transaction.get(*database, &key) {
            Ok(row) => Ok(Some(row)),
            Err(lmdb::Error::NotFound) => Ok(None),
            Err(exc) => Err(exc),
        }
    }
}

/// Why a look into an environment failed: LMDB, or what was found.
pub(crate) enum Fault {
    Lmdb(lmdb::Error),
    Ours(Error),
}

impl From<lmdb::Error> for Fault {
    fn from(exc: lmdb::Error) -> Self {
        Self::Lmdb(exc)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

impl Environment {
    /// Opens an environment with those of the databases that are made; None when nobody has made it yet.
    pub fn open(path: &Path, names: &[&'static str]) -> Result<Option<Self>, Error> {
        let stat = match path.join("data.mdb").metadata() {
            Err(exc) if exc.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(exc) => return Err(unusable(path, exc)),
            Ok(stat) if stat.len() == 0 => return Ok(None),
            Ok(stat) => stat,
        };
        refuse_cut(path)?;
        let path = path.canonicalize().map_err(|exc| unusable(path, exc))?;
        let mut opened = opened();
        if opened.contains(&path) {
            return Err(unusable(&path, "it is open in this process; share the one LocalReader"));
        }
        // Random lookups: read-ahead would fill memory with neighbours nobody asked for. NO_TLS: a slot is given back
        // with the transaction, and not with the thread.
        let lmdb = lmdb::Environment::new()
            .set_flags(EnvironmentFlags::READ_ONLY | EnvironmentFlags::NO_READAHEAD | EnvironmentFlags::NO_TLS)
            .set_max_dbs(DATABASES_MAX)
            .open(&path)
            .map_err(|exc| unusable(&path, exc))?;
        free_dead_slots(&lmdb);
        let mut made = Self { path, lmdb, databases: HashMap::new(), inode: inode(&stat) };
        // Before the first early return, so that dropping it takes it out again.
        opened.insert(made.path.clone());
        drop(opened);
        Ok(made.open_databases(names)?.then_some(made))
    }

    /// Returns false while the environment's writer has not finished making it.
    fn open_databases(&mut self, names: &[&'static str]) -> Result<bool, Error> {
        let Some(meta) = self.database("meta")? else { return Ok(false) };
        self.databases.insert("meta", meta);
        let (schema, made) = self.read(|view| {
            let schema = view.get("meta", b"schema_version")?.and_then(|row| <[u8; 8]>::try_from(row).ok());
            Ok((schema, view.get("meta", b"databases")?.unwrap_or_default().to_vec()))
        })?;
        let place = self.path.display();
        let Some(schema) = schema.map(u64::from_be_bytes) else {
            return Err(corrupt(format!("{place} is damaged: its row schema_version is gone")));
        };
        if schema > SCHEMA_MAX {
            let message = format!("{place} has schema {schema}; this client reads up to {SCHEMA_MAX}");
            return Err(Error::new("STORE_VERSION", message).hint("update the client"));
        }
        for name in names {
            match self.database(name)? {
                Some(database) => drop(self.databases.insert(name, database)),
                None if made.split(|byte| *byte == b'\n').any(|each| each == name.as_bytes()) => {
                    return Err(corrupt(format!("{place} is damaged: its database {name} is gone")));
                }
                None => {}
            }
        }
        Ok(true)
    }

    fn database(&self, name: &str) -> Result<Option<Database>, Error> {
        match self.lmdb.open_db(Some(name)) {
            Ok(database) => Ok(Some(database)),
            Err(lmdb::Error::NotFound) => Ok(None),
            Err(exc) => Err(self.translate(exc)),
        }
    }

    /// Runs a function on one view of the environment.
    pub fn look<T>(&self, look: impl FnOnce(&View) -> Result<T, Fault>) -> Result<T, Fault> {
        look(&View { transaction: self.lmdb.begin_ro_txn()?, databases: &self.databases })
    }

    /// The same, with what LMDB says in our words.
    pub fn read<T>(&self, look: impl FnOnce(&View) -> Result<T, Fault>) -> Result<T, Error> {
        self.look(look).map_err(|fault| match fault {
            Fault::Ours(error) => error,
            Fault::Lmdb(exc) => self.translate(exc),
        })
    }

    /// Maps as much as another process has grown the environment to; nobody may be reading.
    pub fn adopt_map(&self) -> Result<(), Error> {
        self.lmdb.set_map_size(0).map_err(|exc| self.translate(exc))
    }

    /// Tells whether another environment stands in this one's place, by a restore or a compaction.
    pub fn was_replaced(&self) -> bool {
        self.path.join("data.mdb").metadata().is_ok_and(|stat| inode(&stat) != self.inode)
    }

    /// Tells whether the store has no such environment any more, as after restoring a backup that lacks it. One that a
    /// swap has put aside, or whose whole store is out of sight, is not gone.
    pub fn is_gone(&self) -> bool {
        let is_aside = !self.path.exists() && self.path.with_extension("lmdb.former").exists();
        self.path.parent().is_some_and(Path::exists) && !is_aside && !self.path.join("data.mdb").exists()
    }

    /// Refuses to go on with a data file that was cut short.
    pub fn refuse_cut(&self) -> Result<(), Error> {
        refuse_cut(&self.path)
    }

    /// The same, and frees the slots of readers that died.
    pub fn upkeep(&self) -> Result<(), Error> {
        self.refuse_cut()?;
        free_dead_slots(&self.lmdb);
        Ok(())
    }

    pub fn translate(&self, exc: lmdb::Error) -> Error {
        match exc {
            lmdb::Error::Corrupted | lmdb::Error::PageNotFound | lmdb::Error::BadTxn | lmdb::Error::Invalid => {
                corrupt(format!("{} is damaged", self.path.display())).source(exc)
            }
            _ => unusable(&self.path, exc),
        }
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        opened().remove(&self.path);
    }
}

/// A reader that died within a read would hold its pages, and its slot, for as long as any process has the environment
/// open. Failing, it frees none.
fn free_dead_slots(lmdb: &lmdb::Environment) {
    let mut freed = 0;
    // SAFETY: the environment is open, and LMDB takes its lock on the slots itself.
    unsafe { lmdb_sys::mdb_reader_check(lmdb.env(), &mut freed) };
}

fn inode(stat: &Metadata) -> (u64, u64) {
    (stat.dev(), stat.ino())
}

pub(crate) fn corrupt(message: String) -> Error {
    Error::new("STORE_CORRUPT", message).hint("run `foreword store check`, then restore a backup")
}

pub(crate) fn unusable(path: &Path, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let cause = cause.into();
    Error::new("STORE_UNUSABLE", format!("{} cannot be used: {cause}", path.display())).source(cause)
}
