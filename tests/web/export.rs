//! `strata export web`: what it writes, and what it refuses.

use std::{path::Path, process::Command};

fn export(arguments: &[&str], folder: &Path) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_strata"));
    command.args(["export", "web"]).args(arguments).arg("--out").arg(folder).output().unwrap()
}

#[test]
fn an_export_is_the_same_files_every_time_and_needs_no_device() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str| {
        let out = folder.path().join(name);
        let output = export(&["--set", "protocol.splits=[0]", "--set", "solver.max_iter=16"], &out);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        ["index.html", "page.css", "page.js", "recorded.json", "tape.bin", "tape.json"]
            .map(|name| std::fs::read(out.join(name)).unwrap())
    };
    let files = read("one");
    assert_eq!(files, read("two"));
    let tape: serde_json::Value = serde_json::from_slice(&files[5]).unwrap();
    assert_eq!(
        tape["experiment"]["command"],
        "strata reproduce web --set 'protocol.splits=[0]' --set solver.max_iter=16"
    );
    // Programs with no frozen block and with 1 to 4.
    assert_eq!(tape["programs"].as_array().unwrap().len(), 5);
    assert_eq!((&tape["data"]["train"]["count"], &tape["data"]["test"]["count"]), (&5000.into(), &2000.into()));
    let out = folder.path().join("tape");
    let output = export(&["--tape-only", "--set", "solver.max_iter=16"], &out);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut names: Vec<_> = std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["tape.bin", "tape.json"]);
    let all: usize = files.iter().map(Vec::len).sum();
    assert!(all < 4_000_000, "{all} bytes");
}

#[test]
fn what_a_page_cannot_follow_is_refused_with_the_code_of_its_kind_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, code, words) in [
        (&["default"][..], 3, "data.test_per_class is 0, all of them, but a page needs a number of images"),
        (&["web", "--set", "data.augmentation=crop"], 3, "data.augmentation"),
        (&["web", "--set", "solver.batch_parts=4"], 3, "solver.batch_parts"),
        (&["webb"], 3, "webb"),
    ] {
        let out = folder.path().join("out");
        let output = export(arguments, &out);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{errors}");
        assert!(errors.contains(words), "{errors}");
        assert!(!out.exists());
    }
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let output = export(&["web"], &file);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("give --out a folder"), "{output:?}");
}
