use std::fs;
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use tonic::metadata::AsciiMetadataValue;

use crate::Error;

/// Returns the token of the moment.
pub(crate) type Token = Arc<dyn Fn() -> Result<String, Error> + Send + Sync>;

/// A token, and the file that holds it: when it was written, its size, and its inode.
type Read = (String, (SystemTime, u64, u64));

/// Returns what reads a token's file anew when it changes. One that is empty, or not there, leaves the former in force.
pub(crate) fn of_file(path: PathBuf) -> Token {
    let kept: Mutex<Option<Read>> = Mutex::default();
    Arc::new(move || {
        let mut kept = kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        match (read_anew(&path, kept.as_ref()), kept.take()) {
            (Ok(read), _) | (Err(_), Some(read)) => Ok(kept.insert(read).0.clone()),
            (Err(exc), None) => {
                Err(Error::new("UNAUTHENTICATED", format!("the token file cannot be read: {exc}")).source(exc))
            }
        }
    })
}

fn read_anew(path: &Path, former: Option<&Read>) -> io::Result<Read> {
    let found = fs::metadata(path)?;
    let seen = (found.modified()?, found.len(), found.ino());
    if let Some(read) = former.filter(|read| read.1 == seen) {
        return Ok(read.clone());
    }
    match fs::read_to_string(path)?.trim() {
        "" => Err(io::Error::other("it is empty")),
        token => Ok((token.to_owned(), seen)),
    }
}

/// Returns what a call carries.
pub(crate) fn authorization(token: &Token) -> Result<AsciiMetadataValue, Error> {
    let mut value: AsciiMetadataValue = format!("Bearer {}", token()?)
        .parse()
        .map_err(|exc| Error::field("token", "something else", "printable characters of ASCII").source(exc))?;
    // Kept out of what is printed for debugging.
    value.set_sensitive(true);
    Ok(value)
}

/// Refuses to send a token to another machine in clear text.
pub(crate) fn check_target(target: &str) -> Result<(), Error> {
    if target.starts_with("unix:") || target.starts_with("https://") {
        return Ok(());
    }
    let place = target.split_once("://").map_or(target, |(_, place)| place);
    let host = place.rsplit_once(':').map_or(place, |(host, _)| host).trim_matches(['[', ']']);
    if host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()) {
        return Ok(());
    }
    Err(Error::field(
        "token",
        &format!("a token for {target}, another machine, without TLS"),
        "a channel with TLS, by Client::of_channel with https:// in its target",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Another file in the place of the former is read, also one as old and as long, as a tool that sets all times makes it.
    #[test]
    fn a_file_that_is_replaced_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let token = of_file(path.clone());
        for text in ["one", "two"] {
            let anew = folder.path().join(text);
            fs::write(&anew, text).unwrap();
            fs::File::options().write(true).open(&anew).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
            fs::rename(&anew, &path).unwrap();
            assert_eq!(token().unwrap(), text);
        }
    }
}
