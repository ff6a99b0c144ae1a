//! The reader beside the daemons that write the store.

use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::settings::setting;
use crate::stores::{prepare, replace, store_like, swap_in};
use foreword::v1::operator_service_client::OperatorServiceClient;
use foreword::v1::user_data_service_client::UserDataServiceClient;
use foreword::{Asked, Client, Freshness, LocalReader, v1};

/// The reader says what the sidecar says; an erased user is unknown to it as soon as the sidecar has taken the
/// erasure; and a second reader of the store is refused, since LMDB forbids two mappings in a process.
#[tokio::test]
async fn beside_the_daemons() {
    let (Some(store), Some(target)) = (setting("FOREWORD_STORE"), setting("FOREWORD_TARGET")) else { return };
    let (reader, client) = (reader_of(&store), Client::new(&target).unwrap());
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
    let Some(directory) = store_like("absent") else { return };
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
        replace(&place, store);
        reader.upkeep().unwrap();
        assert_eq!(reader.profile("ada").unwrap().profile.unwrap().revision, revision, "{store}");
    }
    others.into_iter().for_each(|other| other.join().unwrap());
}

/// A dormant user who is read here is refreshed by the daemons, for that reason.
#[tokio::test]
async fn a_dormant_user_is_refreshed_when_read() {
    let (Some(store), Some(target)) = (setting("FOREWORD_STORE"), setting("FOREWORD_TARGET")) else { return };
    let client = Client::new(&target).unwrap();
    let mut operator = OperatorServiceClient::new(client.channel());
    let reader = reader_of(&store);
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        // Again and again: what is sent while the sidecar has no room is lost.
        let read = reader.profile("sleeper-rust").unwrap();
        assert_eq!(read.profile.unwrap().segment(), v1::Segment::Dormant);
        let asked = v1::GetLedgerRequest { user_id: "sleeper-rust".into(), attempts_max: 9, ..Default::default() };
        let attempts = operator.get_ledger(asked).await.unwrap().into_inner().attempts;
        if attempts.iter().flat_map(|attempt| &attempt.entry).any(|entry| entry.reason() == v1::RefreshReason::OnOpen) {
            break;
        }
        assert!(Instant::now() < deadline, "{attempts:?}");
    }
}

/// Nobody waits for a sidecar that takes nothing: a socket that is full, gone, or was never there.
#[test]
fn no_read_waits_for_the_sidecar() {
    let Some(directory) = store_like("sound") else { return };
    let seconds = AtomicU64::new(1_700_000_000);
    // A second between any two reads, so that each tells.
    let clock = move || SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.fetch_add(1, Ordering::Relaxed));
    let reader = LocalReader::open_at(directory.path(), clock).unwrap();
    let read = |count| (0..count).for_each(|_| drop(reader.profile("dormant").unwrap()));
    read(1);
    let socket = directory.path().join("read_notes.sock");
    assert!(!socket.exists());
    let taking = UnixDatagram::bind(&socket).unwrap();
    read(2000);
    let taken = count_taken(&taking);
    assert!((1..2000).contains(&taken), "the kernel holds {taken} datagrams: not full, or none was sent");
    drop(taking);
    read(1);
}

/// Of a store whose path is longer than a socket's address may be, the sidecar is told as well; and of nobody by a
/// reader that was told not to.
#[test]
fn long_paths_and_readers_that_tell_nobody() {
    let Some(sound) = store_like("sound") else { return };
    let directory = sound.path().join("d".repeat(110));
    std::fs::create_dir(&directory).unwrap();
    for environment in ["activity.lmdb", "profiles.lmdb"] {
        std::fs::rename(sound.path().join(environment), directory.join(environment)).unwrap();
    }
    let folder = std::fs::File::open(&directory).unwrap();
    let taking = UnixDatagram::bind(format!("/proc/self/fd/{}/read_notes.sock", folder.as_raw_fd())).unwrap();
    let reader = LocalReader::open(&directory).unwrap();
    reader.tells_reads(false).profile("dormant").unwrap();
    assert_eq!(count_taken(&taking), 0);
    reader.profile("dormant").unwrap();
    assert_eq!(count_taken(&taking), 1);
}

