//! The messages of Caffe's files that are read, with the numbers of BVLC's `caffe.proto`.

use super::wire::{Field, Schema};
use prost::Message;

/// A net: its layers, in the layout of 2014 and later or in the one before.
#[derive(Clone, PartialEq, Message)]
pub struct NetParameter {
    #[prost(message, repeated, tag = "2")]
    pub layers: Vec<V1Layer>,
    #[prost(message, repeated, tag = "100")]
    pub layer: Vec<Layer>,
}

/// A layer.
#[derive(Clone, PartialEq, Message)]
pub struct Layer {
    #[prost(string, optional, tag = "1")]
    pub name: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub r#type: Option<String>,
    /// The blobs that it reads.
    #[prost(string, repeated, tag = "3")]
    pub bottom: Vec<String>,
    /// The blobs that it writes; one that it also reads is overwritten.
    #[prost(string, repeated, tag = "4")]
    pub top: Vec<String>,
    #[prost(message, repeated, tag = "7")]
    pub blobs: Vec<Blob>,
    #[prost(message, optional, tag = "106")]
    pub convolution: Option<Convolution>,
    #[prost(message, optional, tag = "117")]
    pub inner_product: Option<InnerProduct>,
    #[prost(message, optional, tag = "118")]
    pub lrn: Option<Lrn>,
    #[prost(message, optional, tag = "121")]
    pub pooling: Option<Pooling>,
    #[prost(message, optional, tag = "139")]
    pub batch_norm: Option<BatchNorm>,
}

/// A layer as it was before 2014, with its type as a number.
#[derive(Clone, PartialEq, Message)]
pub struct V1Layer {
    /// A layer of a layout that is older still.
    #[prost(bytes = "vec", optional, tag = "1")]
    pub v0: Option<Vec<u8>>,
    #[prost(string, optional, tag = "4")]
    pub name: Option<String>,
    #[prost(int32, optional, tag = "5")]
    pub r#type: Option<i32>,
    #[prost(message, repeated, tag = "6")]
    pub blobs: Vec<Blob>,
    #[prost(message, optional, tag = "10")]
    pub convolution: Option<Convolution>,
    #[prost(message, optional, tag = "17")]
    pub inner_product: Option<InnerProduct>,
    #[prost(message, optional, tag = "18")]
    pub lrn: Option<Lrn>,
    #[prost(message, optional, tag = "19")]
    pub pooling: Option<Pooling>,
}

/// A tensor, with its shape in `shape` or in four numbers.
#[derive(Clone, PartialEq, Message)]
pub struct Blob {
    #[prost(int32, optional, tag = "1")]
    pub num: Option<i32>,
    #[prost(int32, optional, tag = "2")]
    pub channels: Option<i32>,
    #[prost(int32, optional, tag = "3")]
    pub height: Option<i32>,
    #[prost(int32, optional, tag = "4")]
    pub width: Option<i32>,
    #[prost(float, repeated, tag = "5")]
    pub data: Vec<f32>,
    #[prost(message, optional, tag = "7")]
    pub shape: Option<BlobShape>,
    #[prost(double, repeated, tag = "8")]
    pub double_data: Vec<f64>,
}

/// A shape.
#[derive(Clone, PartialEq, Message)]
pub struct BlobShape {
    #[prost(int64, repeated, tag = "1")]
    pub dim: Vec<i64>,
}

/// How a convolution is computed.
#[derive(Clone, PartialEq, Message)]
pub struct Convolution {
    #[prost(uint32, repeated, packed = "false", tag = "3")]
    pub pad: Vec<u32>,
    #[prost(uint32, optional, tag = "5")]
    pub group: Option<u32>,
    #[prost(uint32, repeated, packed = "false", tag = "6")]
    pub stride: Vec<u32>,
    #[prost(uint32, optional, tag = "9")]
    pub pad_h: Option<u32>,
    #[prost(uint32, optional, tag = "10")]
    pub pad_w: Option<u32>,
    #[prost(uint32, optional, tag = "13")]
    pub stride_h: Option<u32>,
    #[prost(uint32, optional, tag = "14")]
    pub stride_w: Option<u32>,
    #[prost(uint32, repeated, packed = "false", tag = "18")]
    pub dilation: Vec<u32>,
}

/// How a dense layer is computed.
#[derive(Clone, PartialEq, Message)]
pub struct InnerProduct {
    /// Whether its weights are `[in, out]`.
    #[prost(bool, optional, tag = "6")]
    pub transpose: Option<bool>,
}

/// How a local response normalisation is computed: its alpha is divided by its size.
#[derive(Clone, PartialEq, Message)]
pub struct Lrn {
    #[prost(uint32, optional, tag = "1")]
    pub local_size: Option<u32>,
    #[prost(float, optional, tag = "2")]
    pub alpha: Option<f32>,
    #[prost(float, optional, tag = "3")]
    pub beta: Option<f32>,
    #[prost(float, optional, tag = "5")]
    pub k: Option<f32>,
}

/// How a batch normalisation is computed.
#[derive(Clone, PartialEq, Message)]
pub struct BatchNorm {
    /// What is added to the variance below the root.
    #[prost(float, optional, tag = "3")]
    pub eps: Option<f32>,
}

/// How a pooling is computed: sizes are rounded up.
#[derive(Clone, PartialEq, Message)]
pub struct Pooling {
    /// 0 for the greatest value.
    #[prost(int32, optional, tag = "1")]
    pub pool: Option<i32>,
    #[prost(uint32, optional, tag = "2")]
    pub kernel_size: Option<u32>,
    #[prost(uint32, optional, tag = "3")]
    pub stride: Option<u32>,
    #[prost(uint32, optional, tag = "4")]
    pub pad: Option<u32>,
    /// 0 for up, 1 for down.
    #[prost(int32, optional, tag = "13")]
    pub round_mode: Option<i32>,
}

static SHAPE: Schema = Schema(&[(1, Field::Small)]);
/// A tensor's fields.
pub static BLOB: Schema = Schema(&[(5, Field::Values), (7, Field::Message(&SHAPE)), (8, Field::Values)]);
static SETTINGS: Schema = Schema(&[(3, Field::Small), (6, Field::Small), (18, Field::Small)]);
static V1_LAYER: Schema = Schema(&[
    (1, Field::Small),
    (4, Field::Small),
    (6, Field::Message(&BLOB)),
    (10, Field::Message(&SETTINGS)),
    (17, Field::Small),
    (18, Field::Small),
    (19, Field::Small),
]);
static LAYER: Schema = Schema(&[
    (1, Field::Small),
    (2, Field::Small),
    (3, Field::Small),
    (4, Field::Small),
    (7, Field::Message(&BLOB)),
    (106, Field::Message(&SETTINGS)),
    (117, Field::Small),
    (118, Field::Small),
    (121, Field::Small),
    (139, Field::Small),
]);
/// A net's fields.
pub static NET: Schema = Schema(&[(2, Field::Message(&V1_LAYER)), (100, Field::Message(&LAYER))]);
