//! Weights files that say what they are weights of: net, preprocessing, classes.
//!
//! A safetensors file with the parameters of one net. Its metadata have one entry, `strata`, a JSON object:
//!
//! | field | what is in it |
//! |---|---|
//! | `format` | 1; a reader refuses what it does not know |
//! | `net` | `name`, `digest` and `toml`, the whole description as a net file |
//! | `preprocessing` | `images`, the channels, height and width of an image before the net crops its window; `fit`, how other images become such; `mean`, a number per channel, or null where the tensor `preprocessing.mean` (CHW) is the mean image; `scale`, a number per channel: the net sees `scale * (pixel - mean)` of pixels from 0 to 255 |
//! | `classes` | the names of the outputs, in order |
//! | `dataset` | the name of the data set |
//! | `network` | the network of a run directory, where it is one |
//! | `training` | the digest of what trained it, where `strata train` did |
//!
//! The same network gives the same bytes.

use super::{TrainError, Trainer, checkpoint};
use crate::{
    data::{Normalisation, fit::Fit, normalisation::MeanValues},
    host::bounded,
    nn::{
        BuildOptions, Net, NetDef, net_file,
        weights::{self, Tensors},
    },
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, path::Path};

/// The format that is written and read.
pub const FORMAT: u32 = 1;

/// The tensor of a mean image, in outer order (CHW). No layer's parameter is called so.
pub const MEAN: &str = "preprocessing.mean";

/// How images become what a network sees.
#[derive(Clone, Debug, PartialEq)]
pub struct Preprocessing {
    /// What is subtracted from pixels and what the difference is multiplied with, with the shape of the images.
    pub normalisation: Normalisation,
    /// How images of another shape become such.
    pub fit: Fit,
}

/// The weights of a network with all that is needed to use it.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightsFile {
    /// The net, with its number of outputs.
    pub net: NetDef,
    /// Its parameters by name, in the outer shapes.
    pub tensors: Tensors,
    /// How images become what it sees.
    pub preprocessing: Preprocessing,
    /// The names of its outputs: as many, or fewer where some of them have none.
    pub classes: Vec<String>,
    /// The name of the data set that it was trained on.
    pub dataset: String,
    /// The network of a run directory, such as `s0-r0-A3B+`.
    pub network: Option<String>,
    /// The digest of everything that its bits depend on, where `strata train` trained it.
    pub training: Option<String>,
}

/// What a file says of itself.
#[derive(Serialize, Deserialize)]
struct Description {
    format: u32,
    net: NetText,
    preprocessing: PreprocessingText,
    classes: Vec<String>,
    dataset: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    network: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    training: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct NetText {
    name: String,
    digest: String,
    toml: String,
}

#[derive(Serialize, Deserialize)]
struct PreprocessingText {
    images: [usize; 3],
    fit: Fit,
    // Numbers of 64 bits, which hold those of 32 bits exactly.
    mean: Option<Vec<f64>>,
    scale: Vec<f64>,
}

impl WeightsFile {
    /// The weights that a trainer has now; `fit` is how its images were made.
    ///
    /// # Errors
    /// A lost device.
    pub fn of(trainer: &mut Trainer<'_>, fit: Fit, classes: &[String], dataset: &str) -> Result<Self, TrainError> {
        let normalisation = trainer.train.normalisation.clone();
        Ok(Self {
            net: trainer.net.def.clone(),
            tensors: checkpoint::weights_of(trainer)?,
            preprocessing: Preprocessing { normalisation, fit },
            classes: classes.to_vec(),
            dataset: dataset.into(),
            network: None,
            training: None,
        })
    }

