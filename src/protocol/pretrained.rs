//! A study whose source is a weights file: pretrained weights of anybody, or a base of another study.
//!
//! `net.pretrained` makes it a study of distance with the one source `pretrained`: B is the target, A the file. The net
//! and the preprocessing are the file's. The base on A is not trained: the file becomes it, with its bytes.

use super::{Arm, Node, ProtocolError, SourceTask};
use crate::{
    data::normalisation::MeanValues,
    host::{bounded, digest},
    nn::weights,
    train::WeightsFile,
};
use std::path::Path;
use toml::{Table, Value};

/// Whether a network is the file itself.
pub fn is_file(node: &Node) -> bool {
    node.arm == Arm::Base && node.source_task == Some(SourceTask::Pretrained)
}

pub(super) fn read(path: &Path) -> Result<(Vec<u8>, WeightsFile), ProtocolError> {
    let bytes =
        bounded::read(path, weights::MAX_FILE).map_err(|source| ProtocolError::Io { path: path.into(), source })?;
    let file = WeightsFile::decode(path, &bytes)?;
    Ok((bytes, file))
}

/// Puts what follows from `net.pretrained` into an experiment, where it is not there yet: the net's description, the
/// file's digest, the split, and the preprocessing. The mean is that of the target's training images, or, where
/// `data.mean_of` is the source, the file's; the deviations are always the file's.
///
/// # Errors
/// A file that cannot be read or is none of strata's; another net beside it.
pub(super) fn resolve(table: &mut Table, experiment: &str) -> Result<(), ProtocolError> {
    let text = |table: &Table, room: &str, key: &str| {
        let value = table.get(room).and_then(|room| room.get(key)).and_then(Value::as_str);
        value.filter(|text| !text.is_empty()).map(String::from)
    };
    let Some(path) = text(table, "net", "pretrained") else { return Ok(()) };
    if text(table, "net", "pretrained_digest").is_some() {
        return Ok(());
    }
    let (bytes, file) = read(Path::new(&path))?;
    let description = file.net.to_toml();
    let refuse = |key, expected: String, got: String| {
        Err(ProtocolError::Value { experiment: experiment.into(), key, expected, got })
    };
    if let Some(other) = text(table, "net", "file") {
        return refuse("net.file", format!("left out beside net.pretrained, whose net is {}", file.net.name), other);
    }
    let source = text(table, "data", "mean_of").as_deref() == Some("source");
    let normalisation = &file.preprocessing.normalisation;
    let [.., channels] = normalisation.shape();
    let list = |values: Vec<f64>| Value::Array(values.into_iter().map(Value::Float).collect());
    let means = match normalisation.mean() {
        MeanValues::Channels(means) => means.iter().map(|&mean| f64::from(mean)).collect(),
        // One number per channel, because the target's images may have another size.
        MeanValues::Image(image) => channel_means(image, channels),
    };
    let mean = if source { list(means) } else { Value::String("channel".into()) };
    let deviations = normalisation.scale.iter().map(|&scale| deviation(scale)).collect();
    let mut put = |room: &str, key: &str, value: Value| {
        if let Some(room) = table.entry(room).or_insert_with(|| Value::Table(Table::new())).as_table_mut() {
            room.insert(key.into(), value);
        }
    };
    put("net", "name", Value::String(file.net.name.clone()));
    put("net", "description", Value::String(description));
    put("net", "pretrained_digest", Value::String(digest::hex(&bytes)));
    put("data", "mean", mean);
    put("data", "std", list(deviations));
    put("data", "scale", Value::Float(1.0));
    if !source {
        put("data", "mean_of", Value::String("target".into()));
    }
    let of_distance = text(table, "protocol", "split").as_deref() == Some("distance");
    let protocol = table.entry("protocol").or_insert_with(|| Value::Table(Table::new()));
    if let Some(protocol) = protocol.as_table_mut().filter(|_| !of_distance) {
        protocol.insert("split".into(), Value::String("distance".into()));
        protocol.insert("sources".into(), Value::Array(vec![Value::String(SourceTask::Pretrained.name().into())]));
        let drawn = protocol.get("classes_per_half").and_then(Value::as_integer).is_some_and(|classes| classes > 0);
        // All classes are one target, and there is one split.
        if let Some(splits) = protocol.get_mut("splits").and_then(Value::as_array_mut).filter(|_| !drawn) {
            splits.truncate(1);
        }
    }
    Ok(())
}

/// The number of fewest digits by which a division is the multiplication with a factor.
fn deviation(scale: f32) -> f64 {
    let exact = 1.0 / f64::from(scale);
    let mut rounded = (2..17).filter_map(|digits| format!("{exact:.digits$e}").parse::<f64>().ok());
    rounded.find(|&short| (1.0 / short) as f32 == scale).unwrap_or(exact)
}

/// The mean of each channel of an image `[h][w][c]`.
fn channel_means(image: &[f32], channels: usize) -> Vec<f64> {
    let pixels = (image.len() / channels.max(1)) as f64;
    let sum = |c: usize| image.iter().skip(c).step_by(channels).map(|&value| f64::from(value)).sum::<f64>();
    (0..channels).map(|c| sum(c) / pixels).collect()
}

/// What a study's source is and how images are prepared for it, for people; none where it is no file.
pub(super) fn told(experiment: &super::Experiment) -> Option<String> {
    let super::experiment_data::Data { mean, std, .. } = &experiment.data;
    let net = &experiment.net;
    let word = |text: Result<Value, toml::ser::Error>| text.map_or(String::new(), |value| value.to_string());
    (!net.pretrained.is_empty()).then(|| {
        format!(
            "A is {} (digest {}): {}; all networks read pixels less the mean {}, divided by {}",
            net.pretrained,
            net.pretrained_digest,
            net.name,
            word(Value::try_from(mean)),
            word(Value::try_from(std))
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviations_are_those_that_a_file_was_made_with() {
        for std in [60.0, 58.395, 57.12, 78.5655, 0.5, 255.0] {
            let scale = (1.0 / std) as f32;
            assert_eq!(deviation(scale), std);
            assert_eq!((1.0 / deviation(scale)) as f32, scale);
        }
        for scale in [f32::from_bits(0x3d12_3457), 0.0125] {
            assert_eq!((1.0 / deviation(scale)) as f32, scale);
        }
    }

    #[test]
    fn the_mean_of_an_image_is_taken_channel_by_channel() {
        assert_eq!(channel_means(&[1.0, 10.0, 3.0, 30.0], 2), [2.0, 20.0]);
    }
}
