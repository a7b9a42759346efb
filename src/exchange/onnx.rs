//! ONNX models: the weights that their nodes read, and what the graph says of each layer.

use super::{
    ExchangeError, FileTensor, ForeignFile, Format, Geometry, Group, Order, Part,
    caffe::refused,
    caffe_geometry::round,
    file::elements,
    layer_names,
    onnx_messages::{Graph, MODEL, Model, Node, Tensor},
    pytorch::{of_bf16, of_f16, of_f32, of_f64},
    wire,
};
use prost::Message;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::Path,
};

/// Numbers of element types in `onnx.proto`.
const FLOAT: i32 = 1;
const FLOAT16: i32 = 10;
const DOUBLE: i32 = 11;
const BFLOAT16: i32 = 16;

/// Reads a model.
///
/// # Errors
/// As [`super::parse`].
pub fn parse(path: &Path, bytes: &[u8]) -> Result<ForeignFile, ExchangeError> {
    let format = Format::Onnx;
    let corrupt = |reason: String| ExchangeError::Corrupt { path: path.into(), format, reason };
    wire::check(bytes, &MODEL).map_err(|refusal| refused(path, format, refusal))?;
    let model = Model::decode(bytes).map_err(|error| corrupt(error.to_string()))?;
    let graph = model.graph.ok_or_else(|| corrupt("it has no graph".into()))?;
    let mut reader = Reader { path, constants: HashMap::new(), used: BTreeMap::new(), tensors: Vec::new() };
    let (initializers, nodes) = (graph.initializer, graph.node);
    for tensor in &initializers {
        reader.constants.insert(tensor.name.as_deref().unwrap_or_default(), tensor);
    }
    for node in nodes.iter().filter(|node| kind(node) == "Constant") {
        let value = node.attribute.iter().find_map(|attribute| attribute.t.as_ref());
        if let (Some(name), Some(value)) = (node.output.first(), value) {
            reader.constants.insert(name, value);
        }
    }
    let graph = Graph { node: nodes.clone(), ..Graph::default() };
    let (groups, layers, mut ignored) = reader.layers(&graph)?;
    let floats = |tensor: &&Tensor| [FLOAT, FLOAT16, DOUBLE, BFLOAT16].contains(&tensor.data_type.unwrap_or(0));
    let arithmetic: HashMap<&str, &str> = nodes
        .iter()
        .filter(|node| ["Add", "Sub", "Mul", "Div"].contains(&kind(node)))
        .flat_map(|node| node.input.iter().map(|read| (read.as_str(), kind(node))))
        .collect();
    for tensor in initializers.iter().filter(floats) {
        let name = tensor.name.as_deref().unwrap_or_default();
        if reader.used.contains_key(name) {
            continue;
        }
        match arithmetic.get(name) {
            Some(operator) => ignored.push(format!("{name}: {operator} reads it, which is no layer")),
            // Numbers that scale or shift are no weights.
            None if tensor.dims.iter().any(|&side| side > 1) => drop(reader.tensor(name, Order::OutFirst)?),
            None => {}
        }
    }
    if let count @ 1.. = initializers.iter().filter(|tensor| !floats(tensor)).count() {
        ignored.push(format!("{count} initialisers of whole numbers"));
    }
    if reader.tensors.is_empty() {
        let remedy = "it is a graph without initialisers; export the trained model with its parameters";
        return Err(ExchangeError::NoWeights { path: path.into(), format, remedy });
    }
    let tensors = reader.tensors;
    Ok(ForeignFile { format, tensors, groups, layers, ignored, text: String::new() })
}

struct Reader<'a> {
    path: &'a Path,
    constants: HashMap<&'a str, &'a Tensor>,
    /// Places of tensors that were read.
    used: BTreeMap<String, usize>,
    tensors: Vec<FileTensor>,
}

type Layers = (Vec<Group>, Vec<Geometry>, Vec<String>);