    /// The bytes of the file. The same network gives the same bytes.
    ///
    /// # Errors
    /// Tensors whose shapes do not agree with their values.
    pub fn encode(&self) -> Result<Vec<u8>, TrainError> {
        let Preprocessing { normalisation, fit } = &self.preprocessing;
        let [height, width, channels] = normalisation.shape();
        let wide = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect::<Vec<f64>>();
        let mut tensors = self.tensors.clone();
        let mean = match normalisation.mean() {
            MeanValues::Channels(means) => Some(wide(means)),
            MeanValues::Image(image) => {
                let outer = outer(image, channels);
                tensors.insert(MEAN.into(), (vec![channels, height, width], outer));
                None
            }
        };
        let net = NetText { name: self.net.name.clone(), digest: self.net.digest(), toml: self.net.to_toml() };
        let scale = wide(&normalisation.scale);
        let description = Description {
            format: FORMAT,
            net,
            preprocessing: PreprocessingText { images: [channels, height, width], fit: *fit, mean, scale },
            classes: self.classes.clone(),
            dataset: self.dataset.clone(),
            network: self.network.clone(),
            training: self.training.clone(),
        };
        // Texts and finite numbers always serialise.
        let text = serde_json::to_string(&description).unwrap_or_default();
        Ok(weights::encode(&tensors, &text)?)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// A file that cannot be read; those of [`Self::decode`].
    pub fn read(path: &Path) -> Result<Self, TrainError> {
        let read = bounded::read(path, weights::MAX_FILE);
        Self::decode(path, &read.map_err(|source| TrainError::Io { path: path.into(), source })?)
    }

    /// Reads the bytes of a file; `path` names them in messages.
    ///
    /// # Errors
    /// [`TrainError::NotWeights`] for files of other programs, [`TrainError::NoNet`] for those from before nets were in
    /// them; a description that strata does not write; tensors that are missing, not the net's or of another shape, or
    /// that hold an infinity or a NaN.
    pub fn decode(path: &Path, bytes: &[u8]) -> Result<Self, TrainError> {
        let (mut tensors, text) = weights::decode(path, bytes)?;
        let damaged = |reason: String| TrainError::Description { path: path.into(), reason };
        let description = described(path, &text)?;
        let NetText { name, digest, toml } = description.net;
        let net = net_file::parse(&format!("{}: the net", path.display()), &toml)?;
        if net.name != name || net.digest() != digest {
            return Err(damaged(format!("its net {name} does not have the digest that stands beside it")));
        }
        if let Some((tensor, _)) = tensors.iter().find(|(_, (_, values))| values.iter().any(|v| !v.is_finite())) {
            return Err(TrainError::NonFiniteTensor { path: path.into(), tensor: tensor.clone() });
        }
        let PreprocessingText { images: [channels, height, width], fit, mean, scale } = description.preprocessing;
        let narrow = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect::<Vec<f32>>();
        let mean = match mean {
            Some(means) => MeanValues::Channels(narrow(means)),
            None => {
                let (shape, values) = tensors.remove(MEAN).ok_or_else(|| damaged("it has no mean".into()))?;
                if shape != [channels, height, width] {
                    return Err(damaged(format!("the shape of {MEAN} is {shape:?}, that of images another")));
                }
                MeanValues::Image(inner(&values, channels))
            }
        };
        let shape = [height, width, channels];
        let [net_channels, net_height, net_width] = net.input;
        if channels != net_channels || height < net_height || width < net_width {
            let got = [channels, height, width];
            return Err(TrainError::Images { net: net.name, expected: net.input, got });
        }
        let normalisation =
            Normalisation::given(shape, mean, narrow(scale)).map_err(|error| damaged(error.to_string()))?;
        if normalisation.scale.iter().any(|scale| !scale.is_finite()) {
            return Err(damaged("its scale is not finite".into()));
        }
        let outputs = net.classes()?;
        if description.classes.is_empty() || description.classes.len() > outputs {
            let got = description.classes.len();
            return Err(damaged(format!("it names {got} classes, expected 1 to {outputs}, as the net has outputs")));
        }
        let params = Net::build(&net, BuildOptions::of(1))?.params;
        let known: BTreeSet<&str> = params.iter().map(|param| param.name.as_str()).collect();
        if let Some(other) = tensors.keys().find(|name| !known.contains(name.as_str())) {
            return Err(damaged(format!("tensor {other} belongs to no layer of its net {}", net.name)));
        }
        for param in &params {
            weights::take(&tensors, param, path)?;
        }
        Ok(Self {
            net,
            tensors,
            preprocessing: Preprocessing { normalisation, fit },
            classes: description.classes,
            dataset: description.dataset,
            network: description.network,
            training: description.training,
        })
    }

    /// The name of an output: that of its class, or its number where it has none.
    pub fn class_name(&self, output: usize) -> String {
        self.classes.get(output).cloned().unwrap_or_else(|| format!("output {output}"))
    }
}

/// What a text says, where strata wrote it in this format.
fn described(path: &Path, text: &str) -> Result<Description, TrainError> {
    /// What every format has.
    #[derive(Deserialize)]
    struct Numbered {
        format: u32,
    }
    if text.is_empty() || text.starts_with("digest = ") {
        return Err(TrainError::NotWeights { path: path.into() });
    }
    if !text.starts_with('{') {
        return Err(TrainError::NoNet { path: path.into() });
    }
    let damaged = |error: serde_json::Error| TrainError::Description {
        path: path.into(),
        reason: format!("its description cannot be read: {error}"),
    };
    let Numbered { format } = serde_json::from_str(text).map_err(damaged)?;
    if format != FORMAT {
        return Err(TrainError::WeightsFormat { path: path.into(), expected: FORMAT, got: format });
    }
    serde_json::from_str(text).map_err(damaged)
}

/// From HWC to CHW.
fn outer(values: &[f32], channels: usize) -> Vec<f32> {
    (0..channels).flat_map(|c| values.iter().skip(c).step_by(channels)).copied().collect()
}

/// From CHW to HWC.
fn inner(values: &[f32], channels: usize) -> Vec<f32> {
    let pixels = values.len() / channels.max(1);
    (0..pixels).flat_map(|pixel| values.iter().skip(pixel).step_by(pixels)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NET: &str = "name = \"tiny\"\ninput = [3, 4, 4]\n[[layer]]\nname = \"scores\"\ntype = \"dense\"\n\
                       out_features = 2\ninit = \"he\"\n";

    fn file(mean: MeanValues) -> WeightsFile {
        let normalisation = Normalisation::given([4, 5, 3], mean, vec![0.1, 1.0 / 3.0, 2.5e-7]).unwrap();
        let tensors = Tensors::from([
            ("scores.weight".into(), (vec![2, 48], (0..96).map(|i| i as f32 * 0.1).collect())),
            ("scores.bias".into(), (vec![2], vec![0.5, -1.5])),
        ]);
        WeightsFile {
            net: net_file::parse("tiny", NET).unwrap(),
            tensors,
            preprocessing: Preprocessing { normalisation, fit: Fit::Resize },
            classes: vec!["a \"quoted\"\nclass".into(), "\u{72ac}".into()],
            dataset: "pets".into(),
            network: Some("s0-r0-baseA".into()),
            training: None,
        }
    }

    fn image() -> MeanValues {
        MeanValues::Image((0..60).map(|i| i as f32 / 7.0).collect())
    }

    #[test]
    fn what_is_written_comes_back_to_the_bit_and_always_as_the_same_bytes() {
        for mean in [image(), MeanValues::Channels(vec![123.675, 116.28, 103.53])] {
            let bytes = file(mean.clone()).encode().unwrap();
            assert_eq!(bytes, file(mean.clone()).encode().unwrap());
            assert_eq!(WeightsFile::decode(Path::new("w"), &bytes).unwrap(), file(mean));
        }
    }

    #[test]
    fn a_mean_image_is_written_in_outer_order() {
        let (tensors, _) = weights::decode(Path::new("w"), &file(image()).encode().unwrap()).unwrap();
        let (shape, values) = &tensors[MEAN];
        assert_eq!((shape.as_slice(), values[1], values[20]), (&[3, 4, 5][..], 3.0 / 7.0, 1.0 / 7.0));
    }

    /// The description of a file, changed.
    fn changed(change: impl Fn(&mut serde_json::Value)) -> Result<WeightsFile, TrainError> {
        let (tensors, text) = weights::decode(Path::new("w"), &file(image()).encode().unwrap()).unwrap();
        let mut value = serde_json::from_str(&text).unwrap();
        change(&mut value);
        WeightsFile::decode(Path::new("w"), &weights::encode(&tensors, &value.to_string()).unwrap())
    }

    #[test]
    fn files_of_others_older_and_later_ones_and_checkpoints_are_told_apart() {
        let of = |text: &str| WeightsFile::decode(Path::new("w"), &weights::encode(&Tensors::new(), text).unwrap());
        assert!(matches!(of(""), Err(TrainError::NotWeights { .. })));
        assert!(matches!(of("digest = 00\nstep = 3"), Err(TrainError::NotWeights { .. })));
        assert!(matches!(of("network = s0-r0-baseA\nnet = alexnet28"), Err(TrainError::NoNet { .. })));
        let later = changed(|value| value["format"] = 2.into());
        assert!(matches!(later, Err(TrainError::WeightsFormat { expected: 1, got: 2, .. })));
        assert!(matches!(of("{"), Err(TrainError::Description { .. })));
    }

    #[test]
    fn a_description_that_cannot_be_meant_is_refused() {
        let refused = |change: &dyn Fn(&mut serde_json::Value)| changed(change).unwrap_err().to_string();
        let text = refused(&|value| value["classes"] = serde_json::json!([]));
        assert!(text.contains("0 classes, expected 1 to 2"), "{text}");
        let text = refused(&|value| value["net"]["digest"] = "0".into());
        assert!(text.contains("digest"), "{text}");
        let text = refused(&|value| value["preprocessing"]["scale"] = serde_json::json!([1.0]));
        assert!(text.contains("scale has 1 numbers"), "{text}");
        let text = refused(&|value| value["preprocessing"]["images"] = serde_json::json!([3, 5, 4]));
        assert!(text.contains("shape of preprocessing.mean"), "{text}");
        let text = refused(&|value| value["net"]["toml"] = "name = 3".into());
        assert!(text.contains("w: the net"), "{text}");
    }

    #[test]
    fn missing_misshapen_foreign_and_non_finite_tensors_are_named() {
        let with = |change: &dyn Fn(&mut Tensors)| {
            let mut file = file(image());
            change(&mut file.tensors);
            WeightsFile::decode(Path::new("w"), &file.encode().unwrap()).unwrap_err().to_string()
        };
        let text = with(&|tensors| drop(tensors.remove("scores.bias")));
        assert!(text.contains("scores.bias"), "{text}");
        let text = with(&|tensors| drop(tensors.insert("scores.bias".into(), (vec![3], vec![0.0; 3]))));
        assert!(text.contains("scores.bias") && text.contains("[3]"), "{text}");
        let text = with(&|tensors| drop(tensors.insert("conv9.bias".into(), (vec![1], vec![0.0]))));
        assert!(text.contains("conv9.bias"), "{text}");
        let text = with(&|tensors| tensors.values_mut().for_each(|(_, values)| values[1] = f32::NAN));
        assert!(text.contains("non-finite"), "{text}");
    }
}
