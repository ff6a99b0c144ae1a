//! The reader beside the daemons that write the store.

use std::fs::{create_dir_all, read_dir, rename};
use std::path::Path;
use std::thread;

use crate::settings::setting;
use foreword::v1::user_data_service_client::UserDataServiceClient;
use foreword::{Asked, Client, Freshness, LocalReader, v1};

/// The reader says what the sidecar says; an erased user is unknown to it as soon as the sidecar has taken the
/// erasure; and a second reader of the store is refused, since LMDB forbids two mappings in a process.
#[tokio::test]
async fn beside_the_daemons() {
    let (Some(store), Some(target)) = (setting("FOREWORD_STORE"), setting("FOREWORD_TARGET")) else { return };
    let (reader, client) = (LocalReader::open(&store).unwrap(), Client::new(&target).unwrap());
    let read = reader.profile("ada").unwrap();
    assert_eq!(read.freshness(), Freshness::Fresh);
    assert_eq!(read, client.try_profile("ada").await.unwrap());
    let text = reader.text("ada", 40).unwrap();
    assert_eq!(text, client.text("ada", Asked { max_tokens: 40, ..Default::default() }).await);
    assert!(!text.is_empty());
    assert!(reader.scheduler_seen().unwrap().is_some());
    assert_eq!(LocalReader::open(&store).err().unwrap().reason, "STORE_UNUSABLE");

    assert_eq!(reader.profile("leaver-rust").unwrap().freshness(), Freshness::Fresh);
    let request = v1::EraseUserRequest { user_id: "leaver-rust".into(), ..Default::default() };
    UserDataServiceClient::new(client.channel()).erase_user(request).await.unwrap();
    assert_eq!(reader.profile("leaver-rust").unwrap().freshness(), Freshness::Default);
    assert_eq!(reader.text("leaver-rust", 0).unwrap(), "");
}

/// A store may come after the reader, and one that takes its place is read from the next look on, while others read.
#[test]
fn a_replaced_store_is_followed() {
    let Some(vectors) = setting("FOREWORD_VECTOR_STORES") else { return };
    let directory = tempfile::tempdir().unwrap();
    let reader = LocalReader::open(directory.path()).unwrap();
    assert_eq!(reader.text("ada", 0).unwrap(), "");
    let others: Vec<_> = (0..4)
        .map(|_| {
            let reader = reader.clone();
            thread::spawn(move || (0..2000).for_each(|_| drop(reader.profile("ada").unwrap())))
        })
        .collect();
    let place = directory.path().join("profiles.lmdb");
    for (store, revision) in [("sound", 8), ("bare", 0)] {
        let incoming = place.with_extension("incoming");
        copy(&Path::new(&vectors).join(store).join("profiles.lmdb"), &incoming);
        if place.exists() {
            rename(&place, place.with_extension("former")).unwrap();
        }
        rename(&incoming, &place).unwrap();
        reader.upkeep().unwrap();
        assert_eq!(reader.profile("ada").unwrap().profile.unwrap().revision, revision, "{store}");
    }
    others.into_iter().for_each(|other| other.join().unwrap());
}

fn copy(from: &Path, to: &Path) {
    create_dir_all(to).unwrap();
    for file in read_dir(from).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}
