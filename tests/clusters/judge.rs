//! Who wrote what in a network's folder, in the order in which the kernel saw it.

use inotify::{EventMask, Inotify, WatchMask};
use std::{
    collections::HashMap,
    fs::File,
    path::{Path, PathBuf},
    thread::{self, JoinHandle},
};

/// The file whose making ends a judge's watch.
const END: &str = "end-of-watch";

/// What a judge has seen.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Claims that were made with a number above all before.
    pub claims: u64,
    /// Files that got their names from an owner.
    pub renames: u64,
    /// Those of them whose owner was past its check when the network was taken over.
    pub late: u64,
    /// What must not happen.
    pub wrong: Vec<String>,
}

/// Watches a folder until it is asked for its verdict.
pub struct Judge {
    folder: PathBuf,
    thread: JoinHandle<Verdict>,
}

/// The number of the claim that a temporary file belongs to: `.log.jsonl.3-0a1b2c3d-0.tmp`.
fn owner(name: &str) -> Option<u64> {
    let stem = name.strip_prefix('.')?.strip_suffix(".tmp")?;
    let mut parts = stem.rsplit('.').next()?.split('-');
    let number = parts.next()?.parse().ok()?;
    (parts.count() == 2).then_some(number)
}

impl Judge {
    pub fn of(folder: &Path) -> Self {
        let mut inotify = Inotify::init().unwrap();
        inotify.watches().add(folder, WatchMask::CREATE | WatchMask::MOVED_FROM).unwrap();
        let thread = thread::spawn(move || {
            let (mut verdict, mut buffer) = (Verdict::default(), vec![0; 1 << 20]);
            // The highest claim, the highest whose owner has named a file, and the highest at the time when each
            // temporary file was made.
            let (mut highest, mut landed, mut made) = (0, 0, HashMap::new());
            loop {
                for event in inotify.read_events_blocking(&mut buffer).unwrap() {
                    if event.mask.contains(EventMask::Q_OVERFLOW) {
                        verdict.wrong.push("the judge has missed events".into());
                    }
                    let Some(name) = event.name else { continue };
                    let name = name.to_string_lossy().into_owned();
                    if name == END {
                        return verdict;
                    }
                    if let Some(number) = name.strip_prefix("claim-").and_then(|number| number.parse().ok()) {
                        verdict.claims += u64::from(number > highest);
                        highest = highest.max(number);
                    } else if let Some(number) = owner(&name) {
                        if event.mask.contains(EventMask::CREATE) {
                            made.insert(name, highest);
                            continue;
                        }
                        verdict.renames += 1;
                        verdict.late += u64::from(number < highest);
                        if number < highest && made.get(&name) != Some(&number) {
                            verdict.wrong.push(format!("{name} was begun and named under claim {highest}"));
                        }
                        if number < landed {
                            verdict.wrong.push(format!("{name} was named after a file of claim {landed}"));
                        }
                        landed = landed.max(number);
                    }
                }
            }
        });
        Self { folder: folder.into(), thread }
    }

    pub fn verdict(self) -> Verdict {
        File::create(self.folder.join(END)).unwrap();
        let verdict = self.thread.join().unwrap();
        std::fs::remove_file(self.folder.join(END)).unwrap();
        verdict
    }
}

#[test]
fn the_judge_sees_an_owner_that_writes_after_its_successor() {
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str| drop(File::create(folder.path().join(name)).unwrap());
    let rename = |name: &str| std::fs::rename(folder.path().join(name), folder.path().join("log.jsonl")).unwrap();
    let judge = Judge::of(folder.path());
    make("claim-000001");
    for name in [".log.jsonl.1-0a-0.tmp", ".log.jsonl.1-0a-1.tmp"] {
        make(name);
    }
    make("claim-000002");
    // Begun before the second claim: late, and harmless until the second owner has written.
    rename(".log.jsonl.1-0a-0.tmp");
    make(".log.jsonl.2-0b-0.tmp");
    make(".log.jsonl.1-0a-2.tmp");
    rename(".log.jsonl.1-0a-2.tmp");
    rename(".log.jsonl.2-0b-0.tmp");
    rename(".log.jsonl.1-0a-1.tmp");
    let verdict = judge.verdict();
    assert_eq!((verdict.claims, verdict.renames, verdict.late, verdict.wrong.len()), (2, 4, 3, 2), "{verdict:?}");
    assert!(verdict.wrong[0].contains("1-0a-2") && verdict.wrong[1].contains("1-0a-1"), "{verdict:?}");
}
