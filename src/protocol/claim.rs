//! Which process trains a network: claims, numbered files `claim-000001`, `claim-000002`, ... in its folder.
//!
//! The highest number owns the network. A claim is made by `link(2)`, which one of several processes wins on every
//! file system, and carries host, process, boot and start. Its owner writes to it every few seconds, so that the file's
//! time, which the file system sets by its own clock, shows that the owner is at work. A claim is superseded by the
//! next number, and only where it is over: released; locked by nobody, of this boot (the lock on the claim goes with its
//! owner's process, and one kernel sees its own locks on every file system); or without a heartbeat for [`MOST_AGE`].
//!
//! Nobody removes or replaces a claim that counts, so that a process that wakes late from a pause can take nothing from
//! its successor. It finds the higher number before its next rename ([`Owner::check`]). Who takes a network over removes
//! the temporary files of those before, so that a rename that was already past its check finds nothing to rename.

use super::ProtocolError;
use crate::host::{
    atomic::{self, Owner},
    bounded, digest, machine,
};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, ErrorKind, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// The age of its last heartbeat from which a claim is over. It is longer than network file systems keep what they have
/// read of a folder, and than servers are away while they restart.
pub const MOST_AGE: Duration = Duration::from_secs(300);

/// Heartbeats within [`MOST_AGE`].
const BEATS: u32 = 60;

/// Losses that a claim keeps.
const LOSSES: usize = 60;

/// The age from which superseded claims are removed, and the longest that a look at a folder may take to count: a claim
/// that is the highest when a look begins is there until it ends.
const KEPT: Duration = Duration::from_secs(3600);

/// The most bytes of a claim.
const MOST_BYTES: u64 = 4096;

/// Attempts to take a network, each of which fails only where another process has taken it meanwhile.
const ATTEMPTS: u32 = 1000;

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

/// A claim that this process holds until it is dropped.
#[derive(Debug)]
pub struct Claim {
    folder: PathBuf,
    number: u64,
    claimant: Claimant,
    file: Arc<Mutex<File>>,
    superseded: Arc<AtomicBool>,
    place: Arc<Place>,
    heart: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
}

/// Where training stands: written at every step, read at every heartbeat.
#[derive(Debug, Default)]
struct Place {
    step: AtomicU64,
    /// Images in this sitting.
    images: AtomicU64,
    /// The bits of the last loss that is known.
    loss: AtomicU64,
}

/// A claim's text. It is overwritten in place; who reads it half-written takes its owner to be at work.
fn text(claimant: &Claimant, pulse: &Pulse, released: bool) -> String {
    // Numbers and strings always serialise.
    let [owner, pulse] = [toml::to_string(claimant), toml::to_string(pulse)].map(Result::unwrap_or_default);
    format!("{owner}released = {released}\n\n[pulse]\n{pulse}")
}

fn name(number: u64) -> String {
    format!("claim-{number:06}")
}

fn number(name: &str) -> Option<u64> {
    name.strip_prefix("claim-")?.parse().ok()
}

#[cfg(not(feature = "testing"))]
const fn most_age() -> Duration {
    MOST_AGE
}

