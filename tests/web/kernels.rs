//! Every kernel's check cases in a browser, judged as `strata gradcheck` judges a device.

use super::browser::{all, base64, from_base64, tasks};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use strata::{
    gpu::Limits,
    host::Layout,
    ops::{
        Element, Planned, TILES, TensorId,
        check::{Case, OPERATIONS, Outcome, Values},
    },
    web::{Binary, Kernels},
};

/// Cases of an operation in the suite, and of products, whose shaders take seconds to compile without a GPU.
const EACH: usize = 8;
const EACH_PRODUCT: usize = 3;

/// A case as `replay` takes it, with the tensors that it reads.
fn recorded(case: &Case, limits: &Limits, kernels: &mut Kernels, binary: &mut Binary) -> (Value, Vec<TensorId>) {
    let planned = Planned::of(&case.program, limits).unwrap();
    let names: Vec<String> = (0..case.steps.len()).map(|tape| tape.to_string()).collect();
    let tapes: Vec<(&str, usize)> = names.iter().enumerate().map(|(tape, name)| (&name[..], tape)).collect();
    let program = kernels.program(&planned, &tapes, binary).unwrap();
    let buffer = |id: TensorId| planned.arrangement.places[id.0][0];
    let shape = |id: TensorId| case.program.tensors[id.0].shape;
    let mut writes = Vec::new();
    let mut write = |id: TensorId, bytes: &[u8]| writes.push(json!([buffer(id), base64(bytes)]));
    for answer in &case.answers {
        // What no operation gives.
        let (id, shape) = (answer.id, shape(answer.id));
        match case.program.tensors[id.0].element {
            Element::Real => write(id, bytemuck::cast_slice(&shape.pack(Layout::VEC4, &vec![f32::NAN; shape.len()]))),
            Element::Word => write(id, bytemuck::cast_slice(&shape.pack(Layout::VEC4, &vec![u32::MAX; shape.len()]))),
            Element::Byte => {}
        }
    }
    for given in &case.given {
        match &given.values {
            Values::Real(values) => write(given.id, bytemuck::cast_slice(&shape(given.id).pack(Layout::VEC4, values))),
            Values::Words(values) => write(given.id, bytemuck::cast_slice(&shape(given.id).pack(Layout::VEC4, values))),
            Values::Bytes(values) => write(given.id, values),
        }
    }
    let steps: Vec<Value> =
        case.steps.iter().map(|s| json!([s.dropout.key, s.iteration, s.rate, s.first_image])).collect();
    let answers: BTreeSet<usize> = case.answers.iter().map(|answer| answer.id.0).collect();
    let inputs = case.given.iter().map(|given| given.id).filter(|id| !answers.contains(&id.0));
    let read: Vec<TensorId> = case.answers.iter().map(|answer| answer.id).chain(inputs).collect();
    let reads: Vec<usize> = read.iter().map(|&id| buffer(id)).collect();
    (json!({ "program": program, "writes": writes, "steps": steps, "reads": reads }), read)
}

/// What a case gave in the page.
fn outcome(case: &Case, read: &[TensorId], bytes: &[Vec<u8>]) -> Outcome {
    let mut outcome = Outcome { results: Vec::new(), changed: Vec::new() };
    for (place, (&id, bytes)) in read.iter().zip(bytes).enumerate() {
        let tensor = &case.program.tensors[id.0];
        let (real, words): (Vec<f32>, Vec<u32>) =
            (bytemuck::pod_collect_to_vec(bytes), bytemuck::pod_collect_to_vec(bytes));
        let len = tensor.shape.inner_len(Layout::VEC4);
        if place < case.answers.len() {
            outcome.results.push(match tensor.element {
                Element::Word => tensor.shape.unpack(Layout::VEC4, &words[..len]).into_iter().map(f64::from).collect(),
                _ => tensor.shape.unpack(Layout::VEC4, &real[..len]).into_iter().map(f64::from).collect(),
            });
            continue;
        }
        let given = case.given.iter().find(|given| given.id == id).unwrap();
        let same = match &given.values {
            Values::Real(values) => {
                words[..len] == *bytemuck::cast_slice::<f32, u32>(&tensor.shape.pack(Layout::VEC4, values))
            }
            Values::Words(values) => words[..len] == tensor.shape.pack(Layout::VEC4, values),
            Values::Bytes(values) => bytes.starts_with(values),
        };
        if !same {
            outcome.changed.push(tensor.name.clone());
        }
    }
    outcome
}

