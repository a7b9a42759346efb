//! Which process trains a network: claims, numbered files `claim-000001`, `claim-000002`, ... in its folder.
//!
//! The highest number owns the network. A claim is made by `link(2)`, which one of several processes wins on every
//! file system, and carries host, process, boot and start. Its owner writes to it every few seconds, so that the file's
//! time, which the file system sets by its own clock, shows that the owner is at work. A claim is superseded by the
//! next number, and only where it is over: released; locked by nobody, of this boot (the lock on the claim goes with
//! its owner's process, and one kernel sees its own locks on every file system); or without a heartbeat for
//! [`MOST_AGE`](super::claim_file::MOST_AGE).
//!
//! Nobody removes or replaces a claim that counts, so that a process that wakes late from a pause can take nothing from
//! its successor. It finds the higher number before its next rename ([`Owner::check`]). Who takes a network over
//! removes the temporary files of those before, so that a rename that was already past its check finds nothing to
//! rename.

use super::{
    ProtocolError,
    claim_file::{
        Claimant, Found, KEPT, Pulse, Standing, failed, file_system_now, find, highest, links, look, name, number,
        overwrite, text, words,
    },
    heartbeat::Heartbeats,
};
use crate::host::{
    atomic::{self, Owner},
    digest, machine,
};
use std::{
    fs::{self, File},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    process,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Attempts to take a network, each of which fails only where another process has taken it meanwhile.
const ATTEMPTS: u32 = 1000;

/// A claim that this process holds until it is dropped.
#[derive(Debug)]
pub struct Claim {
    folder: PathBuf,
    number: u64,
    claimant: Claimant,
    file: Arc<Mutex<File>>,
    heartbeats: Heartbeats,
}

/// Takes a network's folder for this process until the claim that comes back is dropped, and removes what those before
/// it left there half-written.
///
/// # Errors
/// [`ProtocolError::Locked`] with the process and the host that have it; a file that cannot be made.
pub fn take(folder: &Path) -> Result<Claim, ProtocolError> {
    for _ in 0..ATTEMPTS {
        let newest = highest(folder).map_err(failed(folder))?;
        if let Some(number) = newest {
            match look(folder, number, || file_system_now(folder)).map_err(failed(folder))? {
                None => continue,
                Some(Found { claimant, standing: Standing::Held(_), .. }) => {
                    return Err(ProtocolError::Locked { path: folder.into(), owner: words(claimant.as_ref()) });
                }
                Some(_) => {}
            }
        }
        let number = newest.map_or(1, |newest| newest + 1);
        if let Some(claim) = make(folder, number).map_err(failed(&folder.join(name(number))))? {
            atomic::remove_leftovers(folder, Duration::ZERO);
            claim.remove_superseded();
            return Ok(claim);
        }
    }
    Err(ProtocolError::Locked { path: folder.into(), owner: "unknown".into() })
}

/// Makes a claim with a number; none where another process has been faster.
fn make(folder: &Path, number: u64) -> io::Result<Option<Claim>> {
    let (host, process) = (machine::host_name(), process::id());
    let boot = machine::boot_id().unwrap_or_default().to_string();
    let start = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    static MADE: AtomicU64 = AtomicU64::new(0);
    let unique = format!("{host} {process} {boot} {} {}", start.as_nanos(), MADE.fetch_add(1, Ordering::Relaxed));
    let id = format!("{number}-{}", &digest::hex(unique.as_bytes())[..8]);
    let mut claimant = Claimant { id, host, process, boot, locked: false, start: start.as_secs() };
    let mut new = |path: &Path| {
        let mut file = File::options().create_new(true).read(true).write(true).open(path)?;
        // Also where a file system has no locks the claim decides; only a dead owner is then found out later.
        claimant.locked = file.try_lock().is_ok();
        file.write_all(text(&claimant, &Pulse::default(), false).as_bytes())?;
        file.sync_data()?;
        Ok::<_, io::Error>(file)
    };
    let path = folder.join(name(number));
    let temporary = folder.join(format!(".claim.{}.tmp", digest::hex(unique.as_bytes()).get(..16).unwrap_or_default()));
    let file = new(&temporary)?;
    let linked = fs::hard_link(&temporary, &path);
    // An answer that is lost on its way makes a network file system try again and find its own link.
    let is_linked = linked.is_ok() || links(&file) == Some(2);
    let _ = fs::remove_file(&temporary);
    let file = match linked {
        _ if is_linked => file,
        Err(error) if [ErrorKind::AlreadyExists, ErrorKind::NotFound].contains(&error.kind()) => return Ok(None),
        // A file system without links.
        _ => match new(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(None),
            Err(error) => return Err(error),
        },
    };
    // Who was paused since it looked may have made a claim that is superseded.
    if highest(folder)? != Some(number) {
        let _ = fs::remove_file(&path);
        return Ok(None);
    }
    let file = Arc::new(Mutex::new(file));
    let heartbeats = Heartbeats::begin(folder, number, &claimant, &file);
    Ok(Some(Claim { folder: folder.into(), number, claimant, file, heartbeats }))
}

impl Claim {
    /// What the claim says.
    pub const fn claimant(&self) -> &Claimant {
        &self.claimant
    }

    /// Set once the claim was found to be superseded.
    pub const fn superseded(&self) -> &Arc<AtomicBool> {
        self.heartbeats.superseded()
    }

    /// The error of a network that another process has taken over.
    pub fn taken_over(&self) -> ProtocolError {
        let claimant = find(&self.folder).ok().flatten().and_then(|found| found.claimant);
        ProtocolError::Locked { path: self.folder.clone(), owner: words(claimant.as_ref()) }
    }

    /// Tells where training stands after a step on so many images, and the last loss that is known.
    pub fn progress(&self, step: u64, images: u64, loss: f64) {
        self.heartbeats.progress(step, images, loss);
    }

    /// Removes claims that were superseded long ago.
    fn remove_superseded(&self) {
        let (Ok(now), Ok(entries)) = (file_system_now(&self.folder), fs::read_dir(&self.folder)) else { return };
        let numbers = entries.flatten().filter_map(|entry| number(&entry.file_name().to_string_lossy()));
        let mut numbers: Vec<u64> = numbers.collect();
        numbers.sort_unstable();
        for pair in numbers.windows(2) {
            // A claim is superseded before the first heartbeat of its successor.
            let beat = fs::metadata(self.folder.join(name(pair[1]))).and_then(|metadata| metadata.modified());
            if !beat.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age > 2 * KEPT)) {
                return;
            }
            let _ = fs::remove_file(self.folder.join(name(pair[0])));
        }
    }
}

