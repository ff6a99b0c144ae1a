//! `foreword_native` of Python: reads in process, for `foreword.local`, which answers in its own words what is None here.
//!
//! The interpreter's lock is held throughout: a read takes a microsecond or two, and one that lets go of the lock waits up
//! to 5 ms for it while another thread computes (2 µs became 532 on average; of two threads each read half as much).

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::answer::{self, Served, PREFIX_BYTES};
use crate::proto::{Field, Fields};
use crate::reads::Reads;
use crate::request::{User, TOKENS_MAX};
use crate::store::{Found, Kind, Store};

/// How many forks lie between this process and the one that loaded the module.
static FORKS: AtomicU32 = AtomicU32::new(0);

type Row<'py> = Option<Bound<'py, PyBytes>>;

/// A store that is mapped here, and by nobody else in this process.
#[pyclass(frozen, module = "foreword_native")]
struct MappedStore {
    open: Mutex<Option<Open>>,
    forks: u32,
}

struct Open {
    store: Store,
    reads: Reads,
    due: Instant,
}

/// A read as Python asks for it.
struct Asked<'a, 'py> {
    user_id: &'a Bound<'py, PyAny>,
    namespace: &'a Bound<'py, PyAny>,
    /// Milliseconds since 1970; None goes by the machine's clock.
    now_ms: Option<i64>,
    /// Whether a user who is refreshed when read is left to Python, which tells of them.
    tells: bool,
}

#[pymethods]
impl MappedStore {
    /// Maps nothing yet: `follow` does.
    #[new]
    fn new(directory: PathBuf, readers_max: u32) -> Self {
        static NOTED: Once = Once::new();
        // SAFETY: what is called after a fork only counts.
        NOTED.call_once(|| unsafe {
            libc::pthread_atfork(None, None, Some(note_fork));
        });
        let open = Open { store: Store::closed(&directory, readers_max), reads: Reads::new(), due: Instant::now() };
        Self { open: Mutex::new(Some(open)), forks: FORKS.load(Ordering::Relaxed) }
    }

    /// Maps what has appeared, follows what was replaced, lets go of what was cut short; returns whether it can be read.
    fn follow(&self, again_seconds: f64) -> bool {
        self.opened().is_some_and(|mut guard| {
            let Some(open) = guard.as_mut() else { return false };
            open.store.follow();
            open.due = Instant::now() + Duration::from_secs_f64(again_seconds.max(0.0));
            open.store.read().is_some()
        })
    }

    /// Whether `follow` is to be called before the next read, or nothing can be read here any more.
    fn is_due(&self) -> bool {
        self.opened().is_none_or(|guard| guard.as_ref().is_none_or(Open::is_due))
    }

    /// Whether this process was forked from the one that made it: then nothing of it may be touched.
    #[getter]
    fn is_inherited(&self) -> bool {
        self.forks != FORKS.load(Ordering::Relaxed)
    }

    /// Device and inode of each file that is mapped.
    fn inodes(&self) -> Vec<(u64, u64)> {
        self.opened().map_or_else(Vec::new, |guard| guard.as_ref().map_or_else(Vec::new, |open| open.store.inodes()))
    }

    /// Lets go of the files.
    fn close(&self) {
        if let Some(mut guard) = self.opened() {
            *guard = None;
        }
    }

