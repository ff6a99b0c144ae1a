use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use tonic::metadata::AsciiMetadataValue;

use crate::Error;

/// Returns the token of the moment.
pub(crate) type Token = Arc<dyn Fn() -> Result<String, Error> + Send + Sync>;

/// Returns what reads a token's file anew when it changes.
pub(crate) fn of_file(path: PathBuf) -> Token {
    let kept: Mutex<Option<((SystemTime, u64), String)>> = Mutex::default();
    let unreadable = |exc: std::io::Error| {
        Error::new("UNAUTHENTICATED", format!("the token file cannot be read: {exc}")).source(exc)
    };
    Arc::new(move || {
        let found = fs::metadata(&path).and_then(|found| Ok((found.modified()?, found.len()))).map_err(unreadable)?;
        let mut kept = kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        match &*kept {
            Some((seen, token)) if *seen == found => Ok(token.clone()),
            _ => {
                let token = fs::read_to_string(&path).map_err(unreadable)?.trim().to_owned();
                *kept = Some((found, token.clone()));
                Ok(token)
            }
        }
    })
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
