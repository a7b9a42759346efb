//! The same seed gives the same bytes, whatever is resumed, threaded, batched or read from a store.

use super::made::{bits, build, images, in_parts, losses, reading, software, solver, streams, trained};
use strata::{
    data::{
        self, ImageSet, Normalisation, OnBad,
        store::{PackOptions, Store, pack},
    },
    gpu::{Choice, Gpu},
    host::Stream,
    nn::{Tape, zoo},
    ops::{Device, Executor, Step},
    train::{
        Division, HeldOut, Images, Reading, Record, Solver, Trainer,
        batches::Augmentation,
        checkpoint::{self, Measured},
    },
};

#[test]
fn the_same_seed_gives_the_same_bytes_with_one_and_with_two_threads() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| trained(&zoo::net("alexnet28", 5).unwrap(), 3).1)
    };
    let one = run(1);
    for threads in [1, 2] {
        let other = run(threads);
        for (name, (_, values)) in &one {
            assert_eq!(bits(values), bits(&other[name].1), "{name} with {threads} threads");
        }
    }
}

#[test]
fn a_resumed_run_gives_the_same_bytes_as_an_undisturbed_one_also_where_batches_are_in_parts() {
    let set = images(40, 5, "set");
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    let def = zoo::net("alexnet28", 5).unwrap();
    for batch_parts in [1, 2] {
        let solver = Solver { batch_parts, ..solver(6, 16) };
        let trainer = || in_parts(&def, &set, &normalisation, &solver, &Device::Cpu);
        let mut undisturbed = trainer();
        let whole = losses(&mut undisturbed, 6);

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.safetensors");
        let identity = checkpoint::Identity { configuration: "c".into(), device: "d".into() };
        let mut first = trainer();
        first.division = (batch_parts > 1).then_some(Division { parts: batch_parts, from_step: 0 });
        let mut begun = checkpoint::Losses::default();
        begun.extend(losses(&mut first, 3).into_iter().map(f64::from_bits));
        let record =
            Record { step: 2, epoch: 0.1, train_loss: 1.0 / 3.0, loss: 1e-9, top1: 0.7, top5: 1.0, images: 40 };
        let held_out = vec![HeldOut { step: 2, epoch: 0.1, loss: 2e-9, top1: 0.1, top5: 0.3, images: 7 }; 2];
        let measured = Measured { losses: begun, records: vec![record], held_out };
        checkpoint::save(&mut first, &measured, &identity, &path, &strata::host::atomic::Anyone).unwrap();
        let division = first.division;
        drop(first);

        let mut second = trainer();
        let mut report = |text: String| panic!("{text}");
        let found = checkpoint::find(&identity, &path, &mut report).unwrap().unwrap();
        assert_eq!((found.step, found.division), (3, division));
        let found = found.load(&mut second).unwrap();
        assert_eq!(found, measured);
        assert_eq!(second.division, division);
        assert_eq!((found.losses.count, found.losses.sum), (3, whole[..3].iter().map(|&l| f64::from_bits(l)).sum()));
        assert_eq!(losses(&mut second, 3), whole[3..]);
        let (a, b) = (checkpoint::weights_of(&mut undisturbed).unwrap(), checkpoint::weights_of(&mut second).unwrap());
        for (name, (_, values)) in &a {
            assert_eq!(bits(values), bits(&b[name].1), "{name}");
        }
        let other = checkpoint::Identity { device: "another".into(), ..identity };
        let refused = checkpoint::find(&other, &path, &mut report).unwrap_err().to_string();
        assert!(refused.contains("device"), "{refused}");
    }
}

#[test]
fn an_images_scores_do_not_depend_on_the_rest_of_its_batch() {
    let def = zoo::net("alexnet28", 5).unwrap();
    let pixels = Stream::named("x").normal(70 * 784, 1.0);
    let logits = |batch: usize, first: usize| {
        let net = build(&def, batch);
        let mut executor = Executor::load(&Device::Cpu, net.program.clone()).unwrap();
        net.initialise(&mut executor, Stream::named).unwrap();
        executor.write(net.x, &pixels[first * 784..(first + batch) * 784]).unwrap();
        let step = Step { iteration: 0, rate: 0.0, dropout: Stream::named("d"), first_image: 0 };
        executor.run(Tape::Evaluate, &step).unwrap();
        executor.read(net.logits).unwrap()
    };
    let all = logits(64, 0);
    for (batch, first) in [(1, 0), (2, 7), (33, 5), (5, 59)] {
        let few = logits(batch, first);
        assert_eq!(bits(&few), bits(&all[first * 5..(first + batch) * 5]), "{batch} images from {first}");
    }
}

