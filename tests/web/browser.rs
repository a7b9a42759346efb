//! How the tests call a browser.

use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
};

pub const INSTALL: &str = "run scripts/web, which installs it";

/// Whether everything is asked for that takes minutes.
pub fn all() -> bool {
    std::env::var("STRATA_WEB").is_ok_and(|value| value == "all")
}

pub fn web() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("web")
}

/// One browser at a time: each takes all cores while it compiles.
static TURN: Mutex<()> = Mutex::new(());

/// Runs a script of the folder `web` with Node and returns what it prints.
pub fn node(script: &str, arguments: &[&Path]) -> String {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let modules = web().join("node_modules/playwright-core");
    assert!(modules.is_dir(), "{} is not there: {INSTALL}", modules.display());
    let output = Command::new("node").arg(web().join(script)).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("node: {error}; {INSTALL}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {}: {errors}; is there a Chromium? {INSTALL}", output.status);
    eprint!("{errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Calls tasks of `web/tests/harness.ts` in a page of a folder, and returns what they gave. No task may make the
/// console complain or ask another machine.
pub fn tasks(folder: &Path, tasks: &[(&str, Value)]) -> Vec<Value> {
    node("build.mjs", &["harness".as_ref(), folder]);
    let list: Vec<Value> = tasks.iter().map(|(task, value)| json!({ "task": task, "value": value })).collect();
    let path = folder.join("tasks.json");
    fs::write(&path, json!(list).to_string()).unwrap();
    let done: Value = serde_json::from_str(&node("tests/browser.mjs", &[folder, &path])).unwrap();
    assert_eq!((&done["complaints"], &done["outside"]), (&json!([]), &json!([])));
    let results = done["results"].as_array().unwrap().clone();
    for (result, (task, _)) in results.iter().zip(tasks) {
        assert!(result.get("error").is_none(), "{task}: {}", result["error"]);
    }
    results
}

/// Numbers of a JSON list.
pub fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Bytes as text, three in four letters.
pub fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0u32, |word, &byte| word << 8 | u32::from(byte)) << (8 * (3 - three.len()));
        for letter in 0..4 {
            let is_padding = letter > three.len();
            text.push(if is_padding { '=' } else { LETTERS[(word >> (18 - 6 * letter) & 63) as usize] as char });
        }
    }
    text
}

/// The bytes of such a text.
pub fn from_base64(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for four in text.as_bytes().chunks(4) {
        let digit = |&letter: &u8| LETTERS.iter().position(|&other| other == letter).unwrap_or(0) as u32;
        let word = four.iter().fold(0u32, |word, letter| word << 6 | digit(letter));
        let padding = four.iter().filter(|&&letter| letter == b'=').count();
        bytes.extend_from_slice(&word.to_be_bytes()[1..4 - padding]);
    }
    bytes
}
