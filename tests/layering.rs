//! Arrows between rooms point only downward.
//!
//! `FLOORS` is the architecture in one constant: a room may use rooms of lower floors only.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// The rooms, lowest floor first. Rooms of one floor do not use each other.
const FLOORS: &[&[&str]] = &[
    &["host"],
    &["gpu", "cpu"],
    &["ops"],
    &["nn"],
    &["data", "exchange"],
    &["train"],
    &["protocol"],
    &["report", "web"],
    &["cli"],
];

/// Pairs that are forbidden although the floors would allow them: data knows nothing of devices or learning.
const FORBIDDEN: &[(&str, &str)] = &[
    ("data", "gpu"),
    ("data", "cpu"),
    ("data", "ops"),
    ("data", "nn"),
    ("exchange", "gpu"),
    ("exchange", "cpu"),
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
                        // The path after the room does not matter; a comma starts the next.
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

/// The files of `src` by the paths of their modules, without what is only compiled for tests.
fn modules() -> BTreeMap<Vec<String>, String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    let module = |file: std::path::PathBuf| {
        let inside = file.strip_prefix(&source).expect("below src").with_extension("");
        let mut path: Vec<String> = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        path.retain(|part| part != "mod");
        let text = fs::read_to_string(&file).expect("a readable source file");
        let text = text.split("#[cfg(test)]\nmod tests {").next().expect("a part before the tests").to_string();
        let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        (path, code.join("\n"))
    };
    files.into_iter().map(module).collect()
}

/// The paths of one `use` declaration, each group written out; a name that is given with `as` keeps its own.
fn written_out(tree: &str) -> Vec<Vec<String>> {
    let tree = tree.trim();
    let Some((before, group)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().expect("a part before it").trim();
        return vec![path.split("::").map(|part| part.trim().to_string()).collect()];
    };
    let prefix: Vec<String> =
        before.split("::").map(|part| part.trim().to_string()).filter(|p| !p.is_empty()).collect();
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for c in group.trim_end_matches('}').chars().chain(std::iter::repeat_n('}', group.matches('{').count())) {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().expect("one part at least").push(c);
    }
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(|part| written_out(part)).map(|path| [prefix.clone(), path].concat()).collect()
}

/// The `use` declarations of a text, and whether each is public.
fn declarations(text: &str) -> Vec<(bool, Vec<String>)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("use ") {
        let line = text[..at].rsplit('\n').next().expect("the beginning of a line").trim();
        if !(line.is_empty() || line.starts_with("pub")) {
            continue;
        }
        let tree = text[at + 4..].split(';').next().expect("a declaration");
        found.extend(written_out(tree).into_iter().map(|path| (!line.is_empty(), path)));
    }
    found
}

/// A path from the root of the crate, where it is one: `super`, `self` and `crate` are followed, and so is the name of
/// a module beside the text.
fn absolute(modules: &BTreeMap<Vec<String>, String>, from: &[String], path: &[String]) -> Option<Vec<String>> {
    let first = path.first()?.as_str();
    let supers = path.iter().take_while(|part| *part == "super").count();
    match first {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some([from, &path[1..]].concat()),
        "super" => Some([&from[..from.len().checked_sub(supers)?], &path[supers..]].concat()),
        _ => {
            let child = [from, &path[..1]].concat();
            modules.contains_key(&child).then(|| [from, path].concat())
        }
    }
}

/// The module in which an item of a path is written, names that modules publish for others followed.
fn home(modules: &BTreeMap<Vec<String>, String>, path: &[String]) -> Option<Vec<String>> {
    let known = (0..=path.len()).rev().find(|&length| modules.contains_key(&path[..length]))?;
    let (module, rest) = path.split_at(known);
    if let Some(name) = rest.first() {
        for (public, other) in declarations(&modules[module]) {
            if public && other.last() == Some(name) {
                let other = absolute(modules, module, &other)?;
                return if other == path { None } else { home(modules, &other) };
            }
        }
    }
    Some(module.to_vec())
}