/// A restore is followed once it has ended: until then both files are those of before, so that nobody is seen whose
/// erasure only one of them knows of. A reader that is opened meanwhile is refused.
#[test]
fn a_restore_is_followed_once_it_has_ended() {
    let Some(directory) = store_like("sound") else { return };
    let (activity, profiles) = (directory.path().join("activity.lmdb"), directory.path().join("profiles.lmdb"));
    let mark = directory.path().join("restore.pending");
    let reader = LocalReader::open(directory.path()).unwrap();
    let seen = |reader: &LocalReader| {
        reader.upkeep().unwrap();
        let ada = reader.profile("ada").unwrap().profile.unwrap().revision;
        (ada, reader.within("acme").profile("leaver").unwrap().freshness() == Freshness::Default)
    };
    assert_eq!(seen(&reader), (8, true));
    std::fs::write(&mark, "[]").unwrap();
    replace(&activity, "restored");
    assert_eq!(seen(&reader), (8, true));
    replace(&profiles, "restored");
    assert_eq!(seen(&reader), (8, true));
    drop(reader);
    let refused = LocalReader::open(directory.path()).err().unwrap();
    assert_eq!(refused.reason, "STORE_UNUSABLE");
    assert!(refused.message.contains("restore"), "{refused}");
    std::fs::remove_file(&mark).unwrap();
    assert_eq!(seen(&LocalReader::open(directory.path()).unwrap()), (9, false));
}

/// A reader that stays open through a restore follows both files after it; one whose file is cut short meanwhile is
/// refused.
#[test]
fn a_restore_that_has_ended_is_followed() {
    let Some(directory) = store_like("sound") else { return };
    let mark = directory.path().join("restore.pending");
    let reader = LocalReader::open(directory.path()).unwrap();
    std::fs::write(&mark, "[]").unwrap();
    for environment in ["activity.lmdb", "profiles.lmdb"] {
        replace(&directory.path().join(environment), "restored");
        reader.upkeep().unwrap();
    }
    std::fs::remove_file(&mark).unwrap();
    reader.upkeep().unwrap();
    assert_eq!(reader.profile("ada").unwrap().profile.unwrap().revision, 9);
    assert_ne!(reader.within("acme").profile("leaver").unwrap().freshness(), Freshness::Default);
    std::fs::write(&mark, "[]").unwrap();
    let file = std::fs::File::options().write(true).open(directory.path().join("profiles.lmdb/data.mdb")).unwrap();
    file.set_len(3 * 4096).unwrap();
    assert_eq!(reader.upkeep().unwrap_err().reason, "STORE_CORRUPT");
    assert!(reader.profile("ada").is_err());
}

/// Beside the erasures of a store without profiles, as restoring leaves it, none of the former's are shown; what a swap
/// cut short has put aside is read on.
#[test]
fn profiles_that_are_gone_are_not_read_on() {
    let Some(directory) = store_like("sound") else { return };
    let profiles = directory.path().join("profiles.lmdb");
    let former = directory.path().join("profiles.lmdb.former");
    let reader = LocalReader::open(directory.path()).unwrap();
    std::fs::rename(&profiles, &former).unwrap();
    reader.upkeep().unwrap();
    assert_eq!(reader.profile("ada").unwrap().profile.unwrap().revision, 8);
    std::fs::remove_dir_all(&former).unwrap();
    replace(&directory.path().join("activity.lmdb"), "restored");
    reader.upkeep().unwrap();
    assert_eq!(reader.profile("ada").unwrap().freshness(), Freshness::Default);
    assert_eq!(reader.within("acme").profile("leaver").unwrap().freshness(), Freshness::Default);
}

