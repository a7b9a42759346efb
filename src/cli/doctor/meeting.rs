//! What a file system does between two processes, on two machines: each says what it has done in files of its own, and
//! the other hears it there.

use super::{
    disk,
    finding::{Finding, Verdict},
};
use crate::host::{atomic, bounded, digest, machine};
use anyhow::{Context, Result, bail};
use std::{
    collections::BTreeSet,
    fs::{self, File, TryLockError},
    io::{self, Seek, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// The age from which a card is that of a process which has ended.
const OLD: Duration = Duration::from_secs(20);
/// How long one waits for a word of the other.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often one looks.
const LOOK: Duration = Duration::from_millis(20);
/// Names that both try to take.
const NAMES: usize = 200;
/// Files that one names while the other reads.
const RENAMES: usize = 100;
/// Words that go back and forth.
const WORDS: u32 = 5;

/// Two processes that have found each other.
struct Meeting {
    folder: PathBuf,
    me: String,
    other: String,
}

fn card(id: &str) -> String {
    format!("{id}.card")
}

/// Waits for another process in a folder, runs every check with it, and removes its own files.
///
/// # Errors
/// Nobody who comes, or more than one; a file that cannot be made; a word that does not come.
pub(super) fn meet(folder: &Path, wait: Duration) -> Result<Vec<Finding>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let host = machine::host_name();
    let unique = format!("{host} {} {now} {:?}", std::process::id(), machine::boot_id());
    let me = digest::hex(unique.as_bytes())[..12].to_string();
    let result =
        other(folder, &me, wait).and_then(|other| Meeting { folder: folder.into(), me: me.clone(), other }.checks());
    for entry in fs::read_dir(folder)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(&me) {
            let _ = fs::remove_file(entry.path());
        }
    }
    result
}

/// The only other process whose card is new.
fn other(folder: &Path, me: &str, wait: Duration) -> Result<String> {
    let begun = Instant::now();
    let mine = folder.join(card(me));
    let content = format!("{}\n{}\n", machine::host_name(), env!("CARGO_PKG_VERSION"));
    loop {
        fs::write(&mine, &content)?;
        let now = fs::metadata(&mine)?.modified()?;
        let mut others = Vec::new();
        for entry in fs::read_dir(folder)?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let Some(id) = name.strip_suffix(".card").filter(|id| *id != me) else { continue };
            let written = entry.metadata().and_then(|metadata| metadata.modified());
            if written.is_ok_and(|at| now.duration_since(at).unwrap_or_default() < OLD) {
                others.push(id.to_string());
            }
        }
        match &others[..] {
            [] if begun.elapsed() > wait => {
                bail!("nobody came in {} s; start the same command on another machine meanwhile", wait.as_secs())
            }
            [] => thread::sleep(Duration::from_millis(500)),
            [other] => return Ok(other.clone()),
            _ => bail!("{} doctors meet here; start two", others.len() + 1),
        }
    }
}

impl Meeting {
    fn path(&self, id: &str, word: &str) -> PathBuf {
        self.folder.join(format!("{id}.{word}"))
    }

    fn say(&self, word: &str, content: &str) -> Result<()> {
        Ok(atomic::write(&self.path(&self.me, word), content.as_bytes())?)
    }

    fn hear(&self, word: &str) -> Result<String> {
        let path = self.path(&self.other, word);
        let begun = Instant::now();
        loop {
            match bounded::read_text(&path, bounded::TEXT) {
                Ok(text) => return Ok(text),
                Err(error) if error.kind() == io::ErrorKind::NotFound && begun.elapsed() < PATIENCE => {
                    thread::sleep(LOOK);
                }
                Err(error) => return Err(error).context(format!("the other doctor did not say {word}")),
            }
        }
    }

    /// Both come to the same place.
    fn together(&self, place: &str) -> Result<()> {
        self.say(place, "")?;
        self.hear(place).map(|_| ())
    }

    /// One of the two does something, what it finds is told to both.
    fn told(&self, is_mine: bool, word: &str, find: impl FnOnce() -> Result<String>) -> Result<String> {
        if !is_mine {
            return self.hear(word);
        }
        let found = find()?;
        self.say(word, &found)?;
        Ok(found)
    }

    fn checks(&self) -> Result<Vec<Finding>> {
        let first = self.me < self.other;
        let theirs = self.hear("card")?;
        let mut lines = theirs.lines();
        let (host, version) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        let mut findings = vec![Finding::good("the other", format!("{host}, strata {version}"))];
        let own = env!("CARGO_PKG_VERSION");
        let follows = "networks of different versions may have different bits; install the same one";
        findings.push(Finding::that(version == own, "versions", format!("{own} here, {version} there"), follows));
        self.together("ready")?;
        findings.push(self.words(first)?);
        findings.push(self.locks(first)?);
        findings.push(self.links()?);
        findings.push(self.renames(first)?);
        findings.push(self.heartbeats(first)?);
        findings.push(self.clocks()?);
        self.together("end")?;
        Ok(findings)
    }

    fn words(&self, first: bool) -> Result<Finding> {
        let begun = Instant::now();
        for number in 0..WORDS {
            let word = format!("word-{number}");
            if first {
                self.say(&word, "")?;
                self.hear(&word)?;
            } else {
                self.hear(&word)?;
                self.say(&word, "")?;
            }
        }
        let seconds = begun.elapsed().as_secs_f64() / f64::from(2 * WORDS);
        let found = format!("a new file is seen by the other after {:.0} ms", 1e3 * seconds);
        Ok(Finding::that(seconds < 10.0, "new files", found, "workers wait so much longer for networks of others"))
    }

