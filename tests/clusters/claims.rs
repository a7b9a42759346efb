//! Contenders for one network whose owners are paused at the worst moments and wake late.

use super::judge::Judge;
use crate::reliability::made::{Dice, count, err, network, results, same, send, strata};
use std::{
    fs,
    io::Read,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

const NETWORK: &str = "s0-r0-baseA";

/// The files that an owner is paused at, between the check of its claim and the rename.
const FILES: [&str; 6] =
    ["state.safetensors", "state.safetensors", "log.jsonl", "weights.safetensors", "manifest.toml", "timing.json"];

/// Contenders at a time.
const AT_ONCE: usize = 8;

fn contender(runs: &Path) -> Command {
    let mut command = strata(&["run", "default", NETWORK], runs);
    // A heartbeat that is older than this is taken for that of a dead process.
    command.env("STRATA_CLAIM_AGE", "300").env("RAYON_NUM_THREADS", "1");
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn is_paused(child: &Child) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T'))
}

fn ended(mut child: Child) -> (Option<i32>, String) {
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (child.wait().unwrap().code(), said)
}

#[test]
fn of_contenders_whose_owners_are_paused_and_wake_late_one_holds_the_network_at_any_time() {
    let (contenders, rounds) = (count("STRATA_CONTENDERS", 16), count("STRATA_ROUNDS", 3));
    let whole = tempfile::tempdir().unwrap();
    let output = strata(&["run", "default", NETWORK], whole.path()).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let whole = results(whole.path());
    assert_eq!(whole.len(), 4);
    let mut dice = Dice::named("claims");
    let (mut paused_in_all, mut claims, mut renames, mut late, mut taken_over) = (0, 0, 0, 0, 0);
    for round in 0..rounds {
        let runs = tempfile::tempdir().unwrap();
        let folder = network(runs.path(), NETWORK);
        fs::create_dir_all(&folder).unwrap();
        let judge = Judge::of(&folder);
        let (mut at_work, mut paused, mut begun): (Vec<Child>, Vec<Child>, u64) = (Vec::new(), Vec::new(), 0);
        let mut check = |child: Child| {
            let (code, said) = ended(child);
            assert!([Some(0), Some(75)].contains(&code), "round {round}: {code:?}: {said}");
            taken_over += u64::from(said.contains("resumes from step"));
        };
        while begun < contenders || !at_work.is_empty() {
            while begun < contenders && at_work.len() < AT_ONCE {
                let mut command = contender(runs.path());
                if dice.below(4) > 0 {
                    let file = FILES[dice.below(6) as usize];
                    let write = if file == "state.safetensors" { 5 * dice.below(6) } else { 0 };
                    command.env("STRATA_HOLD", format!("{file}:{}:pause", 3 + write));
                }
                at_work.push(command.spawn().unwrap());
                begun += 1;
            }
            thread::sleep(Duration::from_millis(5));
            for child in std::mem::take(&mut at_work) {
                let mut child = child;
                if child.try_wait().unwrap().is_some() {
                    check(child);
                } else if is_paused(&child) {
                    paused.push(child);
                } else {
                    // At any moment, wherever it is.
                    if dice.below(60) == 0 {
                        send("-STOP", &child);
                    }
                    at_work.push(child);
                }
            }
            // Some wake while others are at work.
            if !paused.is_empty() && dice.below(40) == 0 {
                let child = paused.swap_remove(dice.below(paused.len() as u64) as usize);
                send("-CONT", &child);
                at_work.push(child);
                paused_in_all += 1;
            }
        }
        // Who has not ended it may all be paused.
        let mut last = contender(runs.path());
        while !last.output().unwrap().status.success() {
            thread::sleep(Duration::from_millis(20));
        }
        same(&whole, &results(runs.path()));
        paused_in_all += paused.len();
        for child in paused {
            send("-CONT", &child);
            check(child);
        }
        let verdict = judge.verdict();
        assert!(verdict.wrong.is_empty(), "round {round}: {verdict:?}");
        (claims, renames, late) = (claims + verdict.claims, renames + verdict.renames, late + verdict.late);
        // What woke up has changed nothing and left nothing.
        same(&whole, &results(runs.path()));
        for entry in fs::read_dir(&folder).unwrap() {
            let name = entry.unwrap().file_name().to_string_lossy().into_owned();
            assert!(!name.ends_with(".tmp") && !name.starts_with("state"), "{name} is left");
        }
    }
    println!(
        "{rounds} rounds of {contenders} contenders: {paused_in_all} pauses, {claims} claims, {taken_over} resumed \
         from another's checkpoint, {renames} renames, {late} of them late; all byte-identical"
    );
    assert!(paused_in_all as u64 >= rounds && claims > rounds, "{paused_in_all} pauses, {claims} claims");
}
