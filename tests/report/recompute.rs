//! Every statistic of a report computed again by another program, from its table of runs alone.
//!
//! `recompute.py` shares no code with strata: NumPy and SciPy do the arithmetic. `scripts/test` installs both in
//! `target/python`; without them this test fails rather than being passed over.

use std::{path::PathBuf, process::Command};

use strata::report::{Arm, Kind, Study, published};

use super::{
    synthetic::{balanced, several},
    written::{full, write},
};

fn python() -> PathBuf {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/target/python/bin/python");
    std::env::var_os("STRATA_PYTHON").map_or_else(|| own.into(), PathBuf::from)
}

/// Writes a report, has it computed again, and says how many numbers of the results and of the page were.
fn recomputed(studies: &[Study]) -> (usize, usize) {
    let folder = tempfile::tempdir().unwrap();
    write(studies, folder.path()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/report/recompute.py");
    let output = Command::new(python()).arg("-B").arg(script).arg(folder.path()).output().unwrap_or_else(|error| {
        panic!("{}: {error}; scripts/test installs it, with NumPy and SciPy", python().display())
    });
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    let counts: Vec<usize> = out.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    println!("{}", out.trim());
    (counts[0], counts[1])
}

#[test]
fn every_number_of_a_report_follows_from_its_table_of_runs() {
    // A run that has diverged and one at chance; six splits, so that families are tested jointly.
    let mut six = balanced(6, 2, 8);
    six.runs[40].curve.last_mut().unwrap().top1 = 0.011;
    let mut partial = balanced(7, 1, 5);
    partial.runs.retain(|run| run.arm != Arm::Transfer || run.split != "3");
    partial.runs.retain(|run| !matches!(run.arm, Arm::Continue | Arm::Restart) || run.split == "1");
    let pair = Study { kind: Kind::OtherData, margin: 0.3, ..balanced(1, 4, 8) };
    for studies in [vec![full()], vec![six], vec![partial], vec![pair], several(), published().unwrap()] {
        let (results, page) = recomputed(&studies);
        assert!(results > 500 && page > 300, "{results} and {page}");
    }
}

#[test]
fn a_number_that_does_not_follow_is_found() {
    let folder = tempfile::tempdir().unwrap();
    write(&[balanced(3, 1, 4)], folder.path()).unwrap();
    let run = || {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/report/recompute.py");
        Command::new(python()).arg("-B").arg(script).arg(folder.path()).status().unwrap().success()
    };
    assert!(run());
    let page = folder.path().join("report.html");
    let text = std::fs::read_to_string(&page).unwrap();
    std::fs::write(&page, text.replacen("</h2>", "</h2><p>It is 12.34 points.</p>", 1)).unwrap();
    assert!(!run());
    std::fs::write(&page, text).unwrap();
    let runs = folder.path().join("runs.csv");
    let table = std::fs::read_to_string(&runs).unwrap();
    let value = table.lines().nth(1).unwrap().split(',').nth(15).unwrap().to_string();
    std::fs::write(&runs, table.replacen(&value, "12.5", 1)).unwrap();
    assert!(!run());
}
