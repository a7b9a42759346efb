//! Operations stay within their tensors, read what was written, and share storage without a trace.

use super::made::{bits, built, guarded, images, in_parts, losses, software, solver, two_steps};
use strata::{
    data::Normalisation,
    gpu::{Choice, Gpu},
    host::Stream,
    nn::{Tape, zoo},
    ops::{Device, Element, Executor, Role, Step, TensorId},
    train::{Images, Solver, checkpoint},
};

#[test]
fn a_training_step_writes_nothing_beside_its_tensors() {
    // An out-of-bounds write is an error of the step; a value from a guard is a NaN.
    for n in [0, 3] {
        let (losses, _, weights) = two_steps(&software(), n);
        let (guarded_losses, _, guarded_weights) = two_steps(&guarded(true), n);
        assert_eq!(guarded_losses, losses, "n = {n}");
        for (name, (_, values)) in &weights {
            assert_eq!(bits(values), bits(&guarded_weights[name].1), "n = {n}, {name}");
        }
        let (losses, ..) = two_steps(&guarded(false), n);
        assert!(losses.iter().all(|loss| loss.is_finite()));
    }
}

#[test]
fn no_operation_reads_what_none_has_written() {
    let set = images(8, 5, "set");
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    for (device, batch_parts) in [(Device::Cpu, 1), (Device::Cpu, 2), (software(), 1), (software(), 2)] {
        for n in [0, 3] {
            let mut def = zoo::net("alexnet28", 5).unwrap();
            if n > 0 {
                def.freeze(n).unwrap();
            }
            let run = |poisoned: bool| {
                let images = Images { set: &set, normalisation: &normalisation };
                let mut trainer =
                    in_parts(&def, &set, &normalisation, &Solver { batch_parts, ..solver(2, 4) }, &device);
                let written = [Role::Activation, Role::ActivationGradient, Role::ParameterGradient];
                for (id, tensor) in trainer.net.program.clone().tensors.iter().enumerate() {
                    match tensor.element {
                        _ if !poisoned || !written.contains(&tensor.role) => {}
                        Element::Real => {
                            trainer.executor.write(TensorId(id), &vec![f32::NAN; tensor.shape.len()]).unwrap();
                        }
                        Element::Word => {
                            trainer.executor.write_words(TensorId(id), &vec![u32::MAX; tensor.shape.len()]).unwrap();
                        }
                        Element::Byte => {}
                    }
                }
                let losses = losses(&mut trainer, 2);
                let scores = trainer.evaluate(&images).unwrap();
                let weights = checkpoint::weights_of(&mut trainer).unwrap();
                let weights: Vec<Vec<u32>> = weights.values().map(|(_, values)| bits(values)).collect();
                (losses, scores.loss.to_bits(), weights)
            };
            assert!(run(true) == run(false), "{}, n = {n}", device.describe());
        }
    }
}

/// Where gradients are kept, every tensor has storage of its own, and updates are operations of their own.
#[test]
fn shared_storage_and_updates_within_gradients_change_no_bit_and_memory_is_flat() {
    let tiles = Gpu::open_limited(&Choice::Software, |limits| limits.lanes = false);
    for device in [Device::Cpu, software(), Device::Gpu(tiles.unwrap_or_else(|e| panic!("{e}")))] {
        let run = |keep_gradients: bool| {
            let net = built(&zoo::net("alexnet28", 5).unwrap(), 6, keep_gradients);
            let mut executor = Executor::load(&device, net.program.clone()).unwrap();
            net.initialise(&mut executor, |name| Stream::named(&format!("laws/{name}"))).unwrap();
            executor.write(net.x, &Stream::named("x").normal(6 * 784, 1.0)).unwrap();
            executor.write_words(net.labels, &[0, 1, 2, 3, 4, 0]).unwrap();
            let mut bytes = Vec::new();
            for iteration in 0..3 {
                let step = Step { iteration, rate: 0.01, dropout: Stream::named("d"), first_image: 0 };
                executor.run(Tape::Train, &step).unwrap();
                bytes.push(executor.bytes());
            }
            let ids = net.params.iter().flat_map(|param| [param.w, param.h.unwrap()]);
            let values: Vec<Vec<u32>> = ids.map(|id| bits(&executor.read(id).unwrap())).collect();
            let gradient = net.outputs["conv3"].1.unwrap();
            assert_eq!(executor.read(gradient).is_ok(), keep_gradients);
            (bytes, values)
        };
        // Which threads borrow scratch memory at the same time depends on timing, so that several threads may reach
        // their bound only after some steps. For one thread memory is flat from the first; bits are the same for both.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let ((shared, together), (own, apart)) = pool.install(|| (run(false), run(true)));
        for bytes in [&shared, &own] {
            assert_eq!(bytes[1..], [bytes[0]; 2], "{}", device.describe());
        }
        let (several, of_several) = run(false);
        assert!(together == apart && together == of_several && together == run(true).1, "{}", device.describe());
        let most = shared[0] * rayon::current_num_threads() as u64;
        assert!(several.iter().all(|&bytes| bytes <= most), "{several:?} bytes, at most {most}");
        let (shared, own) = (shared[0], own[0]);
        assert!(shared < own, "{shared} bytes and {own}");
    }
}
