//! Every shader in `f32` under Tint, the compiler of Chrome, which accepts less than naga does: control flow around
//! a barrier must be uniform by its own analysis. Dawn's null backend compiles without a GPU.

use super::{is_of_matrices, shaders};
use serde_json::{Value, json};
use std::{fs, path::Path, process::Command};
use strata::gpu::{Access, Kernel, Shader};

const INSTALL: &str = "run scripts/tint, which installs it";

/// The list that `kernels-tests/tint/compile.mjs` reads.
fn listed(shader: &Shader, kernels: &[&Kernel]) -> Value {
    let source = shader.source();
    // naga knows subgroups without a word for them, and has none.
    let subgroups = shader.name.ends_with("_lanes");
    let constants = match (source.contains("override ALIGNED"), source.contains("override ROLLED")) {
        (true, false) => json!([{ "ALIGNED": 1 }, { "ALIGNED": 0 }]),
        // Loops stay loops in slim and small tiles alone.
        (true, true) => json!([{ "ALIGNED": 1 }, { "ALIGNED": 0 }, { "ALIGNED": 1, "ROLLED": 1 }]),
        (false, _) => json!([{}]),
    };
    let kernel = |kernel: &&Kernel| {
        let bindings = kernel.bindings.iter().map(|&(number, access)| {
            let kind = match access {
                Access::Uniform | Access::Step => "uniform",
                Access::Read => "read-only-storage",
                Access::Write | Access::ReadWrite => "storage",
            };
            json!([number, kind])
        });
        json!({ "entry": kernel.entry, "bindings": bindings.collect::<Vec<_>>(), "constants": constants })
    };
    json!({
        "shader": shader.name,
        "source": if subgroups { format!("enable subgroups;\n{source}") } else { source.clone() },
        "subgroups": subgroups,
        "kernels": kernels.iter().map(kernel).collect::<Vec<_>>(),
    })
}

fn compile(list: &[Value]) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let kernels = folder.path().join("kernels.json");
    fs::write(&kernels, json!(list).to_string()).unwrap();
    let modules = root.join("target/tint/node_modules");
    assert!(modules.join("webgpu").is_dir(), "{} has no Dawn: {INSTALL}", modules.display());
    let mut command = Command::new("node");
    command.arg(root.join("kernels-tests/tint/compile.mjs")).arg(modules).arg(kernels);
    let output = command.output().unwrap_or_else(|error| panic!("node: {error}; {INSTALL}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}"))
}

#[test]
fn every_shader_in_f32_compiles_under_tint_within_webgpus_default_limits() {
    let all = shaders();
    let single = all.values().filter(|kernels| !is_of_matrices(kernels[0].shader));
    let list: Vec<Value> = single.map(|kernels| listed(kernels[0].shader, kernels)).collect();
    let done = compile(&list);
    let errors: Vec<String> = serde_json::from_value(done["errors"].clone()).unwrap();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    assert_eq!(done["shaders"], list.len());
    let pipelines: usize = list.iter().flat_map(|shader| shader["kernels"].as_array().unwrap()).map(constants_of).sum();
    assert_eq!(done["pipelines"], pipelines);
    println!("{} shaders, {pipelines} pipelines", list.len());
}

fn constants_of(kernel: &Value) -> usize {
    kernel["constants"].as_array().map_or(0, Vec::len)
}

/// What naga accepts, and Tint does not: so the test above can fail.
#[test]
fn tint_refuses_a_barrier_in_control_flow_that_is_not_uniform() {
    let source = "@compute @workgroup_size(64)
        fn main(@builtin(local_invocation_index) i: u32) { if i == 0u { workgroupBarrier(); } }";
    let kernels = json!([{ "entry": "main", "bindings": [], "constants": [{}] }]);
    let done = compile(&[json!({ "shader": "x", "source": source, "subgroups": false, "kernels": kernels })]);
    let errors = done["errors"].to_string();
    assert!(errors.contains("must only be called from uniform control flow"), "{errors}");
}