/// Tests do not wait for minutes: `STRATA_CLAIM_AGE` is another age in milliseconds.
#[cfg(feature = "testing")]
fn most_age() -> Duration {
    let given = std::env::var("STRATA_CLAIM_AGE").ok().and_then(|text| text.parse().ok());
    given.map_or(MOST_AGE, Duration::from_millis)
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> ProtocolError {
    let path = path.to_path_buf();
    move |source| ProtocolError::Io { path, source }
}

/// The highest claim of a folder; none where there is none, or no folder.
fn highest(folder: &Path) -> io::Result<Option<u64>> {
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
fn file_system_now(folder: &Path) -> io::Result<SystemTime> {
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
fn look(folder: &Path, number: u64, now: impl Fn() -> io::Result<SystemTime>) -> io::Result<Option<Found>> {
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
fn words(claimant: Option<&Claimant>) -> String {
    claimant.map_or("unknown".into(), |owner| format!("{} on {}", owner.process, owner.host))
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
    let mut claim = Claim {
        folder: folder.into(),
        number,
        claimant,
        file: Arc::new(Mutex::new(file)),
        superseded: Arc::default(),
        place: Arc::default(),
        heart: None,
    };
    claim.beat();
    Ok(Some(claim))
}

#[cfg(unix)]
fn links(file: &File) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    Some(file.metadata().ok()?.nlink())
}

#[cfg(not(unix))]
fn links(_: &File) -> Option<u64> {
    None
}

fn overwrite(file: &Mutex<File>, text: &str) -> io::Result<()> {
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    file.seek(SeekFrom::Start(0))?;
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)?;
    file.sync_data()
}

impl Claim {
    /// What the claim says.
    pub const fn claimant(&self) -> &Claimant {
        &self.claimant
    }

    /// Set once the claim was found to be superseded.
    pub const fn superseded(&self) -> &Arc<AtomicBool> {
        &self.superseded
    }

    /// The error of a network that another process has taken over.
    pub fn taken_over(&self) -> ProtocolError {
        let claimant = find(&self.folder).ok().flatten().and_then(|found| found.claimant);
        ProtocolError::Locked { path: self.folder.clone(), owner: words(claimant.as_ref()) }
    }

    /// Tells where training stands after a step on so many images, and the last loss that is known.
    pub fn progress(&self, step: u64, images: u64, loss: f64) {
        self.place.step.store(step, Ordering::Relaxed);
        self.place.images.fetch_add(images, Ordering::Relaxed);
        self.place.loss.store(loss.to_bits(), Ordering::Relaxed);
    }

    /// Begins to write heartbeats.
    fn beat(&mut self) {
        let (stop, stopped) = mpsc::channel::<()>();
        let (file, superseded) = (Arc::clone(&self.file), Arc::clone(&self.superseded));
        let (folder, number, claimant) = (self.folder.clone(), self.number, self.claimant.clone());
        let place = Arc::clone(&self.place);
        let beating = thread::Builder::new().name("heartbeat".into()).spawn(move || {
            let (mut pulse, mut images, mut before) = (Pulse::default(), 0, Instant::now());
            loop {
                // A heartbeat that cannot be written is missed: others see its age, and the owner its successor.
                let _ = overwrite(&file, &text(&claimant, &pulse, false));
                if stopped.recv_timeout(most_age() / BEATS) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                if highest(&folder).is_ok_and(|newest| newest > Some(number)) {
                    superseded.store(true, Ordering::Relaxed);
                    return;
                }
                let trained = place.images.load(Ordering::Relaxed);
                if trained > images {
                    pulse.step = place.step.load(Ordering::Relaxed);
                    pulse.images_per_second = (trained - images) as f64 / before.elapsed().as_secs_f64();
                    pulse.losses.push(f64::from_bits(place.loss.load(Ordering::Relaxed)));
                    let extra = pulse.losses.len().saturating_sub(LOSSES);
                    pulse.losses.drain(..extra);
                    (images, before) = (trained, Instant::now());
                }
            }
        });
        // Without the thread the claim grows old, and may be taken over, as that of a paused process.
        self.heart = beating.ok().map(|thread| (stop, thread));
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
        self.superseded.store(true, Ordering::Relaxed);
        Err(io::Error::new(ErrorKind::ResourceBusy, self.taken_over().to_string()))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.heart.take() {
            drop(stop);
            let _ = thread.join();
        }
        // Through the handle, not the name: another's claim is never touched. The lock goes with the handle.
        let step = self.place.step.load(Ordering::Relaxed);
        let _ = overwrite(&self.file, &text(&self.claimant, &Pulse { step, ..Pulse::default() }, true));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