impl Owner for Claim {
    fn id(&self) -> String {
        self.claimant.id.clone()
    }

    fn check(&self) -> io::Result<()> {
        if highest(&self.folder)? == Some(self.number) {
            return Ok(());
        }
        self.superseded().store(true, Ordering::Relaxed);
        Err(io::Error::new(ErrorKind::ResourceBusy, self.taken_over().to_string()))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let step = self.heartbeats.stop();
        // Through the handle, not the name: another's claim is never touched. The lock goes with the handle.
        let _ = overwrite(&self.file, &text(&self.claimant, &Pulse { step, ..Pulse::default() }, true));
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::claim_file::{MOST_AGE, is_begun},
        *,
    };
    use std::thread;

    fn standing(folder: &Path) -> Standing {
        find(folder).unwrap().unwrap().standing
    }

    /// A claim of another machine whose last heartbeat was so long ago.
    fn foreign(folder: &Path, number: u64, age: Duration) -> File {
        let claimant = Claimant {
            id: format!("{number}-00000000"),
            host: "elsewhere".into(),
            process: 7,
            boot: "another".into(),
            locked: true,
            // Clocks of machines do not matter.
            start: u64::MAX / 4,
        };
        let path = folder.join(name(number));
        fs::write(&path, text(&claimant, &Pulse::default(), false)).unwrap();
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
        file
    }

