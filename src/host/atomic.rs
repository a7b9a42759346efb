//! Files that appear whole or not at all.

use super::hold::hold;
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

/// Who may write the files of a folder for now, and may lose that right to somebody else.
pub trait Owner: Sync {
    /// What the names of temporary files carry, so that they show whose they are.
    fn id(&self) -> String;

    /// Asked right before a file gets its name.
    ///
    /// # Errors
    /// The right is lost, or it cannot be found out whether it is.
    fn check(&self) -> io::Result<()>;
}

/// The owner of files that nobody competes for.
#[derive(Clone, Copy, Debug)]
pub struct Anyone;

impl Owner for Anyone {
    fn id(&self) -> String {
        std::process::id().to_string()
    }

    fn check(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Replaces a file with the given bytes: temporary file beside it, fsync, rename, fsync of the folder.
/// A reader sees the old file or the new one, also after a power failure.
///
/// # Errors
/// Any of these steps failing; the old file is then still in place.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, bytes, None, &Anyone)
}

/// Replaces a file as [`write`] does with what `fill` writes, for files that are larger than they should be in memory.
///
/// # Errors
/// Those of `fill`, and of any of the steps of [`write`]; the old file is then still in place.
pub fn write_with<E: From<io::Error>>(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), E>,
) -> Result<(), E> {
    let (temporary, file) = temporary(path, &Anyone.id())?;
    let mut file = io::BufWriter::new(file);
    let result = fill(&mut file).and_then(|()| {
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok(rename(&temporary, path)?)
    });
    if result.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    result
}

/// Replaces a file as [`write`] does, unless its owner has lost the right to before the rename.
///
/// # Errors
/// As [`write`]; a right that is lost.
pub fn write_owned(path: &Path, bytes: &[u8], owner: &dyn Owner) -> io::Result<()> {
    replace(path, bytes, None, owner)
}

/// Replaces a file as [`write_owned`] does, and keeps the one before it under the name `previous`, in the same folder.
/// Between the two renames only `previous` is there.
///
/// # Errors
/// Any of the steps failing; the old file is then still there under one of the two names.
pub fn write_keeping(path: &Path, bytes: &[u8], previous: &Path, owner: &dyn Owner) -> io::Result<()> {
    replace(path, bytes, Some(previous), owner)
}

fn replace(path: &Path, bytes: &[u8], previous: Option<&Path>, owner: &dyn Owner) -> io::Result<()> {
    let (temporary, mut file) = temporary(path, &owner.id())?;
    let result = (|| {
        hold(path);
        file.write_all(bytes)?;
        hold(path);
        file.sync_all()?;
        owner.check()?;
        hold(path);
        if let Some(previous) = previous {
            match fs::rename(path, previous) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                other => other?,
            }
            hold(path);
        }
        rename(&temporary, path)?;
        hold(path);
        Ok(())
    })();
    if result.is_err() {
        // The error of the write matters more than one of cleaning up after it.
        let _ = fs::remove_file(&temporary);
    }
    result
}

/// Makes a new file beside `path`. Two processes never get the same one, on whatever hosts they run.
fn temporary(path: &Path, id: &str) -> io::Result<(PathBuf, File)> {
    let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a path without a name"))?;
    let mut number = 0u32;
    loop {
        let name = format!(".{}.{id}-{number}.tmp", name.to_string_lossy());
        let temporary = folder_of(path).join(name);
        match File::create_new(&temporary) {
            Ok(file) => return Ok((temporary, file)),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(e) => return Err(e),
        }
    }
}

/// Gives a finished file its name, over an older one if there is one, and waits until the folder is on the disk.
///
/// # Errors
/// A rename that is refused; a folder that cannot be synchronised.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_folder(folder_of(to))
}

/// Whether a file could be written, found out by making a temporary file beside it: reported before work instead of
/// after it.
///
/// # Errors
/// A folder that is missing or cannot be written to; a folder under the file's own name.
pub fn probe(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a folder; give the name of a file"));
    }
    let (temporary, _) = temporary(path, &Anyone.id())?;
    fs::remove_file(temporary)
}

/// Removes temporary files that processes left in a folder when they were killed, if they are at least this old.
/// Whoever holds the only right to write there gives no age; elsewhere an age keeps files of others at work.
pub fn remove_leftovers(folder: &Path, age: Duration) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let written = entry.metadata().and_then(|metadata| metadata.modified());
        let old = written.is_ok_and(|at| age.is_zero() || at.elapsed().is_ok_and(|past| past >= age));
        if name.starts_with('.') && name.ends_with(".tmp") && old {
            // A leftover costs space and nothing else: failing to remove one is no reason to stop.
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Waits until a folder's names are on the disk. Some file systems cannot synchronise a folder (CIFS before Linux 4.17,
/// shared folders of virtual machines) and say so by EINVAL, which fsync(2) has for files that it does not work on;
/// any other error may mean that the disk has lost something.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    tolerated(File::open(folder)?.sync_all())
}

#[cfg(unix)]
fn tolerated(synchronised: io::Result<()>) -> io::Result<()> {
    match synchronised {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        result => result,
    }
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_folder_that_cannot_be_synchronised_is_passed_over_and_a_disk_that_fails_is_not() {
        let [einval, eio, enospc, erofs] = [22, 5, 28, 30].map(|code| Err(io::Error::from_raw_os_error(code)));
        assert!(tolerated(einval).is_ok() && tolerated(Ok(())).is_ok());
        assert!(tolerated(eio).is_err() && tolerated(enospc).is_err() && tolerated(erofs).is_err());
    }

    #[test]
    fn a_path_that_cannot_be_written_is_reported_and_nothing_is_left_at_one_that_can() {
        let folder = tempfile::tempdir().unwrap();
        let inside = |name: &str| folder.path().join(name);
        probe(&inside("new")).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        fs::write(inside("old"), "kept").unwrap();
        probe(&inside("old")).unwrap();
        assert_eq!(fs::read(inside("old")).unwrap(), b"kept");
        assert_eq!(probe(&inside("missing/new")).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(probe(&inside("old/new")).is_err(), "a file where the folder should be");
        assert_eq!(probe(folder.path()).unwrap_err().kind(), io::ErrorKind::IsADirectory);
    }
}
