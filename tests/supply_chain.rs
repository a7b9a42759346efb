//! What strata is built from, and where it is not safe Rust.
//!
//! `scripts/deny` asks cargo-deny the same and more; this runs wherever cargo does, without a tool or a network.

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The files that may hold unsafe code: products, the driver's interface, mapped files, libjpeg, the environment.
const UNSAFE_FILES: [&str; 5] = [
    "src/cpu/product.rs",
    "src/gpu/pipeline.rs",
    "src/data/store/map.rs",
    "src/data/image_file/libjpeg.rs",
    "src/main.rs",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Whether a licence expression can be met by allowed licences alone. `AND` binds tighter than `OR`; the slash is an
/// old way to write `OR`; an exception only adds to what a licence grants.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    either(&words, &mut at, allowed) && at == words.len()
}

fn either(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut met = both(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        met |= both(words, at, allowed);
    }
    met
}

fn both(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut met = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        met &= one(words, at, allowed);
    }
    met
}

fn one(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let word = words.get(*at).copied().unwrap_or_default();
    *at += 1;
    if word == "(" {
        let met = either(words, at, allowed);
        let closed = words.get(*at) == Some(&")");
        *at += 1;
        return met && closed;
    }
    if words.get(*at) == Some(&"WITH") {
        *at += 2;
    }
    allowed.contains(word)
}

fn allowed_licences() -> BTreeSet<String> {
    let deny: toml::Table = fs::read_to_string(root().join("deny.toml")).unwrap().parse().unwrap();
    let list = deny["licenses"]["allow"].as_array().unwrap();
    list.iter().map(|licence| licence.as_str().unwrap().to_string()).collect()
}

#[test]
fn a_licence_expression_is_met_by_the_licences_that_it_offers() {
    let allowed: BTreeSet<String> = ["MIT", "ISC"].map(String::from).into();
    for met in ["MIT", "GPL-3.0 OR MIT", "GPL-3.0/MIT", "(MIT OR Zlib) AND ISC", "MIT WITH X-exception", "MIT AND ISC"]
    {
        assert!(is_allowed(met, &allowed), "{met}");
    }
    for unmet in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND GPL-3.0", "MIT OR", "(MIT", "MIT GPL-3.0", "WITH"]
    {
        assert!(!is_allowed(unmet, &allowed), "{unmet}");
    }
    assert!(is_allowed("GPL-3.0 OR MIT AND ISC", &allowed) && !is_allowed("MIT AND GPL-3.0 OR Zlib", &allowed));
}

/// Every crate that this machine's strata is linked from, those of the tests left out.
fn linked_crates() -> Vec<Value> {
    let compiler = Command::new("rustc").arg("-vV").output().unwrap();
    let compiler = String::from_utf8(compiler.stdout).unwrap();
    let host = compiler.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let cargo = option_env!("CARGO").unwrap_or("cargo");
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--offline", "--locked", "--filter-platform", host])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let nodes: BTreeMap<&str, &Value> = nodes.iter().map(|node| (node["id"].as_str().unwrap(), node)).collect();
    let mut open = vec![metadata["resolve"]["root"].as_str().unwrap()];
    let mut linked = BTreeSet::new();
    while let Some(id) = open.pop() {
        if linked.insert(id.to_string()) {
            let in_use = |dependency: &&Value| {
                dependency["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"] != "dev")
            };
            let dependencies = nodes[id]["deps"].as_array().unwrap().iter().filter(in_use);
            open.extend(dependencies.map(|dependency| dependency["pkg"].as_str().unwrap()));
        }
    }
    let packages = metadata["packages"].as_array().unwrap();
    packages.iter().filter(|package| linked.contains(package["id"].as_str().unwrap())).cloned().collect()
}