/// More steps than the losses of which are under way at once; the second device divides the batch, and its losses.
#[test]
fn losses_that_nobody_waits_for_are_those_that_every_step_waits_for() {
    let set = images(80, 5, "set");
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    let images = Images { set: &set, normalisation: &normalisation };
    let divided = Gpu::open_limited(&Choice::Software, |limits| limits.binding_bytes = 2 << 20);
    for device in [Device::Cpu, software(), Device::Gpu(divided.unwrap_or_else(|e| panic!("{e}")))] {
        let mut def = zoo::net("alexnet28", 5).unwrap();
        def.freeze(7).unwrap();
        let run = |waiting: bool| {
            let trainer = Trainer::new(&def, &solver(12, 40), images, Reading::centre(), streams(), &device);
            let mut trainer = trainer.unwrap();
            if waiting {
                trainer = trainer.waiting();
            }
            trainer.net.initialise(&mut trainer.executor, |name| Stream::named(&format!("laws/{name}"))).unwrap();
            let mut all = losses(&mut trainer, 12);
            assert_eq!(all.len(), 12);
            all.extend(losses(&mut trainer, 0));
            all
        };
        assert_eq!(run(false), run(true), "{}", device.describe());
    }
}

#[test]
fn a_packed_set_trains_to_the_same_bits_as_one_in_memory_also_from_the_middle() {
    let folder = tempfile::tempdir().unwrap();
    let noise = Stream::named("packed");
    for (i, words) in noise.normal(24 * 16, 60.0).chunks(16).enumerate() {
        let pixel = |x: u32, y: u32| {
            let at = (x / 8 + 4 * (y / 8)) as usize;
            image::Rgb([words[at], words[15 - at], words[at] / 2.0].map(|v| (v + 128.0) as u8))
        };
        let class = folder.path().join("train").join((i % 4).to_string());
        std::fs::create_dir_all(&class).unwrap();
        image::RgbImage::from_fn(32, 32, pixel).save(class.join(format!("{i}.png"))).unwrap();
    }
    let listing = data::folder::open(folder.path(), None).unwrap();
    let options = PackOptions { side: 32, on_bad: OnBad::Fail, max_bad: 0 };
    let out = folder.path().join("set.pack");
    pack(&listing, &out, options, &|_, _| true).unwrap();
    let stored = Store::open(&out).unwrap().dataset().unwrap().train;
    let loaded = data::folder::load(&listing, 32).unwrap().train;
    assert!(stored.is_stored() && !loaded.is_stored());

    let normalisation = Normalisation::mean_image(&loaded, 0.0125).unwrap();
    let def = zoo::net("alexnet32", 4).unwrap();
    let run = |set: &ImageSet, first: u64, batch_parts: usize, augmentation: Augmentation| {
        let solver = Solver { batch_parts, ..solver(8, 10) };
        let way = Reading { augmentation, ..Reading::centre() };
        let mut trainer = reading(&def, set, &normalisation, &solver, &Device::Cpu, way);
        trainer.step = first;
        let losses = losses(&mut trainer, 8 - first);
        let scores = trainer.evaluate(&Images { set, normalisation: &normalisation }).unwrap();
        let again = trainer.evaluate(&Images { set, normalisation: &normalisation }).unwrap();
        assert_eq!(scores, again);
        let weights: Vec<Vec<u32>> =
            checkpoint::weights_of(&mut trainer).unwrap().values().map(|(_, values)| bits(values)).collect();
        (losses, scores, weights)
    };
    for first in [0, 5] {
        for (parts, augmentation) in [
            (1, Augmentation::None),
            (2, Augmentation::None),
            (1, Augmentation::ResizedCropAndMirror),
            (2, Augmentation::ResizedCropAndMirror),
        ] {
            let [a, b] = [&stored, &loaded].map(|set| run(set, first, parts, augmentation));
            assert!(a == b, "from step {first}, {parts} parts, {augmentation:?}");
        }
    }
}
