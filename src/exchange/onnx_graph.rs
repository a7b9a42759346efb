//! A net and its weights as an ONNX model: from the pixels of images to class scores.
//!
//! Operators of opset 17, which every runtime of today has. Local response normalisation divides alpha by its size
//! there, too. Pooling that rounds up is written as padding below and on the right, because runtimes differ in
//! `ceil_mode`.

use super::{
    ExchangeError,
    onnx_messages::{
        Attribute, Dimension, Entry, Graph, Model, Node, OperatorSet, Shape, Tensor, TensorType, Type, ValueInfo,
    },
};
use crate::nn::{
    BuildOptions, INPUT, Kind, Net, NetDef,
    layers::{AvgPool, MaxPool},
    weights::Tensors,
};
use crate::ops::TensorShape;
use prost::Message;
use std::collections::HashMap;

/// The version of the file format that opset 17 came with.
const IR_VERSION: i64 = 8;
const OPSET: i64 = 17;
const FLOAT: i32 = 1;

/// What the model does to pixels of 0 to 255 before its first layer: `scale (pixel - mean)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Preprocessing {
    /// One mean a channel, or one for each value of the net's input, `[c][h][w]`.
    pub mean: Vec<f32>,
    /// One factor a channel.
    pub scale: Vec<f32>,
}

/// The bytes of a model with the input `pixels` `[batch, c, h, w]`, 0 to 255, and the output `scores` `[batch,
/// classes]`, before softmax. `text` goes into its metadata under the key `strata`.
///
/// # Errors
/// A net that cannot be built; weights that are not there; a preprocessing of other sizes.
pub fn onnx(
    def: &NetDef,
    weights: &Tensors,
    Preprocessing { mean, scale }: &Preprocessing,
    text: &str,
) -> Result<Vec<u8>, ExchangeError> {
    let mut still = def.clone();
    still.layers.iter_mut().for_each(|layer| layer.trainable = false);
    let net = Net::build(&still, BuildOptions::of(1))?;
    let mut graph = Graph { name: Some(def.name.clone()), ..Graph::default() };
    for param in &net.params {
        let values = crate::nn::weights::take(weights, param, "the weights".as_ref())?;
        graph.initializer.push(tensor(&param.name, &param.shape, values));
    }
    let [c, h, w] = def.input;
    let shape: &[usize] = match mean.len() {
        channels if channels == c => &[1, c, 1, 1],
        all if all == c * h * w => &[1, c, h, w],
        got => return Err(ExchangeError::Channels { what: "the mean", expected: c, got }),
    };
    if scale.len() != c {
        return Err(ExchangeError::Channels { what: "the scale", expected: c, got: scale.len() });
    }
    graph.input.push(value("pixels", &[c, h, w]));
    graph.initializer.push(tensor("preprocessing.mean", shape, mean));
    graph.initializer.push(tensor("preprocessing.scale", &[1, c, 1, 1], scale));
    graph.node.push(node("Sub", &["pixels", "preprocessing.mean"], "preprocessing.difference", Vec::new()));
    let first = "preprocessing.product";
    graph.node.push(node("Mul", &["preprocessing.difference", "preprocessing.scale"], first, Vec::new()));
    let mut outputs: HashMap<&str, String> = HashMap::from([(INPUT, first.to_string())]);
    let mut shapes: HashMap<&str, [usize; 3]> = HashMap::from([(INPUT, def.input)]);
    let last = def.layers.len() - 1;
    for (place, layer) in def.layers.iter().enumerate() {
        let reads = def.inputs_of(place);
        let inputs: Vec<String> = reads.iter().map(|read| outputs[read].clone()).collect();
        let from = shapes[reads[0]];
        let to = net.outputs.get(&layer.name).map(|(output, _)| &net.program.tensors[output.0].shape);
        if let Some(TensorShape::Activation(dims)) = to {
            shapes.insert(&layer.name, [dims.c, dims.h, dims.w]);
        }
        let to = shapes.get(layer.name.as_str()).copied().unwrap_or(from);
        // Without it a dropout is the identity: whoever reads it reads what it reads.
        if let Kind::Dropout(_) = layer.kind {
            outputs.insert(&layer.name, inputs[0].clone());
            continue;
        }
        let dense = |name: &str| def.layers.iter().any(|layer| layer.name == name && is_dense(&layer.kind));
        if let Some(read) = reads.iter().find(|read| dense(read)).filter(|_| needs_sides(&layer.kind)) {
            let kind = layer.kind.type_name();
            let reason = format!(
                "its layer {} ({kind}) reads the dense layer {read}, which has no height and width in ONNX; a \
                 convolution                  of 1 x 1 in place of {read} has",
                layer.name
            );
            return Err(ExchangeError::Names { net: def.name.clone(), reason });
        }
        let output = if place == last { "scores".to_string() } else { format!("{}.out", layer.name) };
        nodes(&mut graph, layer, &inputs, &output, from, to);
        outputs.insert(&layer.name, output);
    }
    graph.output.push(value("scores", &[def.classes()?]));
    let model = Model {
        ir_version: Some(IR_VERSION),
        producer_name: Some("strata".into()),
        producer_version: Some(env!("CARGO_PKG_VERSION").into()),
        doc_string: Some("pixels: 0 to 255, red, green, blue; scores: before softmax".into()),
        graph: Some(graph),
        opset_import: vec![OperatorSet { domain: Some(String::new()), version: Some(OPSET) }],
        metadata: vec![Entry { key: Some("strata".into()), value: Some(text.into()) }],
    };
    Ok(model.encode_to_vec())
}