#[test]
fn every_crate_that_is_linked_has_an_allowed_licence_and_comes_from_the_registry() {
    let (allowed, crates) = (allowed_licences(), linked_crates());
    assert!(crates.len() > 50, "{} crates are too few to be all", crates.len());
    let mut refused = Vec::new();
    for package in &crates {
        let (name, licence) = (&package["name"], package["license"].as_str().unwrap_or_default());
        if !is_allowed(licence, &allowed) {
            refused.push(format!("{name}: {licence:?} is not met by deny.toml"));
        }
        let ours = package["source"].is_null() && name == "strata";
        if !ours && package["source"].as_str().is_none_or(|source| !source.starts_with("registry+")) {
            refused.push(format!("{name}: comes from {}", package["source"]));
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|suffix| suffix == "rs") {
            into.push(path);
        }
    }
}

/// The lines of code, with what stands in comments and in string literals on one line taken out.
fn code_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let (mut code, mut quoted, mut escaped) = (String::new(), false, false);
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            if quoted {
                quoted = escaped || c != '"';
                escaped = !escaped && c == '\\';
            } else if c == '"' {
                quoted = true;
            } else if c == '/' && chars.peek() == Some(&'/') {
                break;
            } else {
                code.push(c);
            }
        }
        lines.push(code);
    }
    lines
}

fn is_unsafe(code: &str) -> bool {
    let word = |c: char| !c.is_alphanumeric() && c != '_';
    code.split(word).any(|word| word == "unsafe")
}

#[test]
fn unsafe_code_is_denied_outside_the_listed_files_and_every_use_says_why_it_is_sound() {
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    assert_eq!(manifest["lints"]["rust"]["unsafe_code"].as_str(), Some("deny"));
    let mut files = Vec::new();
    for folder in ["src", "tests", "kernels-tests"] {
        rust_files(&root().join(folder), &mut files);
    }
    let (mut found, mut complaints) = (BTreeSet::new(), Vec::new());
    for file in files {
        let name = file.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).unwrap();
        let (lines, code): (Vec<&str>, Vec<String>) = (text.lines().collect(), code_lines(&text));
        let lifts = code.iter().any(|line| line.contains("(unsafe_code)"));
        let uses: Vec<usize> = (0..lines.len()).filter(|&at| is_unsafe(&code[at])).collect();
        if !lifts && uses.is_empty() {
            continue;
        }
        if !UNSAFE_FILES.contains(&name.as_str()) {
            complaints.push(format!("{name}: unsafe code must be in one of {}", UNSAFE_FILES.join(", ")));
        }
        for at in uses {
            // Directly above stand comments and attributes, one of them beginning with `SAFETY:`.
            let above = lines[..at].iter().rev().map(|line| line.trim());
            let mut above = above.take_while(|line| line.starts_with("//") || line.starts_with("#["));
            if !above.any(|line| line.starts_with("// SAFETY:")) {
                complaints.push(format!("{name}, line {}: no SAFETY comment directly above", at + 1));
            }
        }
        found.insert(name);
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert_eq!(found.len(), UNSAFE_FILES.len(), "a file of the list has no unsafe code any more: {found:?}");
}

#[test]
fn the_search_for_unsafe_code_passes_over_comments_and_texts() {
    let code = code_lines("let a = \"unsafe \\\" {\"; // unsafe\nunsafe { x }\nfn not_unsafe() {}");
    assert_eq!(code.iter().map(|line| is_unsafe(line)).collect::<Vec<_>>(), [false, true, false]);
}

/// Variables of the environment that make a program fail or stop where a test wants it.
const OF_TESTS: [&str; 2] = ["STRATA_FAULT", "STRATA_HOLD"];

#[test]
fn variables_of_tests_are_read_only_where_the_feature_of_tests_is_on() {
    let mut files = Vec::new();
    rust_files(&root().join("src"), &mut files);
    let mut read = BTreeSet::new();
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        for name in OF_TESTS {
            for (at, _) in text.match_indices(&format!("var(\"{name}\")")) {
                let gate = text[..at].lines().rfind(|line| line.starts_with("#[cfg("));
                assert_eq!(gate, Some("#[cfg(feature = \"testing\")]"), "{}: {name}", path.display());
                read.insert(name);
            }
        }
    }
    assert_eq!(read, OF_TESTS.into());
}
