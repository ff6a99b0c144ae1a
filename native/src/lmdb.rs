//! One LMDB environment, opened for reading beside the daemons that write it.

use std::ffi::CString;
use std::io;
use std::marker::PhantomData;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::ptr;

use lmdb_sys as ffi;

/// As many as our daemons reserve: a later Foreword may have more databases than this one knows.
const DATABASES_MAX: u32 = 32;

/// Of an environment's folder.
pub const DATA_FILE: &str = "data.mdb";

/// A named database of the environment that opened it.
#[derive(Clone, Copy)]
pub struct Database(ffi::MDB_dbi);

/// An environment with one reader slot, for one thread. No process may have two of the same folder.
pub struct Environment {
    env: *mut ffi::MDB_env,
    txn: *mut ffi::MDB_txn,
    file: PathBuf,
    inode: (u64, u64),
}

/// A consistent view of an environment; bytes it hands out are valid until it is dropped.
pub struct View<'a> {
    txn: *mut ffi::MDB_txn,
    of: PhantomData<&'a Environment>,
}

impl Environment {
    /// Opens the folder at `path`; `readers_max` counts only where no other process has it open.
    ///
    /// # Errors
    /// There is none, one that is cut short, or LMDB refuses it.
    pub fn open(path: &Path, readers_max: u32) -> io::Result<Self> {
        let file = path.join(DATA_FILE);
        let inode = inode(&file)?;
        refuse_cut(&file)?;
        let lock = path.join("lock.mdb");
        let mut flags = ffi::MDB_RDONLY | ffi::MDB_NOTLS | ffi::MDB_NORDAHEAD;
        match std::fs::OpenOptions::new().read(true).write(true).open(&lock) {
            Ok(_) => {}
            // Left to the daemons to make: LMDB makes it sparse, and a full disk would then end this process.
            Err(error) if error.kind() == io::ErrorKind::NotFound && is_writable(path) => return Err(error),
            Err(_) => flags |= ffi::MDB_NOLOCK,
        }
        let folder = CString::new(path.as_os_str().as_bytes())?;
        let mut env = ptr::null_mut();
        // SAFETY: `env` is made here, and closed on every way out; the texts outlive the calls.
        unsafe {
            check(ffi::mdb_env_create(&mut env))?;
            let opened = check(ffi::mdb_env_set_maxdbs(env, DATABASES_MAX))
                .and_then(|()| check(ffi::mdb_env_set_maxreaders(env, readers_max)))
                .and_then(|()| check(ffi::mdb_env_open(env, folder.as_ptr(), flags, 0o600)))
                .and_then(|()| {
                    let mut txn = ptr::null_mut();
                    check(ffi::mdb_txn_begin(env, ptr::null_mut(), ffi::MDB_RDONLY, &mut txn)).map(|()| txn)
                });
            match opened {
                Ok(txn) => {
                    ffi::mdb_txn_reset(txn);
                    // Slots of readers that died; nobody else may be there to free them. Failing, it frees none.
                    let mut freed = 0;
                    ffi::mdb_reader_check(env, &mut freed);
                    Ok(Self { env, txn, file, inode })
                }
                Err(error) => {
                    ffi::mdb_env_close(env);
                    Err(error)
                }
            }
        }
    }

    /// Returns a database, or None where the environment has none of that name.
    pub fn database(&mut self, name: &str) -> io::Result<Option<Database>> {
        let name = CString::new(name)?;
        let mut handle = 0;
        // SAFETY: no view is taken, `&mut self` says so; the handle outlives a transaction that commits.
        unsafe {
            let mut txn = ptr::null_mut();
            check(ffi::mdb_txn_begin(self.env, ptr::null_mut(), ffi::MDB_RDONLY, &mut txn))?;
            let code = ffi::mdb_dbi_open(txn, name.as_ptr(), 0, &mut handle);
            if code == ffi::MDB_NOTFOUND {
                ffi::mdb_txn_abort(txn);
                return Ok(None);
            }
            if let Err(error) = check(code) {
                ffi::mdb_txn_abort(txn);
                return Err(error);
            }
            check(ffi::mdb_txn_commit(txn))?;
        }
        Ok(Some(Database(handle)))
    }

