//! What the sidecar starts this process with.

use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::path::PathBuf;
use std::time::Duration;

use crate::front::Time;
use crate::handover::{Listening, ADDRESSES_MAX};

pub struct Options {
    pub store: PathBuf,
    pub readers_max: u32,
    /// The folder of the sidecar's own socket and of the door for successors.
    pub folder: PathBuf,
    pub control: OwnedFd,
    pub listening: Vec<Listening>,
    /// The time to go by until the sidecar says another: the first read is answered by it as well.
    pub time: Time,
    /// How long reads are answered after the sidecar died, unless it comes back.
    pub alone: Duration,
}

impl Options {
    /// Reads `NAME VALUE` pairs; those of `--listen` are `DESCRIPTOR=ADDRESS`.
    ///
    /// # Errors
    /// A sentence about what is missing or odd.
    pub fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut store, mut folder, mut control, mut time) = (None, None, None, None);
        let mut listening = Vec::new();
        let (mut readers_max, mut alone) = (2048, Duration::ZERO);
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{name}: found nothing; allowed: a value"))?;
            match name.as_str() {
                "--store" => store = Some(PathBuf::from(value)),
                "--folder" => folder = Some(PathBuf::from(value)),
                "--readers-max" => readers_max = number(&name, &value)?,
                "--alone-seconds" => alone = Duration::from_secs(number(&name, &value)?),
                "--control" => control = Some(owned(number(&name, &value)?)?),
                "--clock" => time = Some(clock(&name, &value)?),
                "--listen" => listening.push(socket(&name, &value)?),
                _ => return Err(format!("found the option {name}, which is not known here")),
            }
        }
        if listening.is_empty() || listening.len() > ADDRESSES_MAX {
            return Err(format!("found {} addresses; allowed: 1 to {ADDRESSES_MAX}", listening.len()));
        }
        Ok(Self {
            store: store.ok_or("--store is missing")?,
            folder: folder.ok_or("--folder is missing")?,
            control: control.ok_or("--control is missing")?,
            time: time.ok_or("--clock is missing")?,
            listening,
            readers_max,
            alone,
        })
    }
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name}: found {value:?}; allowed: a number"))
}

fn clock(name: &str, value: &str) -> Result<Time, String> {
    let said = value.split_once(' ').and_then(|(how, ms)| Time::of(how, ms));
    said.ok_or_else(|| format!("{name}: found {value:?}; allowed: `offset MS` or `at MS`"))
}

fn socket(name: &str, value: &str) -> Result<Listening, String> {
    let (descriptor, address) =
        value.split_once('=').ok_or_else(|| format!("{name}: found {value:?}; allowed: DESCRIPTOR=ADDRESS"))?;
    Ok(Listening { descriptor: owned(number(name, descriptor)?)?, address: address.to_owned() })
}

fn owned(descriptor: RawFd) -> Result<OwnedFd, String> {
    // SAFETY: asked of the kernel alone.
    if descriptor <= 2 || unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) } < 0 {
        return Err(format!("descriptor {descriptor} was not handed over"));
    }
    // SAFETY: it is open, and whoever started this process gave it to nobody else in it.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}