    /// A serialized GetProfileResponse.
    fn profile_response<'py>(
        &self,
        user_id: &Bound<'py, PyAny>,
        namespace: &Bound<'py, PyAny>,
        now_ms: Option<i64>,
        tells: bool,
    ) -> Row<'py> {
        let py = user_id.py();
        let asked = Asked { user_id, namespace, now_ms, tells };
        self.read(Kind::Profile, &asked, |user, found, now_ms| {
            let served = Served::of(user, found, now_ms)?;
            let mut message = Vec::with_capacity(served.size());
            served.put(&mut message);
            Some(PyBytes::new(py, &message))
        })
    }

    /// A serialized GetForewordResponse, the whole text.
    fn foreword_response<'py>(
        &self,
        user_id: &Bound<'py, PyAny>,
        namespace: &Bound<'py, PyAny>,
        now_ms: Option<i64>,
        tells: bool,
    ) -> Row<'py> {
        let py = user_id.py();
        let asked = Asked { user_id, namespace, now_ms, tells };
        self.read(Kind::Foreword, &asked, |_, found, now_ms| {
            let framed = answer::foreword(found, TOKENS_MAX, now_ms)?;
            Some(PyBytes::new(py, &framed[PREFIX_BYTES..]))
        })
    }

    /// The text of it alone, within a budget of 1 to 200 tokens.
    fn text<'py>(
        &self,
        user_id: &Bound<'py, PyAny>,
        namespace: &Bound<'py, PyAny>,
        now_ms: Option<i64>,
        tells: bool,
        tokens_max: u64,
    ) -> Option<Bound<'py, PyString>> {
        let py = user_id.py();
        let asked = Asked { user_id, namespace, now_ms, tells };
        self.read(Kind::Foreword, &asked, |_, found, now_ms| {
            let framed = answer::foreword(found, tokens_max, now_ms)?;
            Some(PyString::new(py, text_of(&framed[PREFIX_BYTES..])?))
        })
    }

    /// Rows of one moment, as they are found, by database and key; None where nothing is mapped.
    ///
    /// # Errors
    /// LMDB meets damage, or the system fails.
    fn rows<'py>(&self, py: Python<'py>, places: Vec<(Vec<u8>, Vec<u8>)>) -> PyResult<Option<Vec<Row<'py>>>> {
        let Some(mut guard) = self.opened() else { return Ok(None) };
        let Some(reading) = guard.as_mut().and_then(|open| open.store.read()) else { return Ok(None) };
        let mut rows = Vec::with_capacity(places.len());
        for (database, key) in &places {
            rows.push(reading.row(database, key)?.map(|row| PyBytes::new(py, row)));
        }
        Ok(Some(rows))
    }
}

impl MappedStore {
    /// What is open; None in a forked child, where its locks and its slots are the parent's.
    fn opened(&self) -> Option<MutexGuard<'_, Option<Open>>> {
        // Poisoned by a panic, which is an exception in Python: what is mapped is as sound as before.
        (!self.is_inherited()).then(|| self.open.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Answers a read; None leaves it to Python: nothing is mapped, it is time to look at the files, or what is asked or
    /// found is out of the ordinary.
    fn read<T>(&self, kind: Kind, asked: &Asked, answer: impl FnOnce(&User, &Found, i64) -> Option<T>) -> Option<T> {
        let user = User { id: utf8(asked.user_id)?, namespace: utf8(asked.namespace)? }.checked()?;
        let now_ms = asked.now_ms.map_or_else(machine_ms, Some)?;
        let mut guard = self.opened()?;
        let open = guard.as_mut().filter(|open| !open.is_due())?;
        let reading = open.store.read()?;
        let key = user.key();
        let found = reading.find(kind, &key)?;
        if asked.tells {
            open.reads.note(&reading, &key, answer::row_of(&found), now_ms);
            if open.reads.has_asking() {
                open.reads.take_lines();
                return None;
            }
        }
        answer(&user, &found, now_ms)
    }
}

impl Open {
    fn is_due(&self) -> bool {
        Instant::now() >= self.due
    }
}

impl Drop for MappedStore {
    fn drop(&mut self) {
        if self.is_inherited() {
            // Closed here, the parent's slots would be free for others while it reads.
            let open = self.open.get_mut().unwrap_or_else(PoisonError::into_inner).take();
            std::mem::forget(open);
        }
    }
}

// SAFETY: LMDB's environment and its one transaction are of no thread (MDB_NOTLS), and used under the mutex.
unsafe impl Send for Open {}

extern "C" fn note_fork() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

fn utf8<'a>(text: &'a Bound<PyAny>) -> Option<&'a [u8]> {
    text.cast::<PyString>().ok()?.to_str().ok().map(str::as_bytes)
}

fn machine_ms() -> Option<i64> {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}

/// Field 1 of a GetForewordResponse.
fn text_of(message: &[u8]) -> Option<&str> {
    match Fields::new(message).next() {
        Some(Some(Field::Bytes(1, text))) => std::str::from_utf8(text).ok(),
        _ => Some(""),
    }
}

#[pymodule]
mod foreword_native {
    #[pymodule_export]
    use super::MappedStore;

    /// What the functions above mean; `foreword.store.accelerator` has the same number.
    #[pymodule_export]
    const PROTOCOL: u32 = 1;
}
