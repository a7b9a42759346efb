//! Windows of padded images against a direct computation, through the trainer.

use super::made::{images, software, solver, streams};
use strata::{
    data::{
        Normalisation,
        normalisation::{Mean, Std},
    },
    host::Stream,
    nn::zoo,
    ops::Device,
    train::{Batches, Images, Reading, Trainer, batches::Augmentation},
};

const PADDING: usize = 4;
const SIDE: usize = 28;
const READING: Reading = Reading { augmentation: Augmentation::CropAndMirror, padding: PADDING, ..Reading::centre() };

/// torchvision's `RandomCrop(28, padding=4)`, `RandomHorizontalFlip`, `Normalize`, written down: an image of 0 with the
/// pixels in its middle, cut, mirrored, then less the mean and over the deviation.
#[test]
fn a_window_of_a_padded_image_is_cut_before_anything_is_subtracted() {
    let set = images(40, 5, "set");
    let (mean, std) = (70.5, 40.25);
    let per_channel = Normalisation::of(&set, &Mean::Given(vec![mean]), &Std::Given(vec![std]), 1.0).unwrap();
    let of_image = Normalisation::mean_image(&set, 0.0125).unwrap();
    let mean_image: Vec<f64> = of_image.padded_mean(0).into_iter().map(f64::from).collect();
    let padded = SIDE + 2 * PADDING;
    let (mut outside, mut mirrored) = (0, 0);
    for device in [Device::Cpu, software()] {
        for normalisation in [&per_channel, &of_image] {
            let images = Images { set: &set, normalisation };
            let mut trainer =
                Trainer::new(&zoo::net("alexnet28", 5).unwrap(), &solver(3, 16), images, READING, streams(), &device)
                    .unwrap();
            let mut batches = Batches::new(streams().order, streams().crops, set.len(), 16, READING);
            for step in 0..3 {
                trainer.train_step().unwrap();
                let got = trainer.executor.read(trainer.net.x).unwrap();
                let crops = batches.crops(step, &set, SIDE).unwrap().words;
                for (place, index) in batches.indices(step).into_iter().enumerate() {
                    let [top, left, mirror] = [0, 1, 2].map(|word| crops[3 * place + word] as usize);
                    mirrored += mirror;
                    // Raw pixels and the mean in the same frame of zeros.
                    let mut frame = vec![(0.0, 0.0); padded * padded];
                    for (at, &byte) in set.image(index).iter().enumerate() {
                        let (row, column) = (at / SIDE + PADDING, at % SIDE + PADDING);
                        frame[row * padded + column] = (f64::from(byte), mean_image[at]);
                    }
                    for h in 0..SIDE {
                        for w in 0..SIDE {
                            let column = if mirror == 1 { SIDE - 1 - w } else { w };
                            let (raw, of_image_mean) = frame[(top + h) * padded + left + column];
                            let expected = match std::ptr::eq(normalisation, &of_image) {
                                true => (raw - of_image_mean) * 0.0125,
                                false => (raw - mean) / std,
                            };
                            let value = f64::from(got[place * SIDE * SIDE + h * SIDE + w]);
                            assert!((value - expected).abs() <= 1e-5, "step {step}, {place}, {h}, {w}: {value}");
                            outside += usize::from(raw == 0.0);
                        }
                    }
                }
            }
        }
    }
    assert!(outside > 1000 && mirrored > 50, "{outside} pixels of the frame, {mirrored} mirrored images");
}

#[test]
fn an_evaluation_sees_nothing_of_the_padding() {
    let set = images(20, 5, "set");
    let normalisation = Normalisation::of(&set, &Mean::Channel, &Std::Channel, 1.0).unwrap();
    let images = Images { set: &set, normalisation: &normalisation };
    let scores = |padding: usize| {
        let reading = Reading { padding, ..READING };
        let trainer =
            Trainer::new(&zoo::net("alexnet28", 5).unwrap(), &solver(3, 8), images, reading, streams(), &Device::Cpu);
        let mut trainer = trainer.unwrap();
        trainer.net.initialise(&mut trainer.executor, Stream::named).unwrap();
        trainer.evaluate(&images).unwrap()
    };
    assert_eq!(scores(0), scores(PADDING));
    assert_eq!(scores(0), scores(3));
}
