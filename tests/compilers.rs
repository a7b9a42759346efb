//! What real compilers of GPUs make of the shaders: the last record of `scripts/compile-gpus`, and the compilers
//! themselves where they are installed.

use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use strata::ops::pipelines::shaders;

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The last record, and its name.
fn record() -> (Value, String) {
    let files = fs::read_dir(root("benches/records")).unwrap().map(|entry| entry.unwrap().path());
    let of_compilers = files.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("compilers-"));
    let path = of_compilers.max().expect("a record of compilers in benches/records");
    let text = fs::read_to_string(&path).unwrap();
    (serde_json::from_str(&text).unwrap(), path.file_name().unwrap().to_string_lossy().into_owned())
}

#[test]
fn the_compilers_have_seen_the_shaders_of_today() {
    let (record, name) = record();
    let (then, now) = (record["shaders"].as_object().unwrap(), shaders());
    let changed: Vec<&String> = now
        .iter()
        .filter(|(name, digest)| then.get(*name) != Some(&Value::from(digest.as_str())))
        .map(|(name, _)| name)
        .collect();
    let gone: Vec<&String> = then.keys().filter(|name| !now.contains_key(*name)).collect();
    assert!(
        changed.is_empty() && gone.is_empty(),
        "shaders changed since the compilers last saw them ({name}): {changed:?}, gone {gone:?}; run scripts/compile-gpus"
    );
}

/// The most that convolutions with channels loaded one by one spill, by chip and part of the pipeline's name: on an A770
/// and an M1, and on NVIDIA's in the precision `f16x3` (docs/compilers.md).
const SPILLS: [(&str, &str, u64); 5] = [
    ("dg2", "_small", 1),
    ("m1", "_small", 15),
    ("turing", "_f16x3_", 22),
    ("ampere", "_f16x3_", 22),
    ("ada", "_f16x3_", 22),
];

#[test]
fn no_chip_spills_what_it_is_given_but_for_unaligned_convolutions_that_are_named() {
    let (record, name) = record();
    let chips = record["chips"].as_object().unwrap();
    assert!(chips.len() >= 11, "{name} has {} chips", chips.len());
    for (chip, of_chip) in chips {
        let pipelines = of_chip["pipelines"].as_object().unwrap();
        let given = pipelines.iter().filter(|(_, found)| found["given"] != Value::Bool(false));
        let mut products = 0;
        for (pipeline, found) in given {
            products += usize::from(found.get("share").is_some());
            let named = |(of, part, _): &&(&str, &str, u64)| {
                of == chip
                    && pipeline.starts_with("conv2d_")
                    && pipeline.contains(part)
                    && pipeline.contains("ALIGNED=0")
            };
            let allowed = SPILLS.iter().find(named).map_or(0, |(_, _, most)| *most);
            let spills = found["spills"].as_u64().unwrap_or_else(|| panic!("{chip}: {pipeline}: {found}"));
            assert!(spills <= allowed, "{chip}: {pipeline} spills {spills} in {name}");
            assert!(allowed > 0 || found["scratch"] == 0, "{chip}: {pipeline}: {found}");
        }
        assert!(products >= 36, "{chip}: {products} products");
    }
}

fn python(arguments: &[&str]) -> Output {
    let command = Command::new("python3").arg("-B").args(arguments).current_dir(root("")).output();
    command.unwrap_or_else(|error| panic!("python3: {error}"))
}

#[test]
fn what_reads_the_drivers_dumps_understands_an_excerpt_of_each() {
    let output = python(&[
        "-m",
        "unittest",
        "discover",
        "--start-directory",
        "scripts/gpu_compilers",
        "--top-level-directory",
        "scripts",
    ]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("\nOK") && !said.contains("Ran 0 tests"), "{said}");
}

/// A few seconds where the drivers are installed, as `scripts/compile-gpus --setup` does.
#[test]
fn the_compiler_of_an_amd_gpu_gives_what_was_recorded() {
    if !python(&["scripts/compile-gpus", "--installed"]).status.success() {
        println!("not tested: the drivers are not installed (scripts/compile-gpus --setup)");
        return;
    }
    let program = env!("CARGO_BIN_EXE_strata");
    let output = python(&["scripts/compile-gpus", "--check", "--chip", "navi31", "--strata", program]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
