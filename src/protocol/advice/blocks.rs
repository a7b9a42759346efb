//! One pass of the images through the source: what every block gives, on which frozen networks train and which scores
//! without training are computed from.

use super::{keys::Keys, record::Kind};
use crate::{
    data::{ImageSet, Normalisation},
    host::{Stop, Stream},
    nn::{Input, Net, NetDef, weights},
    ops::Device,
    protocol::ProtocolError,
    train::{Images, Prefixes, Trainer, WeightsFile, trainer::Streams},
};
use std::{collections::BTreeMap, path::Path, sync::Arc};

/// The most that is kept of one block, in bytes; networks compute those of larger ones themselves.
const MOST_BYTES: usize = 512 << 20;

/// What the first n blocks give, for every n that is kept.
#[derive(Debug, Default)]
pub struct Blocks {
    of: BTreeMap<usize, Block>,
    key: String,
}

/// What the first n blocks give.
#[derive(Debug)]
struct Block {
    /// Values of an image.
    features: usize,
    /// Those of all images, one after the other.
    values: Vec<f32>,
}

impl Blocks {
    /// Passes images through the source once. Nothing is kept where images have more than one view.
    ///
    /// # Errors
    /// A stop; a lost device; images that do not fit.
    pub fn of(
        (source, net): (&WeightsFile, &NetDef),
        images: &ImageSet,
        normalisation: &Normalisation,
        keys: &Keys,
        device: &Device,
        stop: &Stop,
    ) -> Result<Self, ProtocolError> {
        let key = format!("advice {}", images.digest());
        let reading = keys.reading();
        if reading.inputs() != Some(1) {
            return Ok(Self { of: BTreeMap::new(), key });
        }
        let solver = keys.solver.solver(1);
        let most_n = net.most_n();
        let mut frozen = net.clone();
        frozen.freeze(most_n)?;
        let stream = Stream::named("advice/blocks");
        let streams = Streams { order: stream, crops: stream, dropout: stream };
        let set = Images { set: images, normalisation };
        let mut trainer = Trainer::new(&frozen, &solver, set, reading, streams, device)?.stopping(stop.clone());
        for param in &trainer.net.params.clone() {
            // The new layer on top is not read.
            if let Ok(values) = weights::take(&source.tensors, param, Path::new(&source.net.name)) {
                trainer.executor.write(param.w, values).map_err(ProtocolError::Ops)?;
            }
        }
        let (mut layers, mut kept) = (Vec::new(), Vec::new());
        for n in 1..=most_n {
            let mut def = net.clone();
            def.freeze(n)?;
            let built = Net::build(
                &def,
                solver.building(Input::Images { stored: [images.height, images.width], padding: reading.padding }),
            )?;
            let Some((layer, features)) = boundary(&built) else { continue };
            if features.saturating_mul(images.len()).saturating_mul(size_of::<f32>()) <= MOST_BYTES {
                layers.push(layer);
                kept.push((n, Block { features, values: Vec::new() }));
            }
        }
        trainer.each_activation(&set, &layers, |place, values| {
            kept[place].1.values.extend_from_slice(values);
            Ok(())
        })?;
        Ok(Self { of: kept.into_iter().collect(), key })
    }

    /// The values of an image and those of all images at n, where they are kept.
    pub fn at(&self, n: usize) -> Option<(usize, &[f32])> {
        self.of.get(&n).map(|block| (block.features, &block.values[..]))
    }

    /// Hands what the frozen blocks of a network make of its training images, by their indices, to the networks of a
    /// draw. Returns the key by which they find it.
    pub fn share(&self, kind: Kind, draw: &str, train: &[usize], net: &Net, prefixes: &Prefixes) -> Option<String> {
        let boundary = net.boundary.filter(|_| matches!(kind, Kind::Frozen { .. } | Kind::HeadFirst { .. }))?;
        let Block { features, values } = self.of.get(&kind.n())?;
        let key = format!("{} {draw}", self.key);
        let tensor = &net.program.tensors[boundary.0];
        if tensor.shape.len() / net.batch != *features {
            return None;
        }
        let of = |index: &usize| &values[index * features..(index + 1) * features];
        let full = format!("{key} {}", tensor.name);
        prefixes.keep(full, || Arc::new(train.iter().flat_map(of).copied().collect()));
        Some(key)
    }
}

/// The layer whose output is the last tensor of a net's frozen prefix, and its values of an image.
fn boundary(net: &Net) -> Option<(String, usize)> {
    let tensor = net.boundary?;
    let is = |name: &&String| net.outputs.get(*name).is_some_and(|(output, _)| *output == tensor);
    let layer = net.def.layers.iter().map(|layer| &layer.name).find(is)?;
    Some((layer.clone(), net.program.tensors[tensor.0].shape.len() / net.batch))
}
