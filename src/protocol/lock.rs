//! Which process trains a network: a lock on the file `lock` in its folder, with the owner's name in it.
//!
//! The operating system takes the lock away with the process, however that ends.

use super::ProtocolError;
use crate::host::bounded;
use std::{
    fs::{File, TryLockError},
    io::{ErrorKind, Seek, Write},
    path::Path,
    process::Command,
    thread,
    time::Duration,
};

/// The most bytes of an owner's name.
const MOST_BYTES: u64 = 4096;

/// How often, and after how long each time, an owner's name is looked for that is not written yet.
const LOOKS: u32 = 50;
/// How often a lock is asked for that another process may only be looking at.
const LOOKERS: u32 = 3;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// Takes a network's folder for this process until the file that comes back is dropped.
///
/// # Errors
/// [`ProtocolError::Locked`] with the process and the host that have it; a file that cannot be made.
pub fn take(folder: &Path) -> Result<File, ProtocolError> {
    let path = folder.join("lock");
    let failed = |source| ProtocolError::Io { path: path.clone(), source };
    let mut file = File::options().create(true).truncate(false).read(true).write(true).open(&path).map_err(failed)?;
    // Whoever only looks whether it is held, as `is_held` does, lets go in a moment.
    let mut looks = 0;
    let locked = loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if looks < LOOKERS => looks += 1,
            other => break other,
        }
        thread::sleep(BETWEEN_LOOKS);
    };
    match locked {
        Ok(()) => {
            // In one write over what an earlier owner left, so that a reader finds a whole name at any time.
            let owner = format!("{} on {}\n", std::process::id(), host_name());
            let written = file.rewind().and_then(|()| file.write_all(owner.as_bytes()));
            written.and_then(|()| file.set_len(owner.len() as u64)).map_err(failed)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => Err(ProtocolError::Locked { path: folder.into(), owner: owner(&path) }),
        Err(TryLockError::Error(e)) => Err(failed(e)),
    }
}

/// Whether a process has a network's folder; none where no process ever had it.
pub fn is_held(folder: &Path) -> Option<bool> {
    let file = File::open(folder.join("lock")).ok()?;
    // What cannot be found out (a file system without locks) is not said to be at work.
    Some(matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// The name in a lock. An owner that has only just taken it may not have written its name yet.
fn owner(path: &Path) -> String {
    for _ in 0..LOOKS {
        match bounded::read_text(path, MOST_BYTES) {
            Ok(text) if text.ends_with('\n') => return text.lines().next().unwrap_or_default().to_string(),
            Err(error) if error.kind() == ErrorKind::FileTooLarge => break,
            _ => thread::sleep(BETWEEN_LOOKS),
        }
    }
    "unknown".into()
}

/// The name of this machine. The standard library has none; Linux keeps it in a file, other systems in a command.
fn host_name() -> String {
    let file = bounded::read_text(Path::new("/proc/sys/kernel/hostname"), MOST_BYTES).ok();
    let command = || Some(String::from_utf8_lossy(&Command::new("hostname").output().ok()?.stdout).into_owned());
    let name = file.or_else(command).unwrap_or_default();
    if name.trim().is_empty() { "an unnamed host".into() } else { name.trim().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_held_while_its_owner_has_it_and_looking_takes_nothing_away() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(is_held(folder.path()), None);
        let held = take(folder.path()).unwrap();
        assert_eq!(is_held(folder.path()), Some(true));
        drop(held);
        assert_eq!(is_held(folder.path()), Some(false));
        assert!(take(folder.path()).is_ok());
    }

    #[test]
    fn an_owners_name_is_read_whole_and_a_file_that_holds_more_names_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let held = take(folder.path()).unwrap();
        let refused = take(folder.path()).unwrap_err().to_string();
        assert!(refused.contains(&format!("in use by process {}", std::process::id())), "{refused}");
        // Another process could have written anything there.
        held.set_len(1 << 40).unwrap();
        assert!(take(folder.path()).unwrap_err().to_string().contains("process unknown"));
    }
}