    /// Takes a view of what is committed now. One at a time: the second call would end the first's.
    pub fn view(&mut self) -> io::Result<View<'_>> {
        // SAFETY: the transaction is this environment's, and reset.
        let mut code = unsafe { ffi::mdb_txn_renew(self.txn) };
        if code == ffi::MDB_MAP_RESIZED {
            // Another process has grown the file. SAFETY: no view is taken, `&mut self` says so.
            code = unsafe {
                check(ffi::mdb_env_set_mapsize(self.env, 0))?;
                ffi::mdb_txn_renew(self.txn)
            };
        }
        check(code)?;
        Ok(View { txn: self.txn, of: PhantomData })
    }

    /// Device and inode of the file that is mapped.
    pub fn inode(&self) -> (u64, u64) {
        self.inode
    }

    /// Whether another file stands in the place of the one that is mapped.
    pub fn was_replaced(&self) -> bool {
        inode(&self.file).is_ok_and(|found| found != self.inode)
    }

    /// Whether a swap that was cut short, or is under way, has put the environment aside with nothing in its place.
    pub fn is_aside(&self) -> bool {
        let folder = self.file.parent().unwrap_or(&self.file);
        !folder.exists() && folder.with_extension("lmdb.former").exists()
    }

    /// Fails when the file was cut short: the first page that is missing would end this process.
    pub fn refuse_cut(&self) -> io::Result<()> {
        refuse_cut(&self.file)
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        // SAFETY: views borrow the environment, so none is left.
        unsafe {
            ffi::mdb_txn_abort(self.txn);
            ffi::mdb_env_close(self.env);
        }
    }
}

impl View<'_> {
    /// Returns the row of a key.
    pub fn get(&self, database: Database, key: &[u8]) -> io::Result<Option<&[u8]>> {
        let mut key = ffi::MDB_val { mv_size: key.len(), mv_data: key.as_ptr() as *mut _ };
        let mut row = ffi::MDB_val { mv_size: 0, mv_data: ptr::null_mut() };
        // SAFETY: LMDB does not write to a key. What it hands out is in the map until the view ends.
        unsafe {
            match ffi::mdb_get(self.txn, database.0, &mut key, &mut row) {
                ffi::MDB_NOTFOUND => Ok(None),
                code => check(code).map(|()| Some(std::slice::from_raw_parts(row.mv_data as *const u8, row.mv_size))),
            }
        }
    }
}

impl Drop for View<'_> {
    fn drop(&mut self) {
        // SAFETY: the transaction was renewed for this view.
        unsafe { ffi::mdb_txn_reset(self.txn) }
    }
}

/// Device and inode: what tells a file from another of its name.
pub fn inode(file: &Path) -> io::Result<(u64, u64)> {
    let found = std::fs::metadata(file)?;
    Ok((found.dev(), found.ino()))
}

fn is_writable(folder: &Path) -> bool {
    CString::new(folder.as_os_str().as_bytes())
        // SAFETY: the text is terminated and outlives the call.
        .is_ok_and(|path| unsafe { libc::access(path.as_ptr(), libc::W_OK) } == 0)
}

fn check(code: libc::c_int) -> io::Result<()> {
    match code {
        0 => Ok(()),
        system if system > 0 => Err(io::Error::from_raw_os_error(system)),
        own => Err(io::Error::other(format!("LMDB error {own}"))),
    }
}

/// Fails when a data file ends before the last page that its newer meta page names.
///
/// Such a file may be whole, with free pages at its end that were never written. The sidecar looks closer, and answers
/// meanwhile; telling here would take a walk through the lists of free pages.
fn refuse_cut(file: &Path) -> io::Result<()> {
    use std::os::unix::fs::FileExt;
    let open = std::fs::File::open(file)?;
    let mut first = [0; META_BYTES];
    let mut second = [0; META_BYTES];
    open.read_exact_at(&mut first, 0)?;
    let page_bytes = u64::from(u32::from_le_bytes(first[40..44].try_into().expect("4 bytes")));
    open.read_exact_at(&mut second, page_bytes)?;
    let newest = [first, second].into_iter().max_by_key(|meta| number(meta, 144)).expect("two");
    // In this order: whatever a meta page names is in the file before it is.
    let size_bytes = open.metadata()?.len();
    if size_bytes < (number(&newest, 136) + 1) * page_bytes {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the data file was cut short"));
    }
    Ok(())
}

/// Up to the end of a meta page's numbers: the last page at 136, the transaction at 144.
const META_BYTES: usize = 152;

fn number(meta: &[u8; META_BYTES], offset: usize) -> u64 {
    u64::from_le_bytes(meta[offset..offset + 8].try_into().expect("8 bytes"))
}