    #[test]
    fn an_owner_is_named_to_others_until_it_releases_the_network() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_begun(folder.path()) && find(folder.path()).unwrap().is_none());
        let held = take(folder.path()).unwrap();
        assert!(is_begun(folder.path()));
        let refused = take(folder.path()).unwrap_err().to_string();
        assert!(
            refused.contains(&format!("in use by process {} on {}", process::id(), machine::host_name())),
            "{refused}"
        );
        assert_eq!(find(folder.path()).unwrap().unwrap().claimant.as_ref(), Some(held.claimant()));
        drop(held);
        assert_eq!(standing(folder.path()), Standing::Released);
        assert_eq!(take(folder.path()).unwrap().number, 2);
    }

    #[test]
    fn of_many_at_once_one_has_the_network() {
        let folder = tempfile::tempdir().unwrap();
        for round in 1..=20 {
            let taken: Vec<_> = thread::scope(|scope| {
                let threads: Vec<_> = (0..32).map(|_| scope.spawn(|| take(folder.path()))).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            let held: Vec<_> = taken.iter().filter_map(|claim| claim.as_ref().ok()).collect();
            assert!(held.len() == 1 && held[0].number == round && held[0].check().is_ok(), "{round}: {taken:?}");
        }
        let left = fs::read_dir(folder.path())
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(".tmp"));
        assert_eq!(left.count(), 0);
    }

    #[test]
    fn a_claim_of_another_machine_is_taken_over_when_its_heartbeat_is_too_old_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        foreign(folder.path(), 4, MOST_AGE / 2);
        let refused = take(folder.path()).unwrap_err().to_string();
        assert!(refused.contains("in use by process 7 on elsewhere"), "{refused}");
        foreign(folder.path(), 4, 2 * MOST_AGE);
        assert_eq!(standing(folder.path()), Standing::Lost);
        assert_eq!(take(folder.path()).unwrap().number, 5);
    }

    #[test]
    fn a_claim_of_this_boot_whose_process_has_ended_is_taken_over_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let held = take(folder.path()).unwrap();
        let ended = fs::read(folder.path().join(name(1))).unwrap();
        drop(held);
        fs::write(folder.path().join(name(1)), ended).unwrap();
        assert_eq!(standing(folder.path()), Standing::Lost);
        assert_eq!(take(folder.path()).unwrap().number, 2);
    }

    #[test]
    fn a_claim_that_cannot_be_read_is_somebodys_until_it_is_too_old() {
        for content in ["", "id = 3", "\0\0\0", &"x".repeat(10_000)] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(name(1)), content).unwrap();
            let refused = take(folder.path()).unwrap_err().to_string();
            assert!(refused.contains("process unknown"), "{refused}");
        }
    }

    #[test]
    fn a_process_that_wakes_late_finds_its_successor_and_takes_nothing_from_it() {
        let folder = tempfile::tempdir().unwrap();
        let late = take(folder.path()).unwrap();
        late.check().unwrap();
        foreign(folder.path(), 2, Duration::ZERO);
        let refused = late.check().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ResourceBusy);
        assert!(refused.to_string().contains("process 7 on elsewhere"), "{refused}");
        let path = folder.path().join("log.jsonl");
        assert!(atomic::write_owned(&path, b"late", &late).is_err());
        let theirs = fs::read(folder.path().join(name(2))).unwrap();
        drop(late);
        assert_eq!(fs::read(folder.path().join(name(2))).unwrap(), theirs);
        // Neither the file nor what it was written to first is there.
        let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(names.into_iter().all(|name| number(&name.to_string_lossy()).is_some()));
    }

    #[test]
    fn who_comes_late_with_a_number_that_is_superseded_withdraws_it() {
        let folder = tempfile::tempdir().unwrap();
        foreign(folder.path(), 3, Duration::ZERO);
        assert!(make(folder.path(), 1).unwrap().is_none());
        assert!(make(folder.path(), 3).unwrap().is_none());
        assert!(!folder.path().join(name(1)).exists() && folder.path().join(name(3)).exists());
    }

    #[test]
    fn claims_are_removed_long_after_they_were_superseded() {
        let folder = tempfile::tempdir().unwrap();
        for (number, hours) in [(1, 9), (2, 8), (3, 1), (4, 1)] {
            foreign(folder.path(), number, Duration::from_secs(hours * 3600));
        }
        let claim = take(folder.path()).unwrap();
        let there = |wanted: u64| folder.path().join(name(wanted)).exists();
        assert!(!there(1) && there(2) && there(3) && there(4) && claim.number == 5);
    }

    #[test]
    fn an_owner_at_work_keeps_its_claim_young() {
        let folder = tempfile::tempdir().unwrap();
        let claim = take(folder.path()).unwrap();
        let path = folder.path().join(name(1));
        let old = SystemTime::now() - 2 * MOST_AGE;
        File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
        overwrite(&claim.file, &text(&claim.claimant, &Pulse::default(), false)).unwrap();
        assert!(fs::metadata(&path).unwrap().modified().unwrap() > old + MOST_AGE);
    }
}
