//! Regions of images that are resized to a net's input, through the trainer.

use super::made::{bits, images, losses, reading, software, solver, streams};
use strata::{
    data::{
        ImageSet, Normalisation,
        crop::Crop,
        normalisation::{Mean, Std},
        region::{Region, RegionResizer, Regions},
    },
    nn::{NetDef, zoo},
    ops::Device,
    train::{Images, Reading, Trainer, batches::Augmentation, checkpoint},
};

const SIDE: usize = 24;
const STORED: usize = 28;
const READING: Reading = Reading { augmentation: Augmentation::ResizedCropAndMirror, ..Reading::centre() };

/// A net for inputs of 24x24 out of images of 28x28.
fn net() -> NetDef {
    let mut def = zoo::net("alexnet28", 5).unwrap();
    def.input = [1, SIDE, SIDE];
    def
}

/// The pixels of an image's region at a place of the order of images, resized by themselves, and whether mirrored.
fn region_at(set: &ImageSet, index: usize, place: u64) -> (Vec<u8>, bool) {
    let crops = streams().crops;
    let region = Region::draw(STORED, STORED, &Regions::USUAL, |attempt| crops.words(place, 2 * (1 + attempt)));
    let mut image = set.image(index).to_vec();
    let corner = Crop { top: 0, left: 0, mirror: false };
    RegionResizer::default().put(&mut image, [STORED, STORED, 1], region, corner, SIDE).unwrap();
    let pixels = (0..SIDE).flat_map(|row| image[row * STORED..row * STORED + SIDE].to_vec()).collect();
    (pixels, crops.words(place, 0)[2] >> 31 == 1)
}

/// `RandomResizedCrop(24)`, `RandomHorizontalFlip`, then less the mean and over the deviation; a mean image counts as at
/// the centre window.
#[test]
fn both_executors_read_the_resized_region_of_every_image() {
    let set = images(40, 5, "set");
    let per_channel = Normalisation::of(&set, &Mean::Given(vec![70.5]), &Std::Given(vec![40.25]), 1.0).unwrap();
    let of_image = Normalisation::mean_image(&set, 0.0125).unwrap();
    let mean_image: Vec<f64> = of_image.padded_mean(0).into_iter().map(f64::from).collect();
    let first = (STORED - SIDE) / 2;
    let mut mirrored = 0;
    for device in [Device::Cpu, software()] {
        for normalisation in [&per_channel, &of_image] {
            let mut trainer = reading(&net(), &set, normalisation, &solver(3, 16), &device, READING);
            let mut batches = strata::train::Batches::new(streams().order, streams().crops, set.len(), 16, READING);
            for step in 0..3 {
                trainer.train_step().unwrap();
                let got = trainer.executor.read(trainer.net.x).unwrap();
                for (place, index) in batches.indices(step).into_iter().enumerate() {
                    let (pixels, mirror) = region_at(&set, index, step * 16 + place as u64);
                    mirrored += usize::from(mirror);
                    for at in 0..SIDE * SIDE {
                        let (row, column) = (at / SIDE, at % SIDE);
                        let column = if mirror { SIDE - 1 - column } else { column };
                        let pixel = f64::from(pixels[row * SIDE + column]);
                        let mean = mean_image[(first + row) * STORED + first + column];
                        let expected = match std::ptr::eq(normalisation, &of_image) {
                            true => (pixel - mean) * 0.0125,
                            false => (pixel - 70.5) / 40.25,
                        };
                        let value = f64::from(got[place * SIDE * SIDE + at]);
                        assert!((value - expected).abs() <= 1e-5, "step {step}, {place}, {at}: {value} and {expected}");
                    }
                }
            }
        }
    }
    assert!((50..142).contains(&mirrored), "{mirrored} of 192 images are mirrored");
}

#[test]
fn threads_and_a_stop_change_no_bit_and_every_epoch_sees_other_regions() {
    let set = images(40, 5, "set");
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    let def = net();
    let made = || reading(&def, &set, &normalisation, &solver(6, 16), &Device::Cpu, READING);
    let weights = |trainer: &mut Trainer<'_>| -> Vec<Vec<u32>> {
        checkpoint::weights_of(trainer).unwrap().values().map(|(_, values)| bits(values)).collect()
    };
    let whole = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut trainer = made();
            (losses(&mut trainer, 6), weights(&mut trainer))
        })
    };
    let one = whole(1);
    assert!(one == whole(2) && one == whole(3));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.safetensors");
    let identity = checkpoint::Identity { configuration: "c".into(), device: "d".into() };
    let mut first = made();
    let begun = losses(&mut first, 3);
    let measured = checkpoint::Measured::default();
    checkpoint::save(&mut first, &measured, &identity, &path, &strata::host::atomic::Anyone).unwrap();
    let mut second = made();
    let mut report = |text: String| panic!("{text}");
    checkpoint::find(&identity, &path, &mut report).unwrap().unwrap().load(&mut second).unwrap();
    let rest = losses(&mut second, 3);
    assert_eq!((&one.0[..3], &one.0[3..]), (&begun[..], &rest[..]));
    assert!(one.1 == weights(&mut second));

    let other = Reading { regions: Regions { scale: [0.5, 1.0], ..Regions::USUAL }, ..READING };
    let mut other = reading(&def, &set, &normalisation, &solver(6, 16), &Device::Cpu, other);
    assert_ne!(losses(&mut other, 6), one.0, "the rules decide");
    let at = |place: u64| region_at(&set, 0, place);
    assert!((1..9).filter(|epoch| at(0) != at(40 * epoch)).count() == 8);
}

#[test]
fn an_evaluation_sees_the_centre_window_as_ever() {
    let set = images(20, 5, "set");
    let normalisation = Normalisation::of(&set, &Mean::Channel, &Std::Channel, 1.0).unwrap();
    let images = Images { set: &set, normalisation: &normalisation };
    let scores = |way: Reading| {
        let mut trainer = reading(&net(), &set, &normalisation, &solver(3, 8), &Device::Cpu, way);
        trainer.evaluate(&images).unwrap()
    };
    assert_eq!(scores(Reading::centre()), scores(READING));
}
