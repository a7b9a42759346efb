//! Products of `f16` in training: what loss scaling leaves as it was, and a network trained so.

use super::made::{bits, guarded, images, in_parts, losses, solver};
use strata::{
    data::Normalisation,
    gpu::{Choice, Gpu, GpuError},
    host::{Precision, Stream},
    nn::{BuildOptions, Input, Net, Tape, zoo},
    ops::{Device, Executor, Step, TensorId, sgd::Convention},
    train::{Solver, TrainError, checkpoint},
};

/// Caffe's history is the same to the bit, PyTorch's so much larger.
#[test]
fn scaling_the_loss_changes_no_bit_of_a_step() {
    let set = images(40, 5, "set");
    let input = Stream::named("x").normal(6 * 784, 1.0);
    for (device, convention) in [
        (Device::Cpu, Convention::Caffe),
        (Device::Cpu, Convention::Pytorch),
        (guarded(true), Convention::Caffe),
        (guarded(false), Convention::Pytorch),
    ] {
        let run = |loss_scale: f64| {
            let def = zoo::net("alexnet28", 5).unwrap();
            let options = BuildOptions { loss_scale, convention, batch: 6, ..solver(3, 6).building(Input::Activation) };
            let net = Net::build(&def, options).unwrap();
            let mut executor = Executor::load(&device, net.program.clone()).unwrap();
            net.initialise(&mut executor, |name| Stream::named(&format!("laws/{name}"))).unwrap();
            executor.write(net.x, &input).unwrap();
            executor
                .write_words(net.labels, &set.labels[..6].iter().map(|&l| u32::from(l)).collect::<Vec<_>>())
                .unwrap();
            for iteration in 0..3 {
                let step = Step { iteration, rate: 0.01, dropout: Stream::named("d"), first_image: 0 };
                executor.run(Tape::Train, &step).unwrap();
            }
            let mut read = |id: TensorId| executor.read(id).unwrap();
            let values = net.params.iter().map(|param| (read(param.w), read(param.h.unwrap())));
            values.collect::<Vec<_>>()
        };
        let (plain, scaled) = (run(1.0), run(1024.0));
        let history = if convention == Convention::Caffe { 1.0 } else { 1024.0 };
        for ((w, h), (scaled_w, scaled_h)) in plain.iter().zip(&scaled) {
            assert_eq!(bits(w), bits(scaled_w), "{} {convention:?}", device.describe());
            let h: Vec<f32> = h.iter().map(|value| value * history).collect();
            assert!(bits(&h) == bits(scaled_h) && h.iter().any(|&value| value != 0.0), "{convention:?}");
        }
    }
}

/// Where the adapter cannot, it must say so.
#[test]
fn a_network_trains_on_products_of_f16_to_the_same_bits_again_and_an_overflow_ends_it_with_a_message() {
    // Before the first update the losses differ from those of f32 by the rounding of operands alone.
    for (precision, operands) in [(Precision::Mixed, 2.0_f64.powi(-10)), (Precision::F16x3, 2.0_f64.powi(-20))] {
        let gpu = match Gpu::open_for(&Choice::Software, precision, |limits| limits.guarded = true) {
            Ok(gpu) => Device::Gpu(gpu),
            Err(error) => return assert!(matches!(error, GpuError::Precision { .. }), "{error}"),
        };
        let set = images(80, 5, "set");
        let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
        let def = zoo::net("alexnet28", 5).unwrap();
        let of = |loss_scale: u32| Solver { precision, loss_scale, ..solver(12, 16) };
        let run = |solver: &Solver, device: &Device| {
            let mut trainer = in_parts(&def, &set, &normalisation, solver, device);
            let losses = losses(&mut trainer, 12);
            (losses, checkpoint::weights_of(&mut trainer).unwrap())
        };
        let (first, again, f32) = (run(&of(1024), &gpu), run(&of(1024), &gpu), run(&solver(12, 16), &Device::Cpu));
        assert_eq!(first.0, again.0);
        for (name, (_, values)) in &first.1 {
            assert_eq!(bits(values), bits(&again.1[name].1), "{name}");
            assert_ne!(bits(values), bits(&f32.1[name].1), "{name} was not computed in {precision:?}");
        }
        let values = |bits: &[u64]| bits.iter().map(|&loss| f64::from_bits(loss)).collect::<Vec<_>>();
        let (losses, of_f32) = (values(&first.0), values(&f32.0));
        println!("{precision:?}: losses {losses:?}, in f32 {of_f32:?}");
        assert!((losses[0] - of_f32[0]).abs() <= of_f32[0] * operands, "{} and {}", losses[0], of_f32[0]);
        let mean_of = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
        assert!(mean_of(&losses[8..]) < mean_of(&losses[..4]), "{losses:?}");
        let mut trainer = in_parts(&def, &set, &normalisation, &of(1 << 31), &gpu).waiting();
        let error = (0..3).find_map(|_| trainer.train_step().err()).unwrap();
        assert!(matches!(error, TrainError::Diverged { place: Some(_), .. }), "{error}");
        assert!(error.to_string().contains("loss_scale"), "{error}");
    }
}