impl Reader<'_> {
    /// Reads the weights of every node that has some.
    fn layers(&mut self, graph: &Graph) -> Result<Layers, ExchangeError> {
        let (mut groups, mut layers, mut ignored): Layers = Default::default();
        let mut names = HashSet::new();
        let adds = graph.node.iter().filter(|node| kind(node) == "Add");
        let adds: HashMap<&str, &Node> =
            adds.flat_map(|node| node.input.iter().map(move |read| (read.as_str(), node))).collect();
        for node in &graph.node {
            let input = |place: usize| node.input.get(place).filter(|name| self.constants.contains_key(name.as_str()));
            let mut parts = Vec::new();
            let mut order = Order::OutFirst;
            match kind(node) {
                "Conv" => {
                    parts.extend(input(1).map(|name| (Part::Weight, name.clone())));
                    parts.extend(input(2).map(|name| (Part::Bias, name.clone())));
                    if let Some(weight) = input(1) {
                        layers.push(conv(node, weight));
                    }
                }
                "Gemm" => {
                    if int(node, "transB").unwrap_or(0) == 0 {
                        order = Order::OutLast;
                    }
                    let scaled = ["alpha", "beta"].into_iter().filter_map(|name| float(node, name)).any(|f| f != 1.0);
                    if scaled || int(node, "transA").unwrap_or(0) != 0 {
                        ignored.push(format!("{}: a Gemm with alpha, beta or transA is no dense layer", name(node)));
                        continue;
                    }
                    parts.extend(input(1).map(|name| (Part::Weight, name.clone())));
                    parts.extend(input(2).map(|name| (Part::Bias, name.clone())));
                }
                "MatMul" => {
                    order = Order::OutLast;
                    parts.extend(input(1).map(|name| (Part::Weight, name.clone())));
                    // Its bias is what the next node adds.
                    let output = node.output.first().filter(|_| !parts.is_empty());
                    let sum = output.and_then(|output| adds.get(output.as_str()));
                    let bias =
                        sum.and_then(|sum| sum.input.iter().find(|name| self.constants.contains_key(name.as_str())));
                    parts.extend(bias.map(|name| (Part::Bias, name.clone())));
                }
                "BatchNormalization" => {
                    let all = [Part::Weight, Part::Bias, Part::Mean, Part::Variance];
                    parts.extend(all.into_iter().zip(1..).filter_map(|(part, at)| Some((part, input(at)?.clone()))));
                    layers.extend(input(3).map(|mean| batch_norm(node, mean)));
                }
                "LRN" => layers.push(lrn(node)),
                "MaxPool" => layers.push(max_pool(node)),
                _ => {}
            }
            let Some((Part::Weight, weight)) = parts.first().cloned() else { continue };
            let layer = layer_names::parse(&weight).map_or(weight.as_str(), |(layer, _)| layer).to_string();
            let mut group = Group { name: layer, parts: Vec::new() };
            for (part, tensor) in parts {
                let order = if part == Part::Weight { order } else { Order::OutFirst };
                group.parts.push((part, self.tensor(&tensor, order)?));
            }
            if names.insert(group.name.clone()) {
                groups.push(group);
            }
        }
        Ok((groups, layers, ignored))
    }

    /// Reads a tensor, once, and gives its place.
    fn tensor(&mut self, name: &str, order: Order) -> Result<usize, ExchangeError> {
        if let Some(&place) = self.used.get(name) {
            return Ok(place);
        }
        let Some(tensor) = self.constants.get(name) else {
            let reason = format!("the tensor {name} is missing");
            return Err(ExchangeError::Corrupt { path: self.path.into(), format: Format::Onnx, reason });
        };
        let (shape, values) = contents(self.path, name, tensor)?;
        self.tensors.push(FileTensor { name: name.into(), shape, values, order });
        self.used.insert(name.into(), self.tensors.len() - 1);
        Ok(self.tensors.len() - 1)
    }
}

fn kind(node: &Node) -> &str {
    node.op_type.as_deref().unwrap_or_default()
}

fn name(node: &Node) -> &str {
    node.name.as_deref().filter(|name| !name.is_empty()).unwrap_or_else(|| kind(node))
}

