//! The files of claims: their names, what they say, and whether the owner that they name is at work. Nothing here takes
//! a network; `claim.rs` does.

use super::ProtocolError;
use crate::host::{bounded, machine};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, ErrorKind, Seek, SeekFrom, Write},
    path::Path,
    process,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

/// The age of its last heartbeat from which a claim is over. It is longer than network file systems keep what they have
/// read of a folder, and than servers are away while they restart.
pub const MOST_AGE: Duration = Duration::from_secs(300);

/// The age from which superseded claims are removed, and the longest that a look at a folder may take to count: a claim
/// that is the highest when a look begins is there until it ends.
pub(super) const KEPT: Duration = Duration::from_secs(3600);

/// The most bytes of a claim.
const MOST_BYTES: u64 = 4096;

/// What a claim says of its owner.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Claimant {
    /// The number of the claim, and eight digits that no other claim has.
    pub id: String,
    /// The name of its machine.
    pub host: String,
    /// The number of its process there.
    pub process: u32,
    /// The boot of the machine, where it has a number.
    pub boot: String,
    /// Whether the owner holds the lock on the claim; false where the file system has no locks.
    pub locked: bool,
    /// When it took the network, in seconds since 1970 by its own clock.
    pub start: u64,
}

/// How far an owner has come, as its last heartbeat said: for people who watch.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Pulse {
    /// Steps done.
    pub step: u64,
    /// Images trained on a second, since the heartbeat before.
    pub images_per_second: f64,
    /// The loss of a batch at each heartbeat, the latest last.
    pub losses: Vec<f64>,
}

/// A claim as it is found in a folder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The owner, where the claim could be read.
    pub claimant: Option<Claimant>,
    /// Whether the network can be taken.
    pub standing: Standing,
    /// How far the owner has come.
    pub pulse: Pulse,
}

/// Whether the owner of a claim is at work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Its heartbeat is this old.
    Held(Duration),
    /// It has released the network.
    #[default]
    Released,
    /// It has ended without releasing the network: a process of this boot that no longer has its lock, or one whose
    /// heartbeat is too old.
    Lost,
}

/// A claim's text. It is overwritten in place; who reads it half-written takes its owner to be at work.
pub(super) fn text(claimant: &Claimant, pulse: &Pulse, released: bool) -> String {
    // Numbers and strings always serialise.
    let [owner, pulse] = [toml::to_string(claimant), toml::to_string(pulse)].map(Result::unwrap_or_default);
    format!("{owner}released = {released}\n\n[pulse]\n{pulse}")
}

pub(super) fn name(number: u64) -> String {
    format!("claim-{number:06}")
}

pub(super) fn number(name: &str) -> Option<u64> {
    name.strip_prefix("claim-")?.parse().ok()
}

#[cfg(not(feature = "testing"))]
pub(super) const fn most_age() -> Duration {
    MOST_AGE
}

/// Tests do not wait for minutes: `STRATA_CLAIM_AGE` is another age in milliseconds.
#[cfg(feature = "testing")]
pub(super) fn most_age() -> Duration {
    let given = std::env::var("STRATA_CLAIM_AGE").ok().and_then(|text| text.parse().ok());
    given.map_or(MOST_AGE, Duration::from_millis)
}

pub(super) fn failed(path: &Path) -> impl FnOnce(io::Error) -> ProtocolError {
    let path = path.to_path_buf();
    move |source| ProtocolError::Io { path, source }
}

/// The highest claim of a folder; none where there is none, or no folder.
pub(super) fn highest(folder: &Path) -> io::Result<Option<u64>> {
    loop {
        let begun = Instant::now();
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut found = None;
        for entry in entries {
            found = found.max(number(&entry?.file_name().to_string_lossy()));
        }
        // A network file system may show a folder as it was some seconds ago; a file is looked up by its name.
        while folder.join(name(found.unwrap_or(0) + 1)).exists() {
            found = Some(found.unwrap_or(0) + 1);
        }
        if begun.elapsed() < KEPT {
            return Ok(found);
        }
    }
}

/// The present time of the file system that a folder is on.
pub(super) fn file_system_now(folder: &Path) -> io::Result<SystemTime> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path = folder.join(format!(".now.{}-{}-{number}.tmp", machine::host_name(), process::id()));
    let mut file = File::create(&path)?;
    let time = file.write_all(b".").and_then(|()| file.sync_data()).and_then(|()| file.metadata()?.modified());
    // Whoever takes the network over removes it, too.
    let _ = fs::remove_file(&path);
    time
}

/// A claim by its number; none where it has been removed meanwhile. `now` is the time of the file system.
pub(super) fn look(folder: &Path, number: u64, now: impl Fn() -> io::Result<SystemTime>) -> io::Result<Option<Found>> {
    let path = folder.join(name(number));
    let file = match File::options().read(true).write(true).open(&path) {
        Ok(file) => file,
        // A directory that this user may only read: nothing can be locked in it.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => File::open(&path)?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let text = bounded::read_text(&path, MOST_BYTES).unwrap_or_default();
    let table: toml::Table = text.parse().unwrap_or_default();
    let released = table.get("released").and_then(toml::Value::as_bool) == Some(true);
    let pulse = table.get("pulse").cloned().and_then(|pulse| pulse.try_into().ok()).unwrap_or_default();
    let claimant: Option<Claimant> = table.try_into().ok();
    if released {
        return Ok(Some(Found { claimant, standing: Standing::Released, pulse }));
    }
    let of_this_boot = |owner: &Claimant| owner.locked && machine::boot_id() == Some(owner.boot.as_str());
    if claimant.as_ref().is_some_and(of_this_boot) && file.try_lock_shared().is_ok() {
        return Ok(Some(Found { claimant, standing: Standing::Lost, pulse }));
    }
    let beat = file.metadata()?.modified()?;
    let age = now()?.duration_since(beat).unwrap_or_default();
    let standing = if age >= most_age() { Standing::Lost } else { Standing::Held(age) };
    Ok(Some(Found { claimant, standing, pulse }))
}

/// The claim that counts in a network's folder; none where nobody has trained it yet. Nothing is written: the age of a
/// heartbeat is taken by this machine's clock.
///
/// # Errors
/// A folder that cannot be read.
pub fn find(folder: &Path) -> Result<Option<Found>, ProtocolError> {
    loop {
        let Some(number) = highest(folder).map_err(failed(folder))? else { return Ok(None) };
        if let Some(found) = look(folder, number, || Ok(SystemTime::now())).map_err(failed(folder))? {
            return Ok(Some(found));
        }
    }
}

/// Whether some process has taken a network once.
pub fn is_begun(folder: &Path) -> bool {
    highest(folder).is_ok_and(|number| number.is_some())
}

/// The name of an owner in messages.
pub(super) fn words(claimant: Option<&Claimant>) -> String {
    claimant.map_or("unknown".into(), |owner| format!("{} on {}", owner.process, owner.host))
}

/// How many names a file has, where the system tells.
#[cfg(unix)]
pub(super) fn links(file: &File) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    Some(file.metadata().ok()?.nlink())
}

#[cfg(not(unix))]
pub(super) fn links(_: &File) -> Option<u64> {
    None
}

/// Overwrites what a claim says, through its handle.
pub(super) fn overwrite(file: &Mutex<File>, text: &str) -> io::Result<()> {
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    file.seek(SeekFrom::Start(0))?;
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)?;
    file.sync_data()
}