/// Replays cases in one page each of a few dozen, and returns how many of each operation were accepted.
fn replayed(cases: &[(Case, Limits)]) -> BTreeMap<&'static str, usize> {
    let mut accepted = BTreeMap::new();
    for some in cases.chunks(40) {
        let (mut kernels, mut binary) = (Kernels::default(), Binary::default());
        let recorded: Vec<_> =
            some.iter().map(|(case, limits)| recorded(case, limits, &mut kernels, &mut binary)).collect();
        let programs: Vec<&Value> = recorded.iter().map(|(program, _)| program).collect();
        let (shaders, pipelines) = kernels.into_parts();
        let value = json!({
            "kernels": { "shaders": shaders, "pipelines": pipelines },
            "binary": base64(binary.bytes()),
            "cases": programs,
        });
        let folder = tempfile::tempdir().unwrap();
        let done = tasks(folder.path(), &[("replay", value)]);
        let done: Vec<Vec<String>> = serde_json::from_value(done[0].clone()).unwrap();
        assert_eq!(done.len(), some.len());
        for (((case, limits), (_, read)), bytes) in some.iter().zip(&recorded).zip(done) {
            let bytes: Vec<Vec<u8>> = bytes.iter().map(|text| from_base64(text)).collect();
            let line = case.judge(&outcome(case, read, &bytes)).unwrap();
            assert!(line.ok, "tile {:?}: {line}", limits.tile);
            *accepted.entry(case.op).or_default() += 1;
        }
    }
    accepted
}

#[test]
fn kernels_in_a_browser_stay_within_the_bounds_of_single_precision() {
    let tile = |tile| Limits { tile, ..Limits::webgpu() };
    let narrowest = TILES.iter().position(|tile| tile.to_string() == "64x16");
    let mut cases = Vec::new();
    for (_, list) in OPERATIONS {
        let list = list().unwrap();
        let products = ["conv2d", "dense"].contains(&list[0].op);
        let (whole, list_is_dense) = (list.len(), list[0].op == "dense");
        let step = match (all(), products) {
            (true, _) => 1,
            (false, true) => whole.div_ceil(EACH_PRODUCT),
            (false, false) => whole.div_ceil(EACH),
        };
        for case in list.into_iter().step_by(step) {
            match products {
                true if all() => cases.extend((0..TILES.len()).map(|number| (case.clone(), tile(Some(number))))),
                // Of a dense product the first tile, of a convolution the narrowest: those of the page's net.
                true => cases.push((case, tile(if list_is_dense { Some(0) } else { narrowest }))),
                false => cases.push((case, tile(None))),
            }
        }
    }
    let accepted = replayed(&cases);
    println!("{} cases: {accepted:?}", cases.len());
    assert_eq!(accepted.values().sum::<usize>(), cases.len());
    assert_eq!(accepted.len(), OPERATIONS.len());
}

/// So that the test above can fail: a sum of too few terms is not within the bounds.
#[test]
fn a_wrong_result_of_a_browser_is_not_accepted() {
    let case = &strata::ops::check::dense::cases().unwrap()[0];
    let mut outcome = case.run(&strata::Device::Cpu).unwrap();
    assert!(case.judge(&outcome).unwrap().ok);
    outcome.results[0][0] *= 1.001;
    assert!(!case.judge(&outcome).unwrap().ok);
}
