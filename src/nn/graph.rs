//! The graph of a net: which layer reads which tensor, what shapes they have, and what needs a gradient.

use super::{Depends, Layer, Mode, NetDef, NnError, def::INPUT, layers::Place};
use crate::{host::ImageDims, ops::OpsError};

/// The most features of one tensor an image, elements of one net's parameters, and multiply-adds' worth of window: far
/// above any net of this study, and far below where sizes overflow.
pub(super) const MOST_FEATURES: usize = 1 << 28;
/// The most elements of one layer's parameters.
const MOST_PARAMETERS: usize = 1 << 31;

/// One layer with what it reads.
pub(super) struct Node<'a> {
    pub layer: &'a Layer,
    /// The numbers of the values that it reads; its own output is the value after its number.
    pub inputs: Vec<usize>,
    /// How it computes in a training step.
    pub mode: Mode,
}

/// One tensor that layers read: value 0 is the net's input, value i + 1 the output of layer i.
pub(super) struct Value<'a> {
    pub name: &'a str,
    pub dims: ImageDims,
    /// The layers that read it, in their order, once for each time.
    pub readers: Vec<usize>,
    /// Whether something below it learns, so that its gradient is needed.
    pub needs: bool,
}

/// A net's layers and the tensors between them.
pub(super) struct Graph<'a> {
    pub nodes: Vec<Node<'a>>,
    pub values: Vec<Value<'a>>,
}

impl<'a> Graph<'a> {
    /// Resolves the names of a net, and infers every shape for some images at once.
    ///
    /// # Errors
    /// Names that are not there, come later or twice; shapes that do not fit, with the layer; a net that does not end
    /// in class scores.
    pub fn of(def: &'a NetDef, n: usize) -> Result<Self, NnError> {
        let [c, h, w] = def.input;
        let input = ImageDims { n, c, h, w };
        let mut graph = Self {
            nodes: Vec::with_capacity(def.layers.len()),
            values: vec![Value { name: INPUT, dims: input, readers: Vec::new(), needs: false }],
        };
        for (place, layer) in def.layers.iter().enumerate() {
            if graph.values.iter().any(|value| value.name == layer.name) {
                return Err(NnError::DuplicateLayer { net: def.name.clone(), layer: layer.name.clone() });
            }
            let inputs = graph.inputs(def, place)?;
            let frozen = layer.has_params() && !layer.learns();
            let mode = if frozen { Mode::Evaluation } else { Mode::Training };
            let dims = graph.output(def, layer, &inputs)?;
            inputs.iter().for_each(|&value| graph.values[value].readers.push(place));
            let needs = layer.learns() || inputs.iter().any(|&value| graph.values[value].needs);
            graph.nodes.push(Node { layer, inputs, mode });
            graph.values.push(Value { name: &layer.name, dims, readers: Vec::new(), needs });
        }
        def.classes()?;
        whole_blocks(def)?;
        Ok(graph)
    }

    /// The numbers of what a layer reads.
    fn inputs(&self, def: &NetDef, place: usize) -> Result<Vec<usize>, NnError> {
        let (net, layer) = (&def.name, &def.layers[place]);
        let names = def.inputs_of(place);
        let expected = layer.kind.layer().inputs();
        if names.len() != expected {
            return Err(NnError::InputCount {
                net: net.clone(),
                layer: layer.name.clone(),
                kind: layer.kind.type_name(),
                expected,
                got: names.len(),
            });
        }
        let find = |name: &&str| match self.values.iter().position(|value| value.name == *name) {
            Some(value) => Ok(value),
            None => Err(unknown(def, place, name)),
        };
        names.iter().map(find).collect()
    }

