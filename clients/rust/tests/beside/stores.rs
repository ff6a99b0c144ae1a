//! Stores of the golden vectors, in folders of their own.

use std::fs::{copy, create_dir_all, read_dir};
use std::path::Path;

use tempfile::TempDir;

use crate::settings::setting;

/// Returns a copy of a store of the vectors, an empty folder for one that is not there; None without vectors.
pub fn store_like(name: &str) -> Option<TempDir> {
    let vectors = setting("FOREWORD_VECTOR_STORES")?;
    let directory = tempfile::tempdir().unwrap();
    for environment in ["activity.lmdb", "profiles.lmdb"] {
        let from = Path::new(&vectors).join(name).join(environment);
        if from.exists() {
            copy_environment(&from, &directory.path().join(environment));
        }
    }
    Some(directory)
}

/// Puts the environment of another store of the vectors in place of one, as a restore does.
pub fn replace(place: &Path, name: &str) {
    prepare(place, name);
    swap_in(place);
}

/// Makes what `swap_in` puts in its place.
pub fn prepare(place: &Path, name: &str) {
    let vectors = setting("FOREWORD_VECTOR_STORES").unwrap();
    let from = Path::new(&vectors).join(name).join(place.file_name().unwrap());
    copy_environment(&from, &place.with_extension("incoming"));
}

pub fn swap_in(place: &Path) {
    let former = place.with_extension("former");
    let _ = std::fs::remove_dir_all(&former);
    if place.exists() {
        std::fs::rename(place, former).unwrap();
    }
    std::fs::rename(place.with_extension("incoming"), place).unwrap();
}

fn copy_environment(from: &Path, to: &Path) {
    create_dir_all(to).unwrap();
    for file in read_dir(from).unwrap().map(Result::unwrap) {
        copy(file.path(), to.join(file.file_name())).unwrap();
    }
}