/// Which other files of its room each file imports from.
fn imports() -> BTreeMap<Vec<String>, BTreeSet<Vec<String>>> {
    let modules = modules();
    let mut all = BTreeMap::new();
    for (module, text) in modules.iter().filter(|(module, _)| floor(&module[0]).is_some()) {
        // What a module publishes for others it does not use itself.
        let mut paths: Vec<_> = declarations(text).into_iter().filter(|(public, _)| !public).map(|(_, p)| p).collect();
        for start in ["super::", "crate::"] {
            for (at, _) in text.match_indices(start) {
                if text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                    continue;
                }
                let word = |c: &char| c.is_alphanumeric() || *c == '_' || *c == ':';
                let path: String = text[at..].chars().take_while(word).collect();
                let path: Vec<String> = path.split("::").map(String::from).filter(|part| !part.is_empty()).collect();
                paths.push(path);
            }
        }
        let homes = paths.iter().filter_map(|path| home(&modules, &absolute(&modules, module, path)?));
        let homes = homes.filter(|home| home != module && !home.is_empty() && home[0] == module[0]);
        all.insert(module.clone(), homes.collect());
    }
    all
}

/// Files that import each other in a circle, as a chain that ends where it begins.
fn circles(imports: &BTreeMap<Vec<String>, BTreeSet<Vec<String>>>) -> Vec<Vec<Vec<String>>> {
    let reach = |from: &Vec<String>| {
        let (mut seen, mut ahead) = (BTreeSet::new(), vec![from]);
        while let Some(at) = ahead.pop() {
            ahead.extend(imports.get(at).into_iter().flatten().filter(|next| seen.insert((*next).clone())));
        }
        seen
    };
    let reached: BTreeMap<_, _> = imports.keys().map(|file| (file, reach(file))).collect();
    let mut circles: Vec<Vec<Vec<String>>> = Vec::new();
    for (file, seen) in &reached {
        if seen.contains(*file) && !circles.iter().any(|circle| circle.contains(file)) {
            let both = |other: &&Vec<String>| reached.get(other).is_some_and(|seen| seen.contains(*file));
            circles.push(seen.iter().filter(both).cloned().collect());
        }
    }
    circles
}

#[test]
fn files_of_a_room_do_not_import_each_other_in_a_circle() {
    let words = |circle: &Vec<Vec<String>>| circle.iter().map(|file| file.join("/")).collect::<Vec<_>>().join(", ");
    let circles: Vec<String> = circles(&imports()).iter().map(words).collect();
    assert!(circles.is_empty(), "circles, of which what the files share must move down: {}", circles.join("; "));
}

#[test]
fn the_search_for_circles_follows_groups_published_names_and_parents() {
    let text = |text: &str| text.to_string();
    let path = |path: &str| path.split('/').map(String::from).collect::<Vec<_>>();
    let modules = BTreeMap::from([
        (path("gpu"), text("mod a;\nmod b;\npub use a::{One, Two};")),
        (path("gpu/a"), text("use super::{b::Three, c::{self, Four}};\n")),
        (path("gpu/b"), text("use super::Two;\n")),
        (path("gpu/c"), text("")),
        (path("gpu/c/d"), text("use super::super::b;\n")),
    ]);
    let of = |from: &str, used: &str| {
        let used: Vec<String> = used.split("::").map(String::from).collect();
        home(&modules, &absolute(&modules, &path(from), &used)?)
    };
    assert_eq!(of("gpu/b", "super::Two"), Some(path("gpu/a")));
    assert_eq!(of("gpu/c/d", "super::super::b::Three"), Some(path("gpu/b")));
    assert_eq!(of("gpu", "a::One"), Some(path("gpu/a")));
    assert_eq!(of("gpu/a", "std::fmt"), None);
    let used: Vec<_> = declarations(&modules[&path("gpu/a")]).into_iter().map(|(_, path)| path.join("::")).collect();
    assert_eq!(used, ["super::b::Three", "super::c::self", "super::c::Four"]);
    let arrow = |from: &str, to: &[&str]| (path(from), to.iter().map(|to| path(to)).collect::<BTreeSet<_>>());
    let found = circles(&BTreeMap::from([
        arrow("gpu/a", &["gpu/b"]),
        arrow("gpu/b", &["gpu/c"]),
        arrow("gpu/c", &["gpu/a", "gpu/d"]),
        arrow("gpu/d", &[]),
    ]));
    assert_eq!(found, [[path("gpu/a"), path("gpu/b"), path("gpu/c")]]);
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
