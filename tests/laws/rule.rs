//! What one step does to a whole net: the rule of its parameters, the mean over its batch, the masks of its layers.

use super::made::{share, software};
use strata::{
    host::Stream,
    nn::{BuildOptions, Kind, Net, NetDef, Tape, zoo},
    ops::{Device, Executor, Step},
};

/// A net whose gradients can be read, with numbers in all of its parameters.
fn loaded(def: &NetDef, batch: usize, device: &Device) -> (Net, Executor) {
    let options = BuildOptions { weight_decay: 0.25, keep_gradients: true, ..BuildOptions::of(batch) };
    let net = Net::build(def, options).unwrap();
    let mut executor = Executor::load(device, net.program.clone()).unwrap();
    net.initialise(&mut executor, Stream::named).unwrap();
    for param in net.params.iter().filter(|param| param.is_bias()) {
        executor.write(param.w, &Stream::named(&param.name).normal(param.shape[0], 0.5)).unwrap();
    }
    (net, executor)
}

/// Three images, as often as they fill the batch.
fn fill(net: &Net, executor: &mut Executor) {
    let pixels = Stream::named("images").normal(3 * 784, 1.0).repeat(net.batch / 3);
    executor.write(net.x, &pixels).unwrap();
    executor.write_words(net.labels, &[0, 4, 2].repeat(net.batch / 3)).unwrap();
}

fn step() -> Step {
    Step { iteration: 0, rate: 0.125, dropout: Stream::named("dropout"), first_image: 0 }
}

/// `v = momentum v + rate lr_mult (g + decay decay_mult w)`, `w -= v` (caffe/src/caffe/solvers/sgd_solver.cpp), with
/// the zoo's factors: biases learn at twice the rate and do not decay.
#[test]
fn weights_and_biases_follow_the_rule_with_rates_and_decays_of_their_own() {
    for device in [Device::Cpu, software()] {
        let (net, mut executor) = loaded(&zoo::net("alexnet28", 5).unwrap(), 3, &device);
        fill(&net, &mut executor);
        let read = |executor: &mut Executor, id| executor.read(id).unwrap();
        let before: Vec<Vec<f32>> = net.params.iter().map(|param| read(&mut executor, param.w)).collect();
        executor.run(Tape::Train, &step()).unwrap();
        for (param, before) in net.params.iter().zip(&before) {
            let [g, h, after] = [param.g.unwrap(), param.h.unwrap(), param.w].map(|id| read(&mut executor, id));
            let (rate, decay) = if param.is_bias() { (0.25, 0.0) } else { (0.125, 0.25) };
            for i in 0..before.len() {
                let update = rate * (f64::from(g[i]) + decay * f64::from(before[i]));
                let near =
                    |value: f32, expected: f64| (f64::from(value) - expected).abs() <= 1e-6 * (1.0 + expected.abs());
                assert!(near(h[i], update), "{}[{i}]: momentum {} instead of {update}", param.name, h[i]);
                let expected = f64::from(before[i]) - update;
                assert!(near(after[i], expected), "{}[{i}]: {} instead of {expected}", param.name, after[i]);
            }
            assert!(g.iter().any(|&g| g != 0.0), "{} has no gradient", param.name);
        }
    }
}

#[test]
fn the_same_images_twice_have_the_gradients_of_the_images_once() {
    let mut def = zoo::net("alexnet28", 5).unwrap();
    def.layers.retain(|layer| !matches!(layer.kind, Kind::Dropout(_)));
    for device in [Device::Cpu, software()] {
        let gradients = |batch: usize| {
            let (net, mut executor) = loaded(&def, batch, &device);
            fill(&net, &mut executor);
            executor.run(Tape::Train, &step()).unwrap();
            let of = |param: &strata::nn::Param| (param.name.clone(), executor.read(param.g.unwrap()).unwrap());
            net.params.iter().map(of).collect::<Vec<_>>()
        };
        for ((name, once), (_, twice)) in gradients(3).iter().zip(&gradients(6)) {
            assert!(share(twice, once) <= 1e-5, "{name}: {}", share(twice, once));
        }
    }
}

#[test]
fn the_dropout_layers_of_a_net_drop_features_of_their_own() {
    for device in [Device::Cpu, software()] {
        let (net, mut executor) = loaded(&zoo::net("alexnet28", 5).unwrap(), 3, &device);
        fill(&net, &mut executor);
        // No feature is zero but those that are dropped.
        for param in net.params.iter().filter(|param| ["fc6.bias", "fc7.bias"].contains(&param.name.as_str())) {
            executor.write(param.w, &vec![100.0; param.shape[0]]).unwrap();
        }
        executor.run(Tape::Train, &step()).unwrap();
        let [sixth, seventh] = ["drop6", "drop7"].map(|layer| {
            let values = executor.read(net.outputs[layer].0).unwrap();
            values.iter().map(|&value| value == 0.0).collect::<Vec<bool>>()
        });
        assert_eq!(sixth.len(), seventh.len());
        let same = sixth.iter().zip(&seventh).filter(|(a, b)| a == b).count();
        let share = same as f64 / sixth.len() as f64;
        assert!((0.35..0.65).contains(&share), "{share} of the features of both layers have the same fate");
    }
}
