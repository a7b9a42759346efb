//! What the file system of a folder does for one process.

use super::finding::Finding;
use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind, Write},
    path::Path,
    time::{Duration, Instant, SystemTime},
};

/// Free space below which a study may not fit.
const LITTLE: u64 = 1 << 30;

/// A difference of clocks that people notice in times of files.
const SKEW: f64 = 2.0;

/// A time for making a file safe above which checkpoints cost more than they should.
const SLOW: Duration = Duration::from_secs(5);

/// Seconds by which this machine's clock is at least ahead of the file system's; none where the file's time lies
/// between the beginning and the end of its writing, however long that took.
pub(super) fn skew(folder: &Path) -> io::Result<f64> {
    let path = folder.join("clock");
    let before = SystemTime::now();
    fs::write(&path, ".")?;
    let written = fs::metadata(&path)?.modified()?;
    let [ahead, behind] = [before.duration_since(written), written.duration_since(SystemTime::now())];
    let [ahead, behind] = [ahead, behind].map(|by| by.unwrap_or_default().as_secs_f64());
    Ok(ahead - behind)
}

/// The kind of a folder's file system, by the longest mount point above it.
fn kind(folder: &Path) -> Option<String> {
    let folder = fs::canonicalize(folder).ok()?;
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let above = fields.filter(|fields| fields.len() > 2 && folder.starts_with(fields[1]));
    above.max_by_key(|fields| fields[1].len()).map(|fields| format!("{} on {}", fields[2], fields[1]))
}

#[cfg(unix)]
fn free(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

/// Every check, in a folder of its own.
///
/// # Errors
/// A file that cannot be made.
pub(super) fn checks(folder: &Path) -> io::Result<Vec<Finding>> {
    let mut findings = vec![match kind(folder) {
        Some(kind) => Finding::good("file system", kind),
        None => Finding::unknown("file system", "this system does not say", "nothing"),
    }];
    findings.push(match free(folder) {
        Some(bytes) => {
            let found = format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30));
            Finding::that(bytes >= LITTLE, "free space", found, "training stops when it is used up, and resumes later")
        }
        None => Finding::unknown("free space", "this system does not say", "nothing"),
    });
    findings.push(locks(folder)?);
    findings.push(links(folder)?);
    findings.push(renames(folder)?);
    findings.push(syncs(folder)?);
    let skew = skew(folder)?;
    let found = format!("this machine is {skew:+.2} s from the file system");
    let follows = "claims go by the file system's clock and are sound; engines that compare times of files, such as \
                   Snakemake, may train networks again";
    findings.push(Finding::that(skew.abs() < SKEW, "clock", found, follows));
    Ok(findings)
}

fn locks(folder: &Path) -> io::Result<Finding> {
    let path = folder.join("lock");
    let follows = "a network whose process was killed is taken over after five minutes instead of at once";
    let first = File::create(&path)?;
    if let Err(TryLockError::Error(error)) = first.try_lock() {
        return Ok(Finding::bad("locks", format!("flock: {error}"), follows));
    }
    let second = File::options().write(true).open(&path)?;
    let refused = matches!(second.try_lock(), Err(TryLockError::WouldBlock));
    drop(first);
    let freed = second.try_lock().is_ok();
    let found = match (refused, freed) {
        (true, true) => "a second handle is refused until the first is closed",
        (false, _) => "two handles have the same lock",
        (_, false) => "a lock stays when its handle is closed",
    };
    Ok(Finding::that(refused && freed, "locks", found, follows))
}

fn links(folder: &Path) -> io::Result<Finding> {
    let (one, two) = (folder.join("link-source"), folder.join("link"));
    fs::write(&one, ".")?;
    let follows = "claims are made by exclusive creation instead, which NFS before version 3 does not have";
    if let Err(error) = fs::hard_link(&one, &two) {
        return Ok(Finding::bad("links", format!("link: {error}"), follows));
    }
    let again = fs::hard_link(&one, &two).map_err(|error| error.kind());
    let sound = again == Err(ErrorKind::AlreadyExists);
    Ok(Finding::that(
        sound,
        "links",
        if sound { "a taken name is refused" } else { "a taken name is given again" },
        follows,
    ))
}

fn renames(folder: &Path) -> io::Result<Finding> {
    let (from, to) = (folder.join("new"), folder.join("old"));
    fs::write(&to, "old")?;
    let handle = File::open(&to)?;
    fs::write(&from, "new")?;
    fs::rename(&from, &to)?;
    let (there, before) = (fs::read_to_string(&to)?, io::read_to_string(handle));
    let sound = there == "new" && before.is_ok_and(|text| text == "old");
    let found =
        if sound { "a name is replaced, and who has the file open keeps it" } else { "an open file is not kept" };
    Ok(Finding::that(
        sound,
        "rename",
        found,
        "who reads a record while it is replaced may get an error, and tries again",
    ))
}

fn syncs(folder: &Path) -> io::Result<Finding> {
    let begun = Instant::now();
    let mut file = File::create(folder.join("synced"))?;
    file.write_all(&[0; 1 << 16])?;
    file.sync_all()?;
    let took = begun.elapsed();
    // Windows opens no folders.
    let of_folder = File::open(folder).and_then(|folder| folder.sync_all());
    let found = format!("64 KiB in {:.1} ms", 1e3 * took.as_secs_f64());
    Ok(match of_folder {
        Err(error) => {
            Finding::unknown("fsync", format!("{found}; of a folder: {error}"), "a name may be lost by a power failure")
        }
        Ok(()) => {
            Finding::that(took < SLOW, "fsync", found, "set protocol.checkpoint_every so that checkpoints are rare")
        }
    })
}