fn int(node: &Node, name: &str) -> Option<i64> {
    node.attribute.iter().find(|attribute| attribute.name.as_deref() == Some(name))?.i
}

fn float(node: &Node, name: &str) -> Option<f32> {
    node.attribute.iter().find(|attribute| attribute.name.as_deref() == Some(name))?.f
}

/// The numbers of an attribute, or the usual ones where they are not said or not as many.
fn ints<const N: usize>(node: &Node, name: &str, usual: usize) -> [usize; N] {
    let said = node.attribute.iter().find(|attribute| attribute.name.as_deref() == Some(name));
    let said = said.map_or(&[][..], |attribute| &attribute.ints);
    let all: Vec<usize> = said.iter().filter_map(|&number| usize::try_from(number).ok()).collect();
    all.try_into().unwrap_or([usual; N])
}

fn conv(node: &Node, weight: &str) -> Geometry {
    Geometry::Conv {
        weight: weight.into(),
        stride: ints(node, "strides", 1),
        padding: ints(node, "pads", 0),
        dilation: ints(node, "dilations", 1),
        groups: int(node, "group").and_then(|groups| usize::try_from(groups).ok()).unwrap_or(1),
    }
}

fn lrn(node: &Node) -> Geometry {
    Geometry::Lrn {
        size: int(node, "size").and_then(|size| usize::try_from(size).ok()).unwrap_or(0),
        alpha: float(node, "alpha").map_or(1e-4, round),
        beta: float(node, "beta").map_or(0.75, round),
        k: float(node, "bias").map_or(1.0, round),
    }
}

fn batch_norm(node: &Node, mean: &str) -> Geometry {
    Geometry::BatchNorm { mean: mean.into(), eps: float(node, "epsilon").map_or(1e-5, round) }
}

fn max_pool(node: &Node) -> Geometry {
    Geometry::MaxPool {
        kernel: ints(node, "kernel_shape", 0),
        stride: ints(node, "strides", 1),
        padding: ints(node, "pads", 0),
        ceil: int(node, "ceil_mode").unwrap_or(0) != 0,
    }
}

/// The shape and the values of a tensor.
fn contents(path: &Path, name: &str, tensor: &Tensor) -> Result<(Vec<usize>, Vec<f32>), ExchangeError> {
    let (path, tensor_name) = (path.to_path_buf(), name.to_string());
    let corrupt = |reason: String| ExchangeError::Corrupt { path: path.clone(), format: Format::Onnx, reason };
    if tensor.data_location == Some(1) || !tensor.external_data.is_empty() {
        let place = tensor.external_data.iter().find(|entry| entry.key.as_deref() == Some("location"));
        let location = place.and_then(|entry| entry.value.clone()).unwrap_or_default();
        return Err(ExchangeError::External { path, tensor: tensor_name, location });
    }
    let shape = tensor.dims.iter().map(|&side| usize::try_from(side)).collect::<Result<Vec<_>, _>>();
    let shape = shape.map_err(|_| corrupt(format!("the tensor {name} has the shape {:?}", tensor.dims)))?;
    let values = match (tensor.data_type.unwrap_or(0), &tensor.raw_data) {
        (FLOAT, Some(raw)) => of_f32(raw),
        (FLOAT, None) => tensor.float_data.clone(),
        (DOUBLE, Some(raw)) => of_f64(raw),
        (DOUBLE, None) => tensor.double_data.iter().map(|&value| value as f32).collect(),
        (FLOAT16, Some(raw)) => of_f16(raw),
        (BFLOAT16, Some(raw)) => of_bf16(raw),
        (other, _) => {
            let got = format!("number {other} of onnx.proto");
            return Err(ExchangeError::ElementType { path, tensor: tensor_name, got });
        }
    };
    if elements(&shape) != Some(values.len()) {
        return Err(corrupt(format!("the tensor {name} has the shape {shape:?} and {} values", values.len())));
    }
    Ok((shape, values))
}
