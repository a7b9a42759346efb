//! Tapes that are damaged: refused in words.

use super::browser::tasks;
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use std::{fs, io::Write};
use strata::{Experiment, web};

/// A small tape.
fn written() -> (Value, Vec<u8>) {
    let overrides = ["data.train_per_class=20", "data.test_per_class=5", "solver.batch_size=4"].map(String::from);
    let experiment = Experiment::find("web", &overrides).unwrap();
    let written = web::tape(&experiment, "strata reproduce web").unwrap();
    (serde_json::from_slice(&written.text).unwrap(), written.binary)
}

#[test]
fn a_damaged_tape_is_refused_with_what_is_wrong() {
    let (tape, binary) = written();
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    put("tape.bin", &binary);
    put("whole.json", tape.to_string().as_bytes());
    let mut flipped = binary.clone();
    flipped[binary.len() / 2] ^= 1;
    put("flipped.bin", &flipped);
    put("short.bin", &binary[..binary.len() - 9]);
    // It unpacks to a hundred megabytes of zeros.
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    (0..100).for_each(|_| packer.write_all(&vec![0; 1 << 20]).unwrap());
    let larger = packer.finish().unwrap();
    put("larger.bin", &larger);

    let mut expected: Vec<(String, &str)> = Vec::new();
    let mut damaged = |name: &str, words: &'static str, damage: &dyn Fn(&mut Value)| {
        let mut tape = tape.clone();
        damage(&mut tape);
        put(name, tape.to_string().as_bytes());
        expected.push((name.to_string(), words));
    };
    damaged("version.json", "of version 2, this player knows version 1", &|tape| tape["version"] = json!(2));
    damaged("unknown.json", "tape.colour is \"red\", expected no such field", &|tape| tape["colour"] = json!("red"));
    damaged("missing.json", "tape.blocks", &|tape| {
        tape.as_object_mut().unwrap().remove("blocks");
    });
    damaged("pipeline.json", "a pipeline of the tape", &|tape| {
        tape["programs"][0]["tapes"]["train"]["dispatches"][0]["pipeline"] = json!(1999);
    });
    damaged("buffer.json", "buffers of the program", &|tape| {
        tape["programs"][1]["tapes"]["train"]["dispatches"][2]["buffers"][0] = json!(99_999);
    });
    damaged("section.json", "a section of", &|tape| tape["data"]["train"]["pixels"]["offset"] = json!(200_000_000));
    damaged("grid.json", "a whole number from 1 to 65535", &|tape| {
        tape["programs"][0]["tapes"]["train"]["dispatches"][0]["grid"][0] = json!(0);
    });
    damaged("shape.json", "values", &|tape| tape["programs"][0]["parameters"][0]["shape"][0] = json!(7));
    damaged("flipped.json", "export the page again", &|tape| tape["binary"]["file"] = json!("flipped.bin"));
    damaged("short.json", "its description says", &|tape| tape["binary"]["file"] = json!("short.bin"));
    damaged("cut.json", "damaged", &|tape| {
        tape["binary"]["file"] = json!("short.bin");
        tape["binary"]["packed"] = json!(binary.len() - 9);
    });
    damaged("larger.json", "unpacks to more than its", &|tape| {
        tape["binary"]["file"] = json!("larger.bin");
        tape["binary"]["packed"] = json!(larger.len());
    });
    damaged("digest.json", "does not have the digest", &|tape| tape["binary"]["digest"] = json!("0".repeat(64)));
    damaged("outside.json", "no plain name", &|tape| tape["binary"]["file"] = json!("http://example.org/x"));
    put("text.json", b"{\"format\":");
    expected.push(("text.json".into(), "is no JSON"));

    let mut list: Vec<(&str, Value)> = expected.iter().map(|(name, _)| ("refusal", json!({ "tape": name }))).collect();
    list.push(("refusal", json!({ "tape": "whole.json" })));
    let done = tasks(folder.path(), &list);
    for ((name, words), said) in expected.iter().zip(&done) {
        let said = said.as_str().unwrap();
        assert!(said.starts_with("TapeError: ") && said.contains(words), "{name}: {said}");
    }
    assert_eq!(done[expected.len()], "loaded");
}
