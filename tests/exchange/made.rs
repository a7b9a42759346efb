//! The committed files, and the scores of a net with given weights.

use serde::Deserialize;
use std::path::{Path, PathBuf};
use strata::{
    Device, ImageSet, Images, NetDef, Normalisation, Reading, Solver, Trainer,
    data::normalisation::{Mean, Std},
    exchange::{self, Turns},
    host::Stream,
    nn::{net_file, weights::Tensors},
    train::trainer::Streams,
};

/// The side of the images, of which the net sees the centre.
pub const STORED: usize = 15;

/// What PyTorch makes of the images.
#[derive(Deserialize)]
pub struct Expected {
    /// Four images, `[c][h][w]`.
    pub images: Vec<Vec<u8>>,
    /// The mean of each channel.
    pub mean: Vec<f64>,
    /// The deviation of each channel.
    pub std: Vec<f64>,
    /// Scores of images of which the mean of each channel was subtracted.
    pub by_channel: Vec<Vec<f64>>,
    /// Scores of images of which the mean image was subtracted.
    pub by_image: Vec<Vec<f64>>,
    /// Scores of the net with normalisations, of images of which the mean of each channel was subtracted.
    pub normed: Vec<Vec<f64>>,
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exchange")
}

pub fn file(name: &str) -> PathBuf {
    folder().join("files").join(name)
}

pub fn expected() -> Expected {
    serde_json::from_slice(&std::fs::read(file("expected.json")).unwrap()).unwrap()
}

pub fn small() -> NetDef {
    net_file::read(&folder().join("small.toml")).unwrap()
}

/// The weights of a committed file of the small net.
pub fn imported(name: &str, turns: Turns) -> Tensors {
    imported_for(&small(), name, turns)
}

/// The weights of a committed file of a net.
pub fn imported_for(def: &NetDef, name: &str, turns: Turns) -> Tensors {
    let path = file(name);
    let read = exchange::read(&path).unwrap();
    let matching = exchange::fit(&path, &read, def, turns).unwrap();
    assert!(matching.is_whole(), "{name}: {:?}, unused {:?}", matching.rows, matching.unused);
    assert_eq!(matching.notes, Vec::<String>::new(), "{name}");
    matching.tensors(false, Stream::named).unwrap()
}

/// The images, `[h][w][c]`.
pub fn images() -> ImageSet {
    let inner = |image: &Vec<u8>| {
        let pixels = STORED * STORED;
        (0..3 * pixels).map(|at| image[at % 3 * pixels + at / 3]).collect::<Vec<u8>>()
    };
    let expected = expected();
    let pixels = expected.images.iter().flat_map(inner).collect();
    ImageSet::new(STORED, STORED, 3, pixels, vec![0; expected.images.len()]).unwrap()
}

/// The normalisation by channels.
pub fn by_channel() -> Normalisation {
    let Expected { mean, std, .. } = expected();
    Normalisation::of(&images(), &Mean::Given(mean), &Std::Given(std), 1.0).unwrap()
}

/// The scores of the images.
pub fn scores(def: &NetDef, tensors: &Tensors, normalisation: &Normalisation) -> Vec<Vec<f32>> {
    let set = images();
    let stream = Stream::named;
    let streams = Streams { order: stream("o"), crops: stream("c"), dropout: stream("d") };
    let solver = Solver { batch_size: set.len(), ..Solver::default() };
    let images = Images { set: &set, normalisation };
    let mut trainer = Trainer::new(def, &solver, images, Reading::centre(), streams, &Device::Cpu).unwrap();
    for param in trainer.net.params.clone() {
        trainer.executor.write(param.w, &tensors[&param.name].1).unwrap();
    }
    let last = def.layers.last().unwrap().name.clone();
    let scores = trainer.activations(&images, &[last]).unwrap().concat();
    scores.chunks_exact(scores.len() / set.len()).map(<[f32]>::to_vec).collect()
}

/// Holds scores against those expected.
pub fn assert_close(name: &str, scores: &[Vec<f32>], expected: &[Vec<f64>], bound: f64) {
    assert_eq!(scores.len(), expected.len());
    for (scores, expected) in scores.iter().zip(expected) {
        assert_eq!(scores.len(), expected.len(), "{name}");
        for (&score, &expected) in scores.iter().zip(expected) {
            assert!((f64::from(score) - expected).abs() < bound, "{name}: {score}, PyTorch {expected}");
        }
    }
}
