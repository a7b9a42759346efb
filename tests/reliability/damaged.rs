//! Checkpoints that are not what was written.

use super::made::{Dice, count, err, held, kill, network, results, same, strata, undisturbed};
use std::fs;
use strata::{
    data::{ImageSet, Normalisation},
    host::Stream,
    nn::zoo,
    ops::Device,
    train::{
        Images, Policy, Reading, Schedule, Solver, Trainer, Warmup,
        checkpoint::{self, Identity, Measured},
        trainer::Streams,
    },
};

fn solver() -> Solver {
    Solver {
        schedule: Schedule {
            base_lr: 0.01,
            policy: Policy::Step { gamma: 0.1, stepsize: 9 },
            warmup: Warmup::NONE,
            max_iter: 9,
        },
        batch_size: 4,
        ..Solver::default()
    }
}

pub fn set() -> ImageSet {
    let words = Stream::named("set");
    let pixels = (0..8 * 784).map(|i| words.words(i, 0)[0] as u8).collect();
    ImageSet::new(28, 28, 1, pixels, vec![0, 1, 2, 3, 4, 0, 1, 2]).unwrap()
}

pub fn trainer<'a>(set: &'a ImageSet, normalisation: &'a Normalisation, device: &Device) -> Trainer<'a> {
    let stream = |purpose: &str| Stream::named(&format!("reliability/{purpose}"));
    let streams = Streams { order: stream("order"), crops: stream("crops"), dropout: stream("dropout") };
    let images = Images { set, normalisation };
    let reading = Reading::centre();
    let trainer =
        Trainer::new(&zoo::net("alexnet28", 5).unwrap(), &solver(), images, reading, streams, device).unwrap();
    let mut trainer = trainer;
    trainer.net.initialise(&mut trainer.executor, |name| stream(name)).unwrap();
    trainer
}

pub fn identity() -> Identity {
    Identity { configuration: "c".into(), device: "d".into() }
}

#[test]
fn every_changed_byte_of_a_checkpoint_is_detected_and_the_generation_before_is_used() {
    let set = set();
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.safetensors");
    let mut trainer = trainer(&set, &normalisation, &Device::Cpu);
    let mut measured = Measured::default();
    let mut first = None;
    for _ in 0..2 {
        trainer.train_step().unwrap();
        measured.losses.extend(trainer.losses().unwrap());
        first.get_or_insert(measured.losses);
        checkpoint::save(&mut trainer, &measured, &identity(), &path, &strata::host::atomic::Anyone).unwrap();
    }
    let whole = fs::read(&path).unwrap();
    let before = fs::read(checkpoint::previous(&path)).unwrap();
    assert_ne!(whole, before);

    let mut load = |newer: &[u8], older: &[u8]| {
        fs::write(&path, newer).unwrap();
        fs::write(checkpoint::previous(&path), older).unwrap();
        trainer.step = 0;
        let mut messages = Vec::new();
        let found = checkpoint::find(&identity(), &path, &mut |text| messages.push(text)).unwrap();
        let found = found.map(|found| found.load(&mut trainer).unwrap());
        (found.map(|found| found.losses), trainer.step, messages)
    };
    assert_eq!(load(&whole, &before), (Some(measured.losses), 2, vec![]));

    let wanted = count("STRATA_FLIPS", 1000);
    let mut dice = Dice::named("flips");
    let (mut detected, mut fallbacks) = (0, 0);
    for flip in 0..wanted {
        // Every other flip falls on the first bytes, where the header is.
        let range = if flip % 2 == 0 { 4096 } else { whole.len() as u64 };
        let mut changed = whole.clone();
        changed[dice.below(range) as usize] ^= 1 + dice.below(255) as u8;
        let (losses, step, messages) = load(&changed, &before);
        detected += u64::from(messages.len() == 1 && messages[0].contains("state.safetensors"));
        fallbacks += u64::from(step == 1 && losses == first && !path.exists());
    }
    println!("{wanted} changed bytes: {detected} detected, {fallbacks} fallbacks");
    assert_eq!((detected, fallbacks), (wanted, wanted));

    for cut in [0, 1, 8, 100, whole.len() / 2, whole.len() - 1] {
        let (_, step, messages) = load(&whole[..cut], &before);
        assert_eq!((step, messages.len()), (1, 1), "cut to {cut} bytes");
    }
    // The newer one is whole: nobody looks at the older one. Where both are damaged, the run begins anew.
    assert_eq!(load(&whole, &before[..9]).1, 2);
    let (found, step, messages) = load(&whole[..9], &before[..9]);
    assert_eq!((found, step, messages.len()), (None, 0, 2));
}

#[test]
fn a_run_resumes_from_the_older_checkpoint_to_the_same_bytes_and_says_so() {
    let whole = undisturbed();
    for damaged in [1, 2] {
        let runs = tempfile::tempdir().unwrap();
        let mut child = held(strata(&["run", "default", "s0-r0-baseA"], runs.path()), "state.safetensors", 21).unwrap();
        assert!(kill(&mut child));
        let newer = network(runs.path(), "s0-r0-baseA").join("state.safetensors");
        for path in [newer.clone(), checkpoint::previous(&newer)].iter().take(damaged) {
            let mut bytes = fs::read(path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 4;
            fs::write(path, bytes).unwrap();
        }
        let output = strata(&["reproduce"], runs.path()).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
        assert_eq!(err(&output).matches("removed and ignored").count(), damaged, "{}", err(&output));
        assert_eq!(err(&output).contains("s0-r0-baseA: resumes from step 3"), damaged == 1, "{}", err(&output));
        same(&whole, &results(runs.path()));
    }
}