const fn is_dense(kind: &Kind) -> bool {
    matches!(kind, Kind::Dense(_))
}

/// Whether a layer reads height and width.
const fn needs_sides(kind: &Kind) -> bool {
    !matches!(kind, Kind::Dense(_) | Kind::Relu(_) | Kind::Dropout(_) | Kind::Add(_))
}

/// The nodes of one layer.
fn nodes(
    graph: &mut Graph,
    layer: &crate::nn::Layer,
    inputs: &[String],
    output: &str,
    from: [usize; 3],
    to: [usize; 3],
) {
    let parameter = |suffix: &str| format!("{}.{suffix}", layer.name);
    let mut reads: Vec<String> = inputs.to_vec();
    let [_, height, width] = from;
    let (op, attributes) = match &layer.kind {
        Kind::Conv2d(conv) => {
            reads.push(parameter("weight"));
            if conv.bias {
                reads.push(parameter("bias"));
            }
            let [top, left] = conv.padding;
            let attributes = vec![
                ints("kernel_shape", &conv.kernel_size),
                ints("strides", &conv.stride),
                ints("pads", &[top, left, top, left]),
                ints("dilations", &conv.dilation),
                int("group", conv.groups as i64),
            ];
            ("Conv", attributes)
        }
        Kind::Dense(_) => {
            // What is flat already stays as it is.
            let flat = parameter("flattened");
            graph.node.push(node("Flatten", &[&inputs[0]], &flat, vec![int("axis", 1)]));
            reads = vec![flat];
            reads.extend([parameter("weight"), parameter("bias")]);
            ("Gemm", vec![int("transB", 1)])
        }
        Kind::Relu(_) => ("Relu", Vec::new()),
        Kind::Add(_) => ("Add", Vec::new()),
        Kind::MaxPool(MaxPool { kernel_size, stride, padding, .. }) => {
            let pads = pads(*kernel_size, *stride, *padding, [height, width], [to[1], to[2]]);
            ("MaxPool", vec![ints("kernel_shape", kernel_size), ints("strides", stride), ints("pads", &pads)])
        }
        Kind::AvgPool(AvgPool { global: true, .. }) => ("GlobalAveragePool", Vec::new()),
        Kind::AvgPool(AvgPool { kernel_size, stride, padding, ceil_mode, count_include_pad, .. }) => {
            let [top, left] = *padding;
            let rounded = pads(*kernel_size, *stride, *padding, [height, width], [to[1], to[2]]);
            let more = rounded[2] > top || rounded[3] > left;
            let mut attributes = vec![ints("kernel_shape", kernel_size), ints("strides", stride)];
            // What lies beyond the padding never counts in a divisor; padding may.
            match more && *count_include_pad && (top > 0 || left > 0) {
                true => {
                    attributes.extend([ints("pads", &[top, left, top, left]), int("ceil_mode", i64::from(*ceil_mode))]);
                    attributes.push(int("count_include_pad", 1));
                }
                false => {
                    attributes.push(ints("pads", &rounded));
                    attributes.push(int("count_include_pad", i64::from(*count_include_pad && !more)));
                }
            }
            ("AveragePool", attributes)
        }
        Kind::BatchNorm(norm) => {
            reads.extend(["weight", "bias", "running_mean", "running_var"].map(parameter));
            ("BatchNormalization", vec![float("epsilon", norm.eps)])
        }
        Kind::Lrn(lrn) => {
            let attributes = vec![
                int("size", lrn.size as i64),
                float("alpha", lrn.alpha),
                float("beta", lrn.beta),
                float("bias", lrn.k),
            ];
            ("LRN", attributes)
        }
        Kind::Dropout(_) => return,
    };
    let reads: Vec<&str> = reads.iter().map(String::as_str).collect();
    graph.node.push(node(op, &reads, output, attributes));
}

