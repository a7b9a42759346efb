//! Paths are taken as they stand, whatever is in them.

use super::made::{err, idx, strata};
use std::{fs, path::Path};

/// Names that folders have had: decomposed accents, spaces of several kinds, quotes, and what looks like a value.
const ODD: [&str; 18] = [
    "Bilde\u{301}r",
    "a\u{a0}b",
    "4.42\u{202f}PM",
    "zero\u{200b}width",
    "\u{2764}\u{fe0f}",
    "sp ace",
    "it's",
    "q\"uote",
    "\"quoted\"",
    "back\\slash",
    "line\nbreak",
    "-dash",
    "--max-iter",
    "2024",
    "1.5",
    "true",
    "2024-01-01",
    "[1]",
];

/// Runs a command in a folder and wants it to succeed.
fn run(place: &Path, name: &str, args: &[&str]) {
    let output = strata(args).current_dir(place).output().unwrap();
    assert!(output.status.success(), "{name:?}, {args:?}: {}", err(&output));
}

#[test]
fn every_name_is_found_by_every_command() {
    let place = tempfile::tempdir().unwrap();
    let labels: Vec<u8> = (0..10).flat_map(|class| [class; 3]).collect();
    for name in ODD {
        idx(&place.path().join(name), 28, &labels, &labels);
        // clap takes what is an option's own name for the option; `--` and `=` say that it is not.
        match name.starts_with("--") {
            true => run(place.path(), name, &["data", "inspect", "idx", "--", name]),
            false => run(place.path(), name, &["data", "inspect", "idx", name]),
        }
        let quick = ["train", "--device", "cpu", "--max-iter", "1", "--batch-size", "2", "--data", "idx"];
        run(place.path(), name, &[&quick[..], &["--data-path", name]].concat());
        let set = match name.starts_with('"') {
            // Quotes around a value are TOML's.
            true => format!("data.path='{name}'"),
            false => format!("data.path={name}"),
        };
        let plan = ["plan", "default", "--memory", "--device", "cpu", "--set", "data.source=idx", "--set"];
        let sizes = ["--set", "data.train_per_class=2", "--set", "data.held_out_per_class=1"];
        run(place.path(), name, &[&plan[..], &[&set], &sizes].concat());
    }
}

#[test]
fn a_file_of_halves_and_a_second_data_set_are_found_under_such_names_too() {
    let place = tempfile::tempdir().unwrap();
    let labels: Vec<u8> = (0..10).flat_map(|class| [class; 3]).collect();
    let sizes = ["--set", "data.train_per_class=2", "--set", "data.held_out_per_class=1"];
    for name in ["2024", "-dash", "it's", "a\u{a0}b", "true"] {
        let (halves, other) = (format!("{name}.csv"), format!("{name}.idx"));
        fs::write(place.path().join(&halves), "Coat,A\nBag,A\nShirt,B\nDress,B\n").unwrap();
        idx(&place.path().join(&other), 28, &labels, &labels);
        let plan = ["plan", "default", "--memory", "--device", "cpu", "--set", "protocol.splits=[0]"];
        let file = format!("protocol.split_file={halves}");
        run(place.path(), name, &[&plan[..], &sizes, &["--set", "protocol.split=listed", "--set", &file]].concat());
        let path = format!("data.other_path={other}");
        let two = ["--set", "protocol.split=two-data-sets", "--set", "data.other_source=idx", "--set", &path];
        run(place.path(), name, &[&plan[..], &sizes, &two].concat());
    }
}

#[test]
fn a_packed_file_may_have_such_a_name() {
    let place = tempfile::tempdir().unwrap();
    super::made::tinted(&place.path().join("set/train"), &["a", "b"], 2, 8);
    for name in ["-dash.pack", "2024", "it's", "line\nbreak"] {
        run(place.path(), name, &["data", "pack", "set", "--size", "8", "--out", name]);
        run(place.path(), name, &["data", "verify", name]);
        run(place.path(), name, &["data", "inspect", "packed", name]);
    }
}

/// Names that are no Unicode cannot stand in an experiment, but arguments take them.
#[cfg(unix)]
#[test]
fn a_path_that_is_not_unicode_is_found_where_it_is_an_argument() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let place = tempfile::tempdir().unwrap();
    let name = OsStr::from_bytes(b"caf\xe9 \"'\\\n");
    if fs::create_dir(place.path().join(name)).is_err() {
        // Some file systems hold Unicode only.
        return;
    }
    let labels: Vec<u8> = (0..10).flat_map(|class| [class; 3]).collect();
    idx(&place.path().join(name), 28, &labels, &labels);
    let run = |args: &[&str], paths: &[&OsStr]| {
        let output = strata(args).args(paths).current_dir(place.path()).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", err(&output));
    };
    run(&["data", "inspect", "idx"], &[name]);
    let quick = ["train", "--device", "cpu", "--max-iter", "1", "--batch-size", "2", "--data", "idx", "--data-path"];
    run(&quick, &[name]);
    super::made::tinted(&place.path().join("set").join(name).join("train"), &["a", "b"], 2, 8);
    let store = OsStr::from_bytes(b"\xff.pack");
    let folder = place.path().join("set").join(name);
    run(&["data", "pack", "--size", "8", "--out"], &[store, folder.as_os_str()]);
    run(&["data", "verify"], &[store]);
    run(&["data", "inspect", "packed"], &[store]);
    run(&["data", "inspect", "folder"], &[folder.as_os_str()]);
}

#[test]
fn a_source_without_its_path_and_an_unknown_source_are_refused_with_what_to_type() {
    for (args, words) in [
        (&["train", "--data", "cifar10"][..], &["--data-path"][..]),
        (&["data", "inspect", "packed"], &["PATH"]),
        (&["train", "--data", "cifra10"], &["'cifar10'", "fashion-mnist", "packed"]),
        (&["train", "--fit", "sretch"], &["exact", "resize", "pad", "crop"]),
        (&["data", "fetch", "cifar"], &["'cifar10'", "mnist"]),
    ] {
        let output = strata(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", err(&output));
        words.iter().for_each(|word| assert!(err(&output).contains(word), "{args:?}: {}", err(&output)));
    }
    // What is neither a source nor a path may be meant as either.
    let output = strata(&["data", "inspect", "fasion-mnist"]).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", err(&output));
    assert!(err(&output).contains("the nearest is \"fashion-mnist\""), "{}", err(&output));
    for (set, words) in [
        ("data.source=cifra10", &["data.source", "\"cifar10\"", "fashion-mnist"][..]),
        ("data.other_source=niose", &["data.other_source", "\"noise\""]),
        ("data.source=cifar10", &["data.path", "cifar10"]),
    ] {
        let output = strata(&["plan", "default", "--memory", "--set", set]).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{set}: {}", err(&output));
        words.iter().for_each(|word| assert!(err(&output).contains(word), "{set}: {}", err(&output)));
    }
    let output = strata(&["plan", "cifar10"]).output().unwrap();
    assert!(err(&output).contains("\"cifar100\""), "{}", err(&output));
}