    fn locks(&self, first: bool) -> Result<Finding> {
        let path = self.folder.join("between.lock");
        let file = File::options().create(true).truncate(false).write(true).open(&path)?;
        if first {
            let locked = file.try_lock().map_or_else(|error| error.to_string(), |()| "locked".into());
            self.say("locked", &locked)?;
        } else {
            self.hear("locked")?;
        }
        let found = self.told(!first, "lock-seen", || {
            Ok(match file.try_lock() {
                Ok(()) => "the other's lock is not seen here".into(),
                Err(TryLockError::WouldBlock) => "refused".into(),
                Err(TryLockError::Error(error)) => format!("flock: {error}"),
            })
        })?;
        drop(file);
        self.together("unlocked")?;
        let _ = fs::remove_file(&path);
        let follows = "a network whose process was killed on another machine is taken over after five minutes instead \
            of at once; claims and heartbeats do not need locks";
        Ok(match found.as_str() {
            "refused" => Finding::good("locks between", "the other's lock is seen"),
            _ => Finding { verdict: Verdict::Unknown, ..Finding::bad("locks between", found, follows) },
        })
    }

    fn links(&self) -> Result<Finding> {
        let source = self.path(&self.me, "link");
        fs::write(&source, ".")?;
        self.together("links")?;
        let name = |number: usize| self.folder.join(format!("between-{number}.link"));
        let won: Vec<String> = (0..NAMES)
            .filter(|&number| fs::hard_link(&source, name(number)).is_ok())
            .map(|number| number.to_string())
            .collect();
        self.say("won", &won.join(" "))?;
        let theirs = self.hear("won")?;
        let mine: BTreeSet<&str> = won.iter().map(String::as_str).collect();
        let theirs: BTreeSet<&str> = theirs.split_whitespace().collect();
        let (both, none) = (mine.intersection(&theirs).count(), NAMES - mine.union(&theirs).count());
        self.together("linked")?;
        (0..NAMES).for_each(|number| drop(fs::remove_file(name(number))));
        let found = format!("of {NAMES} names {} went to this one, {both} to both and {none} to none", mine.len());
        Ok(Finding::that(
            both == 0 && none == 0,
            "links between",
            found,
            "two machines may train one network; use another file system",
        ))
    }

    fn renames(&self, first: bool) -> Result<Finding> {
        let path = self.folder.join("between.file");
        let content = |number: usize| format!("{number:08}\n").repeat(1000);
        if first {
            atomic::write(&path, content(0).as_bytes())?;
            self.say("begun", "")?;
            for number in 1..=RENAMES {
                atomic::write(&path, content(number).as_bytes())?;
            }
        } else {
            self.hear("begun")?;
        }
        let found = self.told(!first, "read", || {
            let (mut reads, mut torn, mut missing, begun) = (0, 0, 0, Instant::now());
            loop {
                match fs::read_to_string(&path) {
                    Ok(text) => {
                        reads += 1;
                        let line = text.lines().next().unwrap_or_default();
                        torn += usize::from(line.parse().ok().map(content) != Some(text.clone()));
                        if text == content(RENAMES) || begun.elapsed() > PATIENCE {
                            return Ok(format!("{reads} reads, {torn} torn, {missing} without a file"));
                        }
                    }
                    Err(_) => missing += 1,
                }
            }
        })?;
        self.together("renamed")?;
        let _ = fs::remove_file(&path);
        let sound = found.contains(" 0 torn, 0 without");
        Ok(Finding::that(
            sound,
            "rename between",
            found,
            "who reads a record while it is replaced may get an error, and tries again",
        ))
    }

    fn heartbeats(&self, first: bool) -> Result<Finding> {
        let path = self.folder.join("between.heart");
        if first {
            fs::write(&path, "0000")?;
        }
        self.together("heart")?;
        if first {
            let mut file = File::options().write(true).open(&path)?;
            for beat in 1..=10 {
                thread::sleep(Duration::from_millis(200));
                file.rewind()?;
                file.write_all(format!("{beat:04}").as_bytes())?;
                file.sync_data()?;
            }
        }
        let found = self.told(!first, "beats", || {
            let begun = Instant::now();
            let mut seen = BTreeSet::new();
            loop {
                seen.insert(fs::metadata(&path)?.modified()?);
                if fs::read_to_string(&path)? == "0010" || begun.elapsed() > PATIENCE {
                    let late = begun.elapsed().as_secs_f64() - 2.0;
                    return Ok(format!(
                        "{} times of 10 heartbeats seen, the last {:.1} s late",
                        seen.len(),
                        late.max(0.0)
                    ));
                }
                thread::sleep(LOOK);
            }
        })?;
        self.together("beaten")?;
        let _ = fs::remove_file(&path);
        let late = found.rsplit("last ").next().and_then(|rest| rest.split(' ').next()?.parse::<f64>().ok());
        let sound = late.is_some_and(|late| late < 60.0);
        Ok(Finding::that(
            sound,
            "heartbeats",
            found,
            "a network may be taken from a machine that is at work; use another file system",
        ))
    }

    fn clocks(&self) -> Result<Finding> {
        let own = self.path(&self.me, "times");
        fs::create_dir_all(&own)?;
        let mine = disk::skew(&own)?;
        fs::remove_dir_all(&own)?;
        self.say("skew", &mine.to_string())?;
        let theirs: f64 = self.hear("skew")?.parse().unwrap_or(f64::NAN);
        let found = format!("{:+.2} s between the machines", mine - theirs);
        let follows = "claims go by the file system's clock and are sound; times in `strata status` are off by as much";
        Ok(Finding::that((mine - theirs).abs() < 2.0, "clocks between", found, follows))
    }
}