/// Padding above, left, below and right with which sizes rounded down are the net's.
fn pads(kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2], from: [usize; 2], to: [usize; 2]) -> [usize; 4] {
    let after = |axis: usize| {
        let reached = ((to[axis].max(1) - 1) * stride[axis] + kernel[axis]).saturating_sub(from[axis] + padding[axis]);
        reached.max(padding[axis])
    };
    [padding[0], padding[1], after(0), after(1)]
}

fn tensor(name: &str, shape: &[usize], values: &[f32]) -> Tensor {
    Tensor {
        dims: shape.iter().map(|&side| side as i64).collect(),
        data_type: Some(FLOAT),
        name: Some(name.into()),
        raw_data: Some(values.iter().flat_map(|value| value.to_le_bytes()).collect()),
        ..Tensor::default()
    }
}

fn value(name: &str, shape: &[usize]) -> ValueInfo {
    let batch = Dimension { param: Some("batch".into()), value: None };
    let sides = shape.iter().map(|&side| Dimension { value: Some(side as i64), param: None });
    let shape = Shape { dim: [batch].into_iter().chain(sides).collect() };
    let tensor = TensorType { elem_type: Some(FLOAT), shape: Some(shape) };
    ValueInfo { name: Some(name.into()), r#type: Some(Type { tensor: Some(tensor) }), doc_string: None }
}

fn node(op: &str, inputs: &[&str], output: &str, attribute: Vec<Attribute>) -> Node {
    Node {
        input: inputs.iter().map(ToString::to_string).collect(),
        output: vec![output.into()],
        name: Some(output.into()),
        op_type: Some(op.into()),
        attribute,
    }
}

fn ints(name: &str, values: &[usize]) -> Attribute {
    let ints = values.iter().map(|&value| value as i64).collect();
    Attribute { name: Some(name.into()), ints, r#type: Some(7), ..Attribute::default() }
}

fn int(name: &str, value: i64) -> Attribute {
    Attribute { name: Some(name.into()), i: Some(value), r#type: Some(2), ..Attribute::default() }
}

fn float(name: &str, value: f64) -> Attribute {
    Attribute { name: Some(name.into()), f: Some(value as f32), r#type: Some(1), ..Attribute::default() }
}
