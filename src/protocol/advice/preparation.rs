//! What an advice needs before its first network: images divided, the directory opened, one pass through the source.

use super::{
    blocks::Blocks,
    keys::Keys,
    network::Common,
    outcome::Directory,
    parts::Parts,
    queue::{Events, Queue},
    record::{Kind, Measure},
};
use crate::{
    data::{
        Dataset, Normalisation,
        normalisation::{Mean, MeanValues, Std},
    },
    nn::NetDef,
    ops::Device,
    protocol::ProtocolError,
    train::{Prefixes, WeightsFile},
};
use std::path::Path;

/// What is asked for.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The network that is copied from.
    pub source: &'a WeightsFile,
    /// Its file, for people.
    pub source_path: &'a str,
    /// The digest of its file.
    pub source_digest: &'a str,
    /// What was set.
    pub keys: &'a Keys,
    /// The candidates; none for all of the net.
    pub kinds: Option<&'a [Kind]>,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// Where networks are trained.
    pub device: &'a Device,
    /// How many at a time.
    pub jobs: usize,
    /// The minutes that it may take.
    pub budget: Option<f64>,
    /// Where everything is kept.
    pub out: &'a Path,
}

/// Everything that networks of an advice need, before the first one.
#[derive(Debug)]
pub struct Prepared<'a> {
    /// What networks have in common.
    pub common: Common<'a>,
    /// Their images.
    pub parts: Parts,
    /// Where they are kept.
    pub directory: Directory,
    /// The candidates.
    pub kinds: Vec<Kind>,
    /// What candidates are compared by.
    pub measure: Measure,
    /// The BLAKE3 of all images and labels.
    pub digest: String,
}

/// Divides images, opens the directory and passes the images through the source once.
///
/// # Errors
/// Images that cannot be divided; a directory of another advice; a stop; a lost device.
pub fn prepare<'a>(request: Request<'a>, data: Dataset, events: &dyn Events) -> Result<Prepared<'a>, ProtocolError> {
    let Request { source, keys, seed, device, .. } = request;
    let digest = data.digest();
    let parts = Parts::of(data, keys.advice.splits, keys.advice.test_fraction, seed)?;
    let net = net_for(source, parts.data.classes())?;
    let kinds = request.kinds.map_or_else(|| Kind::all(net.most_n(), keys.advice.low_rate), <[Kind]>::to_vec);
    let directory = Directory::open(request.out, &settings(request, &digest, &kinds), "what is asked for")?;
    let normalisation = normalisation(source, &parts)?;
    events.stage("one pass of the images through the source");
    let blocks = Blocks::of((source, &net), &parts.data.train, &normalisation, keys, device, events.stop())?;
    let measure = if parts.is_unequal() { Measure::BalancedAccuracy } else { Measure::Accuracy };
    let common = Common {
        source,
        source_digest: request.source_digest,
        net,
        normalisation,
        keys,
        seed,
        device,
        stop: events.stop().clone(),
        blocks,
        prefixes: Prefixes::default(),
    };
    Ok(Prepared { common, parts, directory, kinds, measure, digest })
}

impl Prepared<'_> {
    /// Where its networks are trained, `jobs` at a time.
    pub fn queue<'a>(&'a self, jobs: usize, events: &'a dyn Events) -> Queue<'a> {
        Queue { common: &self.common, parts: &self.parts, directory: &self.directory, jobs, events }
    }
}

/// How pixels become numbers: less the mean of each channel over all images that are not locked away, times the
/// source's factors.
fn normalisation(source: &WeightsFile, parts: &Parts) -> Result<Normalisation, ProtocolError> {
    let given = &source.preprocessing.normalisation;
    let of_channels = Normalisation::of(&parts.data.train, &Mean::Channel, &Std::None, 1.0)?;
    let mean = match of_channels.mean() {
        MeanValues::Channels(values) => values.clone(),
        MeanValues::Image(_) => Vec::new(),
    };
    Ok(Normalisation::given(parts.data.train.shape(), MeanValues::Channels(mean), given.scale.clone())?)
}

/// Everything that the directory of an advice belongs to, a line each.
fn settings(request: Request<'_>, data: &str, kinds: &[Kind]) -> String {
    let keys = toml::to_string(request.keys).unwrap_or_default();
    let names: Vec<String> = kinds.iter().map(|kind| kind.name()).collect();
    format!(
        "source = {:?}\ndata = {data:?}\nseed = {}\ndevice = {:?}\ncandidates = {names:?}\n\n{keys}",
        request.source_digest,
        request.seed,
        request.device.identity()
    )
}

/// The net of a source with another number of classes, as networks of an advice have it.
fn net_for(source: &WeightsFile, classes: usize) -> Result<NetDef, ProtocolError> {
    let mut net = source.net.clone().with_classes(classes)?;
    net.layers.iter_mut().for_each(|layer| layer.trainable = true);
    Ok(net)
}
