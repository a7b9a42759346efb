//! What is written on a terminal and into a pipe: escape sequences, colours, widths, characters.

use super::made::{err, out, strata};
use std::{path::Path, process::Command, process::Output};

/// A study of two bases and two more networks that ends in a second or two.
const STUDY: [&str; 14] = [
    "reproduce",
    "--quick",
    "--device",
    "cpu",
    "--set",
    "protocol.arms=[\"BnB\"]",
    "--set",
    "protocol.layers=[1]",
    "--set",
    "solver.max_iter=40",
    "--set",
    "data.held_out_per_class=0",
    "--runs",
    "runs",
];

/// What a command writes on a terminal of 80 columns whose type and locale are given.
fn on_terminal(args: &[&str], folder: &Path, set: &[(&str, &str)]) -> Output {
    let mut command = Command::new("python3");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/terminal.py"));
    command.arg(env!("CARGO_BIN_EXE_strata")).args(args).current_dir(folder);
    for name in ["NO_COLOR", "TERM", "LC_ALL", "LC_CTYPE", "LANG", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.envs([("TERM", "xterm-256color"), ("LC_ALL", "C.UTF-8")]).envs(set.iter().copied());
    command.output().unwrap()
}

/// The sequences that change the colour or weight of text: `ESC [ ... m`.
fn coloured(text: &str) -> Vec<&str> {
    let sequences = text.split('\u{1b}').skip(1).filter(|rest| rest.starts_with('['));
    let ends = |c: char| c.is_ascii_alphabetic();
    sequences.filter(|rest| rest[1..].find(ends).is_some_and(|at| rest[1 + at..].starts_with('m'))).collect()
}

#[test]
fn nothing_that_goes_into_a_pipe_has_an_escape_sequence() {
    let place = tempfile::tempdir().unwrap();
    for args in [&["--help"][..], &["reproduce", "--help"], &["plan"], &["plan", "nowhere"], &["--wrong"], &STUDY] {
        let output = strata(args).env("TERM", "xterm-256color").current_dir(&place).output().unwrap();
        let written = format!("{}{}", out(&output), err(&output));
        assert!(!written.is_empty() && !written.contains('\u{1b}'), "{args:?}: {written:?}");
    }
}

#[test]
fn no_color_takes_the_colours_and_weights_away() {
    let place = tempfile::tempdir().unwrap();
    for args in [&["--help"][..], &["--wrong"], &["plan", "nowhere"], &STUDY] {
        let written = out(&on_terminal(args, place.path(), &[("NO_COLOR", "1")]));
        assert!(!written.is_empty() && coloured(&written).is_empty(), "{args:?}: {written:?}");
    }
    // The terminal is one that gets colours without it, so that the test sees what is taken away.
    assert!(!coloured(&out(&on_terminal(&["--wrong"], place.path(), &[]))).is_empty());
}

#[test]
fn a_dumb_terminal_gets_lines_and_no_sequence() {
    let place = tempfile::tempdir().unwrap();
    let output = on_terminal(&STUDY, place.path(), &[("TERM", "dumb"), ("NO_COLOR", "1")]);
    let written = out(&output);
    assert!(output.status.success() && !written.contains('\u{1b}'), "{written:?}");
    assert!(written.contains("[1/4] s0-r0-base") && written.contains("[4/4] "), "{written:?}");
}

#[test]
fn the_bar_fits_into_80_columns_and_is_ascii_where_the_locale_is() {
    for (locale, ascii) in [("C", true), ("C.UTF-8", false)] {
        let place = tempfile::tempdir().unwrap();
        let output = on_terminal(&STUDY, place.path(), &[("LC_ALL", locale)]);
        let written = out(&output);
        assert!(output.status.success(), "{written:?}");
        // What is drawn between two moves of the cursor is a line on the screen.
        let moves = |c: char| c == '\r' || c == '\n';
        let mut bars = 0;
        for line in written.split(moves) {
            let mut shown = String::new();
            let mut rest = line;
            while let Some(at) = rest.find('\u{1b}') {
                shown.push_str(&rest[..at]);
                rest = rest[at + 1..].trim_start_matches('[').trim_start_matches(|c: char| !c.is_ascii_alphabetic());
                rest = rest.get(1..).unwrap_or_default();
            }
            shown.push_str(rest);
            if shown.contains(" spent, ") && shown.contains("networks, ") {
                bars += 1;
                assert!(shown.chars().count() <= 80, "{shown:?}");
                assert_eq!(shown.is_ascii(), ascii, "{locale}: {shown:?}");
            }
        }
        assert!(bars > 0, "no bar was drawn: {written:?}");
        assert!(!ascii || written.is_ascii(), "{written:?}");
    }
}
