//! Laws that several operations obey.

use crate::devices::devices;
use std::sync::Arc;
use strata::{
    host::Stream,
    ops::{Device, Element, Executor, Op, Program, Role, Step, TensorId, TensorShape, check, program::Entry},
};

/// A step for programs whose operations draw nothing.
pub fn step() -> Step {
    Step { iteration: 0, rate: 0.0, dropout: Stream::named("laws"), first_image: 0 }
}

/// A program of one tape.
pub fn program(tensors: &[(&str, Element, TensorShape)], calls: impl FnOnce(&[TensorId]) -> Vec<Op>) -> Arc<Program> {
    let mut program = Program::default();
    let ids: Vec<TensorId> =
        tensors.iter().map(|&(name, element, shape)| program.tensor(name, Role::Activation, element, shape)).collect();
    program.tapes.push(calls(&ids).into_iter().map(|op| Entry { layer: "law".into(), op }).collect());
    Arc::new(program)
}

/// The forward pass over a batch: a device, the number of images and their values give the output's values.
pub type Forward<'a> = &'a dyn Fn(&Device, usize, &[f32]) -> Vec<f32>;

/// The bits of an image's output are the same in every batch and at every place of it.
pub fn an_image_does_not_depend_on_its_batch(features: usize, forward: Forward<'_>) {
    let images = Stream::named("laws/images").normal(64 * features, 1.0);
    for device in devices() {
        let alone: Vec<Vec<u32>> =
            images.chunks_exact(features).map(|image| bits(&forward(&device, 1, image))).collect();
        for n in [2, 33, 64] {
            // The images change their places from batch to batch.
            let order: Vec<usize> = (0..n).map(|place| (place * 7 + n) % 64).collect();
            let batch: Vec<f32> =
                order.iter().flat_map(|&i| images[i * features..][..features].iter().copied()).collect();
            let output = bits(&forward(&device, n, &batch));
            for (place, output) in output.chunks_exact(output.len() / n).enumerate() {
                assert_eq!(output, alone[order[place]], "{}: image {place} of {n}", device.describe());
            }
        }
    }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

/// A case gives the same bits twice, and with one thread and with two.
pub fn cases_give_the_same_bits_again_and_with_any_threads(cases: check::Cases) {
    for device in devices() {
        for case in cases().expect("the configurations fit their inputs") {
            let run = || -> Vec<Vec<u64>> {
                let outcome = case.run(&device).expect("the case runs");
                outcome.results.iter().map(|r| r.iter().map(|v| v.to_bits()).collect()).collect()
            };
            let threads = |count| {
                rayon::ThreadPoolBuilder::new().num_threads(count).build().expect("a pool of threads").install(run)
            };
            let first = run();
            for (what, again) in [("again", run()), ("one thread", threads(1)), ("two threads", threads(2))] {
                assert!(first == again, "{}, {}: other bits ({what})", device.describe(), case.configuration);
            }
        }
    }
}

/// Loads a program and writes its first tensors.
pub fn loaded(device: &Device, program: &Arc<Program>, values: &[(TensorId, &[f32])]) -> Executor {
    let mut executor = Executor::load(device, Arc::clone(program)).expect("the program loads");
    for (id, values) in values {
        executor.write(*id, values).expect("the values fit");
    }
    executor
}

/// The values of one tensor after a program of real numbers has run on its first tensors' values.
pub fn computed(device: &Device, program: &Arc<Program>, values: &[(TensorId, &[f32])], of: TensorId) -> Vec<f32> {
    let mut executor = loaded(device, program, values);
    executor.run(0, &step()).expect("the tape runs");
    executor.read(of).expect("a tensor of real numbers")
}
