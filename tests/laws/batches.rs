//! Which images a step sees, and a batch that is computed in parts.

use super::made::{bits, guarded, images, in_parts, losses, share, software, solver};
use strata::{
    data::Normalisation,
    host::Stream,
    nn::zoo,
    ops::Device,
    train::{Batches, Reading, Solver, batches::Augmentation, checkpoint},
};

/// Frozen layers with and without their cache, windows that are drawn anew, and batches over the end of an epoch.
#[test]
fn a_batch_in_parts_trains_like_a_whole_one() {
    let set = images(20, 5, "set");
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    for (device, steps) in [(Device::Cpu, 4), (software(), 2), (guarded(false), 2)] {
        for n in [0, 3, 7] {
            let mut def = zoo::net("alexnet28", 5).unwrap();
            if n > 0 {
                def.freeze(n).unwrap();
            }
            let run = |batch_parts: usize| {
                let solver = Solver { batch_parts, ..solver(steps, 12) };
                let mut trainer = in_parts(&def, &set, &normalisation, &solver, &device);
                let before = checkpoint::weights_of(&mut trainer).unwrap();
                let losses: Vec<f64> = losses(&mut trainer, steps).into_iter().map(f64::from_bits).collect();
                // The update itself, of which the rounding of a weight hides most.
                let history: Vec<_> = trainer.net.params.iter().filter_map(|param| param.h).collect();
                let history: Vec<Vec<f32>> = history.iter().map(|&h| trainer.executor.read(h).unwrap()).collect();
                (losses, history, before, checkpoint::weights_of(&mut trainer).unwrap())
            };
            let (whole_losses, whole_history, _, whole) = run(1);
            for parts in [2, 3] {
                let (losses, history, before, weights) = run(parts);
                let what = format!("{}, n = {n}, {parts} parts", device.describe());
                // The first step's forward pass gives the same bits: the same images, weights and masks.
                assert_eq!(losses[0].to_bits(), whole_losses[0].to_bits(), "{what}");
                let mut most: f64 = 0.0;
                for (loss, whole) in losses.iter().zip(&whole_losses) {
                    most = most.max((loss - whole).abs() / whole);
                }
                for (h, whole) in history.iter().zip(&whole_history) {
                    most = most.max(share(h, whole));
                }
                println!("{what}: {most:.1e}");
                assert!(most <= 1e-6, "{what}: {most:.1e}");
                for (name, (_, values)) in &weights {
                    assert!(share(values, &whole[name].1) <= 1e-6, "{what}, {name}");
                    let frozen = bits(values) == bits(&before[name].1);
                    assert_eq!(
                        frozen,
                        def.prefix(n.max(1)).unwrap().iter().any(|l| n > 0 && name.starts_with(l.as_str()))
                    );
                }
            }
        }
    }
}

#[test]
fn an_image_has_as_many_windows_as_views_and_sees_them_in_turn() {
    let set = images(20, 5, "set");
    let reading = Reading { augmentation: Augmentation::CropAndMirror, views: 3, ..Reading::centre() };
    let mut batches = Batches::new(Stream::named("order"), Stream::named("crops"), 20, 20, reading);
    let mut seen = vec![Vec::new(); 20];
    for epoch in 0..7 {
        let crops = batches.crops(epoch, &set, 20).unwrap().words;
        for (index, crop) in batches.indices(epoch).into_iter().zip(crops.chunks_exact(3)) {
            seen[index].push(crop.to_vec());
        }
    }
    for crops in &seen {
        assert_eq!((&crops[..3], &crops[..3], &crops[0]), (&crops[3..6], &crops[..3], &crops[6]));
    }
    assert!(seen.iter().filter(|crops| crops[0] != crops[1] && crops[1] != crops[2]).count() > 15);
}

#[test]
fn every_epoch_sees_every_image_once_in_an_order_of_its_own() {
    let mut batches = Batches::new(Stream::named("order"), Stream::named("crops"), 20, 8, Reading::centre());
    let places: Vec<usize> = (0..15).flat_map(|step| batches.indices(step)).collect();
    let mut orders: Vec<&[usize]> = places.chunks(20).collect();
    for order in &orders {
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..20).collect::<Vec<_>>());
    }
    orders.sort_unstable();
    orders.dedup();
    assert_eq!(orders.len(), 6, "six epochs, six orders");
}