/// While one restore follows the other, whatever a look meets, what is read then is of one side: profiles and erasures of
/// before, or both of after; or nothing, where the mark was noticed only after the look.
#[test]
fn restores_one_after_the_other() {
    let Some(directory) = store_like("sound") else { return };
    let reader = LocalReader::open(directory.path()).unwrap();
    let restoring = restoring(directory.path());
    while !restoring.is_finished() {
        if let Err(error) = reader.upkeep() {
            assert_eq!(error.reason, "STORE_UNUSABLE", "{error}");
            continue;
        }
        let revision = reader.profile("ada").unwrap().profile.unwrap().revision;
        let is_unseen = reader.within("acme").profile("leaver").unwrap().freshness() == Freshness::Default;
        assert!([(8, true), (9, false)].contains(&(revision, is_unseen)), "{revision} {is_unseen}");
    }
    restoring.join().unwrap();
    reader.upkeep().unwrap();
    assert_eq!(reader.profile("ada").unwrap().profile.unwrap().revision, 8);
}

/// Whoever reads while another thread's look fails is refused too, and not served as if nobody were known.
#[test]
fn a_look_that_fails_under_a_read() {
    let Some(directory) = store_like("sound") else { return };
    let reader = LocalReader::open(directory.path()).unwrap();
    let (other, restoring) = (reader.clone(), restoring(directory.path()));
    let reading = thread::spawn(move || {
        while !restoring.is_finished() {
            match other.profile("ada") {
                Ok(found) => assert_ne!(found.freshness(), Freshness::Default),
                Err(error) => assert_eq!(error.reason, "STORE_UNUSABLE", "{error}"),
            }
        }
        restoring.join().unwrap();
    });
    while !reading.is_finished() {
        let _ = reader.upkeep();
    }
    reading.join().unwrap();
}

/// Restores two stores in turn, the last time the one that was there at first.
fn restoring(store: &Path) -> thread::JoinHandle<()> {
    let environments = ["profiles.lmdb", "activity.lmdb"].map(|name| store.join(name));
    let mark = store.join("restore.pending");
    thread::spawn(move || {
        for name in ["restored", "sound"].iter().cycle().take(200) {
            environments.iter().for_each(|environment| prepare(environment, name));
            std::fs::write(&mark, "[]").unwrap();
            environments.iter().for_each(|environment| swap_in(environment));
            std::fs::remove_file(&mark).unwrap();
        }
    })
}

/// A reader that dies within a read leaves its slot, and the pages it holds, to the next look of another.
#[test]
fn slots_of_the_dead_are_freed() {
    const DIES_IN: &str = "FOREWORD_TEST_DIES_IN";
    if let Some(store) = std::env::var_os(DIES_IN) {
        // The clock is asked within the read.
        let dying = LocalReader::open_at(store, || std::process::exit(0)).unwrap();
        drop(dying.profile("ada"));
        unreachable!("the read went on");
    }
    let Some(directory) = store_like("sound") else { return };
    let reader = LocalReader::open(directory.path()).unwrap();
    let mut dying = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "local::slots_of_the_dead_are_freed"])
        .env(DIES_IN, directory.path())
        .spawn()
        .unwrap();
    assert!(dying.wait().unwrap().success());
    let holds_slot = || {
        let slots = std::fs::read(directory.path().join("profiles.lmdb/lock.mdb")).unwrap();
        slots.chunks_exact(4).any(|word| word == dying.id().to_le_bytes())
    };
    assert!(holds_slot());
    reader.upkeep().unwrap();
    assert!(!holds_slot());
}

/// Returns the one reader that this process may have of the daemons' store.
fn reader_of(store: &str) -> LocalReader {
    static READER: OnceLock<LocalReader> = OnceLock::new();
    READER.get_or_init(|| LocalReader::open(store).unwrap()).clone()
}

fn count_taken(taking: &UnixDatagram) -> usize {
    taking.set_nonblocking(true).unwrap();
    std::iter::from_fn(|| taking.recv(&mut [0; 512]).ok()).count()
}
