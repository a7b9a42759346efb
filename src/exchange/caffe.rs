//! Caffe's files: trained nets (`.caffemodel`) in both of their layouts, and mean images (`.binaryproto`).

use super::{
    ExchangeError, FileTensor, ForeignFile, Format, Geometry, Order,
    caffe_messages::{BLOB, Blob, Convolution, InnerProduct, Layer, Lrn, NET, NetParameter, Pooling, V1Layer},
    file::elements,
    layer_names,
    wire::{self, Refusal, Schema},
};
use crate::host::bounded;
use prost::Message;
use std::path::Path;

/// The largest mean image, in bytes.
const MAX_MEAN: u64 = 64 << 20;
/// Types of the older layout that have weights or matter for scores, by their numbers in `caffe.proto`.
const V1_TYPES: [(i32, &str); 5] =
    [(4, "Convolution"), (14, "InnerProduct"), (15, "LRN"), (17, "Pooling"), (39, "Deconvolution")];

/// A layer of either layout.
struct Any {
    name: String,
    kind: String,
    blobs: Vec<Blob>,
    convolution: Option<Convolution>,
    inner_product: Option<InnerProduct>,
    lrn: Option<Lrn>,
    pooling: Option<Pooling>,
}

impl From<Layer> for Any {
    fn from(layer: Layer) -> Self {
        let Layer { name, r#type, blobs, convolution, inner_product, lrn, pooling } = layer;
        let (name, kind) = (name.unwrap_or_default(), r#type.unwrap_or_default());
        Self { name, kind, blobs, convolution, inner_product, lrn, pooling }
    }
}

impl From<V1Layer> for Any {
    fn from(layer: V1Layer) -> Self {
        let V1Layer { name, r#type, blobs, convolution, inner_product, lrn, pooling, v0: _ } = layer;
        let number = r#type.unwrap_or(0);
        let known = V1_TYPES.iter().find(|(known, _)| *known == number);
        let kind = known.map_or_else(|| format!("type {number}"), |(_, kind)| (*kind).to_string());
        Self { name: name.unwrap_or_default(), kind, blobs, convolution, inner_product, lrn, pooling }
    }
}

/// Reads a trained net.
///
/// # Errors
/// As [`super::parse`].
pub fn parse(path: &Path, bytes: &[u8]) -> Result<ForeignFile, ExchangeError> {
    let format = Format::Caffe;
    let corrupt = |reason: String| ExchangeError::Corrupt { path: path.into(), format, reason };
    let net: NetParameter = decoded(path, format, bytes, &NET)?;
    if net.layers.iter().any(|layer| layer.v0.is_some()) {
        let reason = "is a Caffe model of 2013 (V0 layers); upgrade it with Caffe's upgrade_net_proto_binary".into();
        return Err(ExchangeError::Unknown { path: path.into(), reason });
    }
    let all = net.layer.into_iter().map(Any::from).chain(net.layers.into_iter().map(Any::from));
    let (mut tensors, mut layers, mut ignored) = (Vec::new(), Vec::new(), Vec::new());
    for layer in all {
        let weight = format!("{}.weight", layer.name);
        let suffixes: &[&str] = match layer.kind.as_str() {
            "Convolution" => {
                layers.push(conv(&weight, &layer.convolution.unwrap_or_default()));
                &["weight", "bias"]
            }
            "InnerProduct" => &["weight", "bias"],
            "LRN" => {
                layers.push(lrn(&layer.lrn.unwrap_or_default()));
                &[]
            }
            "Pooling" => {
                layers.extend(max_pool(&layer.pooling.unwrap_or_default()));
                &[]
            }
            _ => &[],
        };
        if layer.blobs.len() > suffixes.len() {
            let (blobs, kind) = (layer.blobs.len(), &layer.kind);
            if suffixes.is_empty() {
                ignored.push(format!("{}: {blobs} blobs of a layer of type {kind}", layer.name));
                continue;
            }
            return Err(corrupt(format!("layer {} ({kind}) has {blobs} blobs", layer.name)));
        }
        let transposed = layer.inner_product.and_then(|product| product.transpose).unwrap_or(false);
        for (blob, suffix) in layer.blobs.into_iter().zip(suffixes) {
            let name = format!("{}.{suffix}", layer.name);
            let order = if transposed && *suffix == "weight" { Order::OutLast } else { Order::OutFirst };
            let (mut shape, values) = contents(blob).map_err(|reason| corrupt(format!("blob {name}: {reason}")))?;
            // The four numbers of old blobs begin with ones, of which a bias has three and a matrix two.
            let rank = match (*suffix, layer.kind.as_str()) {
                ("bias", _) => 1,
                (_, "InnerProduct") => 2,
                _ => 4,
            };
            while shape.len() > rank && shape[0] == 1 {
                shape.remove(0);
            }
            tensors.push(FileTensor { name, shape, values, order });
        }
    }
    if tensors.is_empty() {
        let remedy = "it is a description of a net; the weights are in a .caffemodel";
        return Err(ExchangeError::NoWeights { path: path.into(), format, remedy });
    }
    let groups = layer_names::groups(&tensors);
    Ok(ForeignFile { format, tensors, groups, layers, ignored, text: String::new() })
}

/// A mean image: channels, height and width, blue first.
#[derive(Clone, Debug, PartialEq)]
pub struct MeanFile {
    /// Channels, height and width.
    pub shape: [usize; 3],
    /// Its values, `[c][h][w]`, in the file's order of channels.
    pub values: Vec<f32>,
}

/// Reads a mean image of Caffe (`mean.binaryproto`).
///
/// # Errors
/// A file that cannot be read, is damaged, or is no image.
pub fn mean(path: &Path) -> Result<MeanFile, ExchangeError> {
    let bytes = bounded::read(path, MAX_MEAN).map_err(|source| ExchangeError::Io { path: path.into(), source })?;
    parse_mean(path, &bytes)
}

/// Reads the bytes of a mean image; `path` names it in messages.
///
/// # Errors
/// As [`mean`].
pub fn parse_mean(path: &Path, bytes: &[u8]) -> Result<MeanFile, ExchangeError> {
    let format = Format::CaffeMean;
    let corrupt = |reason: String| ExchangeError::Corrupt { path: path.into(), format, reason };
    let blob: Blob = decoded(path, format, bytes, &BLOB)?;
    let (shape, values) = contents(blob).map_err(corrupt)?;
    let shape = match shape[..] {
        [c, h, w] | [1, c, h, w] if !values.is_empty() => [c, h, w],
        _ => return Err(corrupt(format!("its shape is {shape:?}, expected channels, height and width"))),
    };
    if let count @ 1.. = values.iter().filter(|value| !value.is_finite()).count() {
        let tensor = "the mean".to_string();
        return Err(ExchangeError::NonFinite { path: path.into(), tensor, count, of: values.len() });
    }
    Ok(MeanFile { shape, values })
}

/// Looks through a message and decodes it.
fn decoded<T: Message + Default>(
    path: &Path,
    format: Format,
    bytes: &[u8],
    schema: &'static Schema,
) -> Result<T, ExchangeError> {
    wire::check(bytes, schema).map_err(|refusal| refused(path, format, refusal))?;
    T::decode(bytes).map_err(|error| {
        let reason = error.to_string();
        ExchangeError::Corrupt { path: path.into(), format, reason }
    })
}

/// What is wrong with a message, as an error.
pub(super) fn refused(path: &Path, format: Format, refusal: Refusal) -> ExchangeError {
    let path = path.into();
    match refusal {
        Refusal::Damaged(reason) => ExchangeError::Corrupt { path, format, reason: reason.into() },
        Refusal::Messages => {
            let limit = wire::MAX_MESSAGES as u64;
            ExchangeError::TooLarge { path, what: "messages or more", got: limit + 1, limit }
        }
        Refusal::Small(got) => {
            let limit = wire::MAX_SMALL as u64;
            ExchangeError::TooLarge { path, what: "bytes of names or sizes", got: got as u64, limit }
        }
    }
}

/// The shape and the values of a blob, or what does not fit.
fn contents(blob: Blob) -> Result<(Vec<usize>, Vec<f32>), String> {
    let sides: Vec<i64> = match &blob.shape {
        Some(shape) => shape.dim.clone(),
        None => [blob.num, blob.channels, blob.height, blob.width].map(|side| i64::from(side.unwrap_or(0))).into(),
    };
    let shape = sides.iter().map(|&side| usize::try_from(side)).collect::<Result<Vec<_>, _>>();
    let shape = shape.map_err(|_| format!("its shape is {sides:?}"))?;
    let values = match blob.data.is_empty() {
        true => blob.double_data.iter().map(|&value| value as f32).collect(),
        false => blob.data,
    };
    if elements(&shape) != Some(values.len()) {
        return Err(format!("its shape is {shape:?}, but it has {} values", values.len()));
    }
    Ok((shape, values))
}

/// The numbers of two axes: named ones, else repeated ones, of which one stands for both.
fn both(named: [Option<u32>; 2], repeated: &[u32], usual: usize) -> [usize; 2] {
    let of = |axis: usize| match named[axis] {
        Some(number) => number as usize,
        None => repeated.get(axis).or(repeated.first()).map_or(usual, |&number| number as usize),
    };
    [of(0), of(1)]
}

fn conv(weight: &str, said: &Convolution) -> Geometry {
    let [top, left] = both([said.pad_h, said.pad_w], &said.pad, 0);
    Geometry::Conv {
        weight: weight.into(),
        stride: both([said.stride_h, said.stride_w], &said.stride, 1),
        padding: [top, left, top, left],
        dilation: both([None; 2], &said.dilation, 1),
        groups: said.group.unwrap_or(1) as usize,
    }
}

fn lrn(said: &Lrn) -> Geometry {
    let number = |said: Option<f32>, usual: f64| said.map_or(usual, round);
    Geometry::Lrn {
        size: said.local_size.unwrap_or(5) as usize,
        alpha: number(said.alpha, 1.0),
        beta: number(said.beta, 0.75),
        k: number(said.k, 1.0),
    }
}

/// The shortest decimal number that is this one in `f32`: 0.0001, and not 0.0000999999974737875.
pub(super) fn round(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

/// None of an average pooling.
fn max_pool(said: &Pooling) -> Option<Geometry> {
    let of = |said: Option<u32>, usual: usize| [said.map_or(usual, |number| number as usize); 2];
    let [pad, _] = of(said.pad, 0);
    (said.pool.unwrap_or(0) == 0).then(|| Geometry::MaxPool {
        kernel: of(said.kernel_size, 0),
        stride: of(said.stride, 1),
        padding: [pad; 4],
        ceil: said.round_mode.unwrap_or(0) == 0,
    })
}