    /// The shape of a layer's output, within the limits.
    fn output(&self, def: &NetDef, layer: &Layer, inputs: &[usize]) -> Result<ImageDims, NnError> {
        let x: Vec<ImageDims> = inputs.iter().map(|&value| self.values[value].dims).collect();
        let wrong = |source: OpsError| {
            let named = |&value: &usize| {
                let Value { name, dims, .. } = &self.values[value];
                format!("{name} {:?}", [dims.c, dims.h, dims.w])
            };
            let inputs = inputs.iter().map(named).collect::<Vec<_>>().join(" and ");
            NnError::Layer { net: def.name.clone(), layer: layer.name.clone(), inputs, source }
        };
        let too_large = |what, got: usize, limit| {
            let (net, layer) = (def.name.clone(), layer.name.clone());
            NnError::Size { net, layer, what, got, limit }
        };
        let kind = layer.kind.layer();
        let y = kind.output(&x).map_err(wrong)?;
        let features = y.c.checked_mul(y.h).and_then(|f| f.checked_mul(y.w)).unwrap_or(usize::MAX);
        if features > MOST_FEATURES {
            return Err(too_large("values per image", features, MOST_FEATURES));
        }
        for param in kind.params(&x).map_err(wrong)? {
            let elements = param.outer.iter().try_fold(1_usize, |product, &side| product.checked_mul(side));
            let elements = elements.unwrap_or(usize::MAX);
            if elements > MOST_PARAMETERS {
                return Err(too_large("weights", elements, MOST_PARAMETERS));
            }
        }
        Ok(y)
    }

    /// Whether a layer changes its input in place: it can, and nothing else reads that, which is not the net's input.
    pub fn in_place(&self, node: &Node<'_>) -> bool {
        let &[value] = &node.inputs[..] else { return false };
        node.layer.kind.layer().place() == Place::InPlace && value > 0 && self.values[value].readers.len() == 1
    }
}

/// Refuses a block with a normalisation of which only a part learns: statistics that move under weights that do not, or
/// the other way round, are hardly ever meant.
fn whole_blocks(def: &NetDef) -> Result<(), NnError> {
    let of_batch = |layer: &Layer| layer.kind.layer().depends_on(Mode::Training) == Depends::Batch;
    if !def.layers.iter().any(of_batch) {
        return Ok(());
    }
    for block in def.blocks()? {
        let layers = &def.layers[block.layers];
        let named = |learns| layers.iter().find(|layer| layer.has_params() && layer.learns() == learns);
        if let (true, Some(frozen), Some(learning)) = (layers.iter().any(of_batch), named(false), named(true)) {
            let [frozen, learning] = [frozen, learning].map(|layer| layer.name.clone());
            return Err(NnError::PartlyFrozen { net: def.name.clone(), block: block.name, frozen, learning });
        }
    }
    Ok(())
}

/// Why a name is none of the tensors before a layer: none at all, one that comes later, or one that waits for the
/// layer.
fn unknown(def: &NetDef, place: usize, name: &str) -> NnError {
    let (net, layer) = (def.name.clone(), def.layers[place].name.clone());
    let at = |name: &str| def.layers.iter().position(|layer| layer.name == name);
    let Some(later) = at(name) else {
        let known = def.layers[..place].iter().map(|layer| layer.name.as_str()).chain([INPUT]);
        let nearest = known.min_by_key(|known| strsim::damerau_levenshtein(known, name)).unwrap_or(INPUT).to_string();
        return NnError::UnknownInput { net, layer, input: name.into(), nearest };
    };
    // The way from the later layer down to this one, if there is one.
    let mut ways = vec![vec![later]];
    let mut seen = vec![false; def.layers.len()];
    while let Some(way) = ways.pop() {
        let top = way[way.len() - 1];
        if top == place {
            let mut names: Vec<&str> = way.iter().rev().map(|&i| def.layers[i].name.as_str()).collect();
            names.push(&def.layers[place].name);
            // From the layer up along its readers, back to itself.
            return NnError::Cycle { net, layers: names.join(" -> ") };
        }
        if !std::mem::replace(&mut seen[top], true) {
            let below = def.inputs_of(top).into_iter().filter_map(at);
            ways.extend(below.map(|below| [&way[..], &[below]].concat()));
        }
    }
    NnError::LaterInput { net, layer, input: name.into() }
}
