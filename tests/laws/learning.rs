//! Networks learn, count what they get right, and follow the rule of their updates.

use super::made::{images, software, solver, streams, trainer, two_steps};
use strata::{
    data::{ImageSet, Normalisation},
    host::Stream,
    nn::zoo,
    ops::Device,
    train::{Confusion, Images, Reading, Trainer},
};

#[test]
fn the_first_loss_of_the_wgsl_kernels_is_that_of_the_native_executor() {
    let (gpu, _, gpu_weights) = two_steps(&software(), 0);
    let (cpu, _, cpu_weights) = two_steps(&Device::Cpu, 0);
    assert!((gpu[0] - cpu[0]).abs() <= 1e-5 * cpu[0], "{} and {}", gpu[0], cpu[0]);
    for (name, (_, values)) in &gpu_weights {
        let expected = &cpu_weights[name].1;
        let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|v| v * v).sum::<f64>().sqrt();
        let off = norm(&mut values.iter().zip(expected).map(|(a, b)| f64::from(a - b)));
        let size = norm(&mut expected.iter().map(|&v| f64::from(v)));
        assert!(off <= 3e-4 * size, "{name}: {off} of {size}");
    }
}

#[test]
fn thirty_two_images_overfit_to_a_loss_near_zero() {
    let set = images(32, 5, "overfit");
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    let mut trainer = trainer(&zoo::net("alexnet28", 5).unwrap(), &set, &normalisation, 200, 32);
    for _ in 0..200 {
        trainer.train_step().unwrap();
    }
    let scores = trainer.evaluate(&Images { set: &set, normalisation: &normalisation }).unwrap();
    assert!(scores.loss < 0.01, "loss {}", scores.loss);
    assert_eq!(scores.top1, 1.0);
}

#[test]
fn confusion_counts_agree_with_the_ranks_on_both_executors() {
    let set = images(11, 5, "set");
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    let images = Images { set: &set, normalisation: &normalisation };
    let names: Vec<String> = ["a", "b", "c", "d", "e"].map(String::from).into();
    let counts = [Device::Cpu, software()].map(|device| {
        let input = Reading::centre();
        // The last batch is partly filled: what stands in its empty places must not be counted.
        let mut trainer =
            Trainer::new(&zoo::net("alexnet28", 7).unwrap(), &solver(2, 4), images, input, streams(), &device).unwrap();
        trainer.net.initialise(&mut trainer.executor, |name| Stream::named(&format!("laws/{name}"))).unwrap();
        let mut confusion = Confusion::new(&names, trainer.net.classes());
        let scores = trainer.evaluate_into(&images, Some(&mut confusion)).unwrap();
        assert_eq!(scores, trainer.evaluate(&images).unwrap(), "counting changes no score");
        assert_eq!(confusion.right(), (scores.top1 * 11.0).round() as u64);
        let rows: Vec<u64> = confusion.counts.iter().map(|row| row.iter().sum()).collect();
        assert_eq!(rows, [3, 2, 2, 2, 2]);
        confusion.counts
    });
    assert!(counts.iter().all(|counts| counts.iter().all(|row| row.len() == 7)));
    assert_eq!(counts[0], counts[1]);
}

/// The cross-entropy of one image's logits, and how many classes have more than the right one.
fn by_hand(logits: &[f32], label: usize) -> (f64, usize) {
    let wide: Vec<f64> = logits.iter().map(|&v| f64::from(v)).collect();
    let sum: f64 = wide.iter().map(|v| (v - wide[label]).exp()).sum();
    (sum.ln(), wide.iter().filter(|&&v| v > wide[label]).count())
}

#[test]
fn scores_are_means_over_the_images_alone_of_what_their_logits_say() {
    let set = images(35, 7, "scores");
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    for device in [Device::Cpu, software()] {
        let whole = Images { set: &set, normalisation: &normalisation };
        // Eight batches of four, and one that is partly filled.
        let trainer = Trainer::new(
            &zoo::net("alexnet28", 7).unwrap(),
            &solver(2, 4),
            whole,
            Reading::centre(),
            streams(),
            &device,
        );
        let mut trainer = trainer.unwrap();
        trainer.net.initialise(&mut trainer.executor, |name| Stream::named(&format!("laws/{name}"))).unwrap();
        let (mut loss, mut ranks) = (0.0, Vec::new());
        for i in 0..set.len() {
            let one = ImageSet::new(28, 28, 1, set.pixels[i * 784..][..784].to_vec(), vec![set.labels[i]]).unwrap();
            let alone = trainer.evaluate(&Images { set: &one, normalisation: &normalisation }).unwrap();
            let logits = trainer.executor.read(trainer.net.logits).unwrap();
            let (expected, rank) = by_hand(&logits[..7], usize::from(set.labels[i]));
            assert!((alone.loss - expected).abs() <= 1e-6 * expected, "{} instead of {expected}", alone.loss);
            let of = |best: usize| if rank < best { 1.0 } else { 0.0 };
            assert_eq!((alone.top1, alone.top5, alone.images), (of(1), of(5), 1));
            loss += expected;
            ranks.push(rank);
        }
        assert!([0, 4, 5].iter().all(|rank| ranks.contains(rank)), "the ranks differ as the scores do: {ranks:?}");
        let scores = trainer.evaluate(&whole).unwrap();
        let share = |best: usize| ranks.iter().filter(|&&rank| rank < best).count() as f64 / 35.0;
        assert_eq!((scores.top1, scores.top5, scores.images), (share(1), share(5), 35));
        assert!((scores.loss - loss / 35.0).abs() <= 1e-6 * scores.loss, "{} instead of {}", scores.loss, loss / 35.0);
    }
}
