//! What is computed once for a frozen prefix is what it would give at every step.

use super::made::{self, bits, images, losses, solver, trainer};
use strata::{
    data::{ImageSet, Normalisation},
    nn::{NetDef, zoo},
    ops::Device,
    train::{Prefixes, Reading, Trainer, batches::Augmentation, checkpoint},
};

/// Trains twice, with n layers computed once an image and at every step: losses and weights are the same.
fn the_cache_changes_no_bit<'a>(n: usize, steps: u64, made: impl Fn() -> Trainer<'a>) {
    let (mut cached, mut plain) = (made(), made().without_cache());
    assert_eq!(losses(&mut cached, steps), losses(&mut plain, steps), "n = {n}");
    let (a, b) = (checkpoint::weights_of(&mut cached).unwrap(), checkpoint::weights_of(&mut plain).unwrap());
    for (name, (_, values)) in &a {
        assert_eq!(bits(values), bits(&b[name].1), "n = {n}, {name}");
    }
}

#[test]
fn a_cached_prefix_gives_the_same_bits_as_one_that_runs_at_every_step() {
    let set = images(40, 5, "set");
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    for n in [1, 4, 6, 7] {
        let mut def = zoo::net("alexnet28", 5).unwrap();
        def.freeze(n).unwrap();
        the_cache_changes_no_bit(n, 3, || trainer(&def, &set, &normalisation, 3, 16));
    }
}

/// A net for windows of 24x24 out of images of 28x28.
fn smaller(n: usize) -> NetDef {
    let mut def = zoo::net("alexnet28", 5).unwrap();
    def.input = [1, 24, 24];
    def.freeze(n).unwrap();
    def
}

fn on_views<'a>(
    def: &NetDef,
    set: &'a ImageSet,
    normalisation: &'a Normalisation,
    augmentation: Augmentation,
    views: u32,
) -> Trainer<'a> {
    let reading = Reading { augmentation, views, ..Reading::centre() };
    made::reading(def, set, normalisation, &solver(10, 16), &Device::Cpu, reading)
}

#[test]
fn a_fixed_number_of_views_gives_the_same_bits_with_and_without_a_cache() {
    let set = images(20, 5, "set");
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    // Ten steps of 16 are eight epochs: each of three views is seen more than once.
    for n in [1, 5, 7] {
        let def = smaller(n);
        for augmentation in [Augmentation::CropAndMirror, Augmentation::ResizedCropAndMirror] {
            let made = |views: u32| on_views(&def, &set, &normalisation, augmentation, views);
            the_cache_changes_no_bit(n, 10, || made(3));
            assert_ne!(losses(&mut made(2), 10), losses(&mut made(3), 10));
            assert_ne!(losses(&mut made(0), 10), losses(&mut made(3), 10));
        }
    }
}

#[test]
fn networks_that_share_a_frozen_prefix_get_the_bits_of_networks_alone() {
    let set = images(40, 5, "set");
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    let prefixes = Prefixes::default();
    let probe = |n: usize| zoo::net("alexnet28", 5).unwrap().probe(n).unwrap();
    let frozen = |n: usize| {
        let mut def = zoo::net("alexnet28", 5).unwrap();
        def.freeze(n).unwrap();
        def
    };
    // The prefixes of n = 6 and 7 end below the same dropout; the probe on seven layers has none.
    for (def, kept) in [(frozen(4), 1), (probe(4), 1), (frozen(6), 2), (frozen(7), 2), (probe(6), 2), (probe(7), 3)] {
        let mut alone = trainer(&def, &set, &normalisation, 3, 16);
        let mut sharing = trainer(&def, &set, &normalisation, 3, 16).sharing(&prefixes, "weights and images");
        assert_eq!(losses(&mut sharing, 3), losses(&mut alone, 3));
        assert_eq!(prefixes.count(), kept);
    }
    // What is shared is used: another key's activations would change the result.
    let mut other = trainer(&frozen(4), &set, &normalisation, 3, 16);
    for param in other.net.params.clone().iter().filter(|param| param.name == "conv1.bias") {
        other.executor.write(param.w, &vec![0.5; param.shape[0]]).unwrap();
    }
    let alone = losses(&mut trainer(&frozen(4), &set, &normalisation, 3, 16), 3);
    assert_eq!(losses(&mut other.sharing(&prefixes, "weights and images"), 3), alone);
}
