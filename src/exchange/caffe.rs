//! Caffe's trained nets (`.caffemodel`), in both of their layouts.

use super::{
    ExchangeError, FileTensor, ForeignFile, Format, Geometry, Group, Order, Part, caffe_geometry as geometry,
    caffe_messages::{BatchNorm, Blob, Convolution, InnerProduct, Layer, Lrn, NET, NetParameter, Pooling, V1Layer},
    file::elements,
    wire::{self, Refusal, Schema},
};
use prost::Message;
use std::{collections::HashMap, path::Path};

/// Types of the older layout that have weights or matter for scores, by their numbers in `caffe.proto`.
const V1_TYPES: [(i32, &str); 5] =
    [(4, "Convolution"), (14, "InnerProduct"), (15, "LRN"), (17, "Pooling"), (39, "Deconvolution")];

/// A layer of either layout.
#[derive(Default)]
struct Any {
    name: String,
    kind: String,
    bottom: Vec<String>,
    top: Vec<String>,
    blobs: Vec<Blob>,
    convolution: Option<Convolution>,
    inner_product: Option<InnerProduct>,
    lrn: Option<Lrn>,
    pooling: Option<Pooling>,
    batch_norm: Option<BatchNorm>,
}

impl From<Layer> for Any {
    fn from(layer: Layer) -> Self {
        let Layer { name, r#type, bottom, top, blobs, convolution, inner_product, lrn, pooling, batch_norm } = layer;
        let (name, kind) = (name.unwrap_or_default(), r#type.unwrap_or_default());
        Self { name, kind, bottom, top, blobs, convolution, inner_product, lrn, pooling, batch_norm }
    }
}

impl From<V1Layer> for Any {
    fn from(layer: V1Layer) -> Self {
        let V1Layer { name, r#type, blobs, convolution, inner_product, lrn, pooling, v0: _ } = layer;
        let number = r#type.unwrap_or(0);
        let known = V1_TYPES.iter().find(|(known, _)| *known == number);
        let kind = known.map_or_else(|| format!("type {number}"), |(_, kind)| (*kind).to_string());
        // Of which blobs it reads and writes only a normalisation makes use, and this layout has none.
        Self {
            name: name.unwrap_or_default(),
            kind,
            blobs,
            convolution,
            inner_product,
            lrn,
            pooling,
            ..Self::default()
        }
    }
}

/// Reads a trained net.
///
/// # Errors
/// As [`super::parse`].
pub fn parse(path: &Path, bytes: &[u8]) -> Result<ForeignFile, ExchangeError> {
    let format = Format::Caffe;
    let net: NetParameter = decoded(path, format, bytes, &NET)?;
    if net.layers.iter().any(|layer| layer.v0.is_some()) {
        let reason = "is a Caffe model of 2013 (V0 layers); upgrade it with Caffe's upgrade_net_proto_binary".into();
        return Err(ExchangeError::Unknown { path: path.into(), reason });
    }
    let mut read = Read::default();
    for layer in net.layer.into_iter().map(Any::from).chain(net.layers.into_iter().map(Any::from)) {
        read.layer(layer).map_err(|reason| ExchangeError::Corrupt { path: path.into(), format, reason })?;
    }
    let Read { tensors, groups, layers, ignored, .. } = read;
    if tensors.is_empty() {
        let remedy = "it is a description of a net; the weights are in a .caffemodel";
        return Err(ExchangeError::NoWeights { path: path.into(), format, remedy });
    }
    Ok(ForeignFile { format, tensors, groups, layers, ignored, text: String::new() })
}

/// What was read of the layers so far.
#[derive(Default)]
struct Read {
    tensors: Vec<FileTensor>,
    groups: Vec<Group>,
    layers: Vec<Geometry>,
    ignored: Vec<String>,
    /// The group of the normalisation that wrote a blob last, by the blob's name.
    normalised: HashMap<String, usize>,
    /// That of the layer read last, if it was one.
    before: Option<usize>,
}

impl Read {
    /// Reads a layer, or says what is wrong with it.
    fn layer(&mut self, mut layer: Any) -> Result<(), String> {
        let blobs = std::mem::take(&mut layer.blobs);
        let mut normalisation = None;
        match layer.kind.as_str() {
            "Convolution" => {
                let said = layer.convolution.take().unwrap_or_default();
                self.layers.push(geometry::conv(&format!("{}.weight", layer.name), &said));
                self.product(&layer, blobs, 4)?;
            }
            "InnerProduct" => self.product(&layer, blobs, 2)?,
            "LRN" => self.layers.push(geometry::lrn(&layer.lrn.take().unwrap_or_default())),
            "Pooling" => self.layers.extend(geometry::max_pool(&layer.pooling.take().unwrap_or_default())),
            "BatchNorm" => normalisation = self.batch_norm(&layer, blobs)?,
            "Scale" => self.scale(&layer, blobs)?,
            kind if !blobs.is_empty() => {
                self.ignored.push(format!("{}: {} blobs of a layer of type {kind}", layer.name, blobs.len()));
            }
            _ => {}
        }
        for top in layer.top {
            match normalisation {
                Some(group) => self.normalised.insert(top, group),
                None => self.normalised.remove(&top),
            };
        }
        self.before = normalisation;
        Ok(())
    }

    /// Reads a layer of weights and, as a rule, a bias.
    fn product(&mut self, layer: &Any, blobs: Vec<Blob>, rank: usize) -> Result<(), String> {
        let Any { name, kind, inner_product, .. } = layer;
        if blobs.len() > 2 {
            return Err(format!("layer {name} ({kind}) has {} blobs", blobs.len()));
        }
        let transposed = inner_product.as_ref().and_then(|product| product.transpose).unwrap_or(false);
        let weight = if transposed { Order::OutLast } else { Order::OutFirst };
        let mut parts = Vec::new();
        for (blob, (part, rank, order)) in
            blobs.into_iter().zip([(Part::Weight, rank, weight), (Part::Bias, 1, Order::OutFirst)])
        {
            parts.push((part, self.tensor(name, part, blob, rank, order)?));
        }
        if !parts.is_empty() {
            self.groups.push(Group { name: name.clone(), parts });
        }
        Ok(())
    }

    /// Reads sums of means and of variances and what both are divided by; gives the group that they become.
    fn batch_norm(&mut self, layer: &Any, blobs: Vec<Blob>) -> Result<Option<usize>, String> {
        let name = &layer.name;
        let [mean, variance, factor]: [Blob; 3] = match blobs.try_into() {
            Ok(blobs) => blobs,
            Err(blobs) if blobs.is_empty() => return Ok(None),
            Err(blobs) => {
                let count = blobs.len();
                self.ignored.push(format!("{name}: {count} blobs of a BatchNorm, expected mean, variance and factor"));
                return Ok(None);
            }
        };
        let (_, factor) = contents(factor).map_err(|reason| format!("blob {name}.factor: {reason}"))?;
        let [factor] = factor[..] else { return Err(format!("blob {name}.factor has {} values", factor.len())) };
        let mut parts = Vec::new();
        for (part, blob) in [(Part::Mean, mean), (Part::Variance, variance)] {
            let place = self.tensor(name, part, blob, 1, Order::OutFirst)?;
            // Where nothing was summed yet the factor is 0, and Caffe takes 0 for both.
            let average = |sum: f32| if factor == 0.0 { 0.0 } else { (f64::from(sum) / f64::from(factor)) as f32 };
            self.tensors[place].values.iter_mut().for_each(|value| *value = average(*value));
            parts.push((part, place));
        }
        let mean = format!("{name}.{}", Part::Mean.suffix());
        self.layers.push(geometry::batch_norm(&mean, &layer.batch_norm.clone().unwrap_or_default()));
        self.groups.push(Group { name: name.clone(), parts });
        Ok(Some(self.groups.len() - 1))
    }

    /// Reads the weight and the bias of the normalisation whose output a layer scales.
    fn scale(&mut self, layer: &Any, blobs: Vec<Blob>) -> Result<(), String> {
        let (name, count) = (&layer.name, blobs.len());
        let group = match layer.bottom.first() {
            Some(bottom) => self.normalised.get(bottom).copied(),
            None => self.before,
        };
        let free = group.filter(|&group| self.groups[group].part(Part::Weight).is_none());
        let Some(group) = free.filter(|_| (1..=2).contains(&count)) else {
            if count > 0 {
                self.ignored.push(format!("{name}: {count} blobs of a Scale that is not the one after a BatchNorm"));
            }
            return Ok(());
        };
        for (blob, part) in blobs.into_iter().zip([Part::Weight, Part::Bias]) {
            let place = self.tensor(name, part, blob, 1, Order::OutFirst)?;
            self.groups[group].parts.push((part, place));
        }
        Ok(())
    }

    /// Keeps a blob as a tensor of a rank, and gives its place.
    fn tensor(&mut self, layer: &str, part: Part, blob: Blob, rank: usize, order: Order) -> Result<usize, String> {
        let name = format!("{layer}.{}", part.suffix());
        let (mut shape, values) = contents(blob).map_err(|reason| format!("blob {name}: {reason}"))?;
        // The four numbers of old blobs begin with ones, of which a bias has three and a matrix two.
        while shape.len() > rank && shape[0] == 1 {
            shape.remove(0);
        }
        self.tensors.push(FileTensor { name, shape, values, order });
        Ok(self.tensors.len() - 1)
    }
}

/// Looks through a message and decodes it.
pub(super) fn decoded<T: Message + Default>(
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
pub(super) fn contents(blob: Blob) -> Result<(Vec<usize>, Vec<f32>), String> {
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
