//! Arrows between rooms point only downward.
//!
//! `FLOORS` is the architecture in one constant: a room may use rooms of lower floors only.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{fs, path::Path};

/// The rooms, lowest floor first. Rooms of one floor do not use each other.
const FLOORS: &[&[&str]] =
    &[&["host"], &["gpu", "cpu"], &["ops"], &["nn"], &["data"], &["train"], &["protocol"], &["report"], &["cli"]];

/// Pairs that are forbidden although the floors would allow them: data knows nothing of devices or learning.
const FORBIDDEN: &[(&str, &str)] = &[
    ("data", "gpu"),
    ("data", "cpu"),
    ("data", "ops"),
    ("data", "nn"),
    ("report", "gpu"),
    ("report", "cpu"),
    ("report", "ops"),
    ("report", "nn"),
];

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

fn rust_files(folder: &Path, into: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable source folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// Every `crate::room` a text names, grouped imports (`use crate::{host::x, cpu}`) included.
fn rooms_named(text: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            for ch in group.chars() {
                match ch {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => word.clear(),
                    c if depth == 0 && (c.is_alphanumeric() || c == '_') => word.push(c),
                    ':' if depth == 0 && !word.is_empty() => {
                        rooms.push(std::mem::take(&mut word));
                        // The path behind the room does not matter; a comma starts the next.
                        depth += 0;
                    }
                    _ => {}
                }
            }
        } else {
            rooms.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    rooms
}

fn arrows() -> Vec<(String, String, String)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    let mut arrows = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&source).expect("below src").to_path_buf();
        let room = inside.components().next().expect("a component").as_os_str().to_string_lossy().replace(".rs", "");
        if room == "lib" || room == "main" {
            continue;
        }
        for other in rooms_named(&fs::read_to_string(&file).expect("a readable source file")) {
            if other != room && floor(&other).is_some() {
                arrows.push((room.clone(), other, inside.display().to_string()));
            }
        }
    }
    arrows
}

#[test]
fn every_room_has_a_floor() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(source).expect("src") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy().to_string();
        if path.is_dir() {
            assert!(floor(&name).is_some(), "src/{name} has no floor in tests/layering.rs");
        }
    }
}

#[test]
fn arrows_point_only_downward() {
    let arrows = arrows();
    for (from, to, file) in &arrows {
        let (a, b) = (floor(from).expect("a known room"), floor(to).expect("a known room"));
        assert!(b < a, "{file}: {from} (floor {}) uses {to} (floor {})", a + 1, b + 1);
        assert!(!FORBIDDEN.contains(&(from.as_str(), to.as_str())), "{file}: {from} must not know {to}");
    }
}

#[test]
fn only_the_gpu_room_names_wgpu() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    for file in files {
        let text = fs::read_to_string(&file).expect("a readable source file");
        let inside = file.strip_prefix(&source).expect("below src");
        if !inside.starts_with("gpu") {
            assert!(!text.contains("wgpu::"), "{} names wgpu", inside.display());
        }
    }
}

/// A closure that is called from a function for wide registers, and not compiled into it, has the least processor's.
#[test]
fn loops_for_wide_registers_are_compiled_into_the_function_that_has_them() {
    let mut files = Vec::new();
    rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cpu"), &mut files);
    let mut calls = 0;
    for path in files {
        let text = fs::read_to_string(&path).expect("a readable source");
        for (at, call) in text.match_indices("vectorised(") {
            let argument = text[at + call.len()..].trim_start();
            assert!(
                argument.starts_with("#[inline(always)]"),
                "{}: mark the closure `#[inline(always)]`",
                path.display()
            );
            calls += 1;
        }
    }
    assert!(calls >= 8, "{calls} calls were found");
}

#[test]
fn the_reader_of_imports_sees_plain_and_grouped_paths() {
    assert_eq!(rooms_named("use crate::host::Shape;"), ["host"]);
    assert_eq!(rooms_named("use crate::{cpu::gemm, host::Shape};"), ["cpu", "host"]);
}
