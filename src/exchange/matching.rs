//! Finds the tensor of a file for each parameter of a net: by the names of layers, else by order and shape.

use super::{
    ExchangeError, ForeignFile, Format, Group, Part, Turns,
    differences::differences,
    layer_names, nearest, sequential,
    turn::{self, Turned, Wanted},
};
use crate::{
    host::Stream,
    nn::{BuildOptions, Kind, Net, NetDef, Param, ParamRole, weights::Tensors},
    ops::TensorShape,
};
use std::{collections::HashMap, path::Path};

/// How a layer of the file was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// It has the layer's name in strata, or torchvision's.
    Name,
    /// It is the next one of that shape.
    Order,
}

/// One parameter of the net, and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The parameter.
    pub parameter: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// The file's tensor with its shape, where one was found, even of a wrong shape.
    pub tensor: Option<(String, Vec<usize>)>,
    /// What was turned.
    pub turned: Vec<&'static str>,
    /// Whether the tensor fits.
    pub matched: bool,
}

/// A file's weights beside a net's parameters.
#[derive(Debug)]
pub struct Matching {
    net: Net,
    /// How layers were found.
    pub by: By,
    /// The parameters in the order of the net.
    pub rows: Vec<Row>,
    /// Tensors of the file that have no place in the net, with their shapes.
    pub unused: Vec<(String, Vec<usize>)>,
    /// What the file says of its layers and the net has otherwise.
    pub notes: Vec<String>,
    values: Tensors,
    /// The shapes of all tensors, with their outputs first.
    shapes: Vec<Vec<usize>>,
    file: String,
}

fn part(param: &Param) -> Part {
    match param.role {
        ParamRole::Statistic if param.name.ends_with(Part::Mean.suffix()) => Part::Mean,
        ParamRole::Statistic => Part::Variance,
        ParamRole::Bias => Part::Bias,
        ParamRole::Weight => Part::Weight,
    }
}

/// Matches the weights of a file to a net.
///
/// # Errors
/// A net that cannot be built. What does not match is in the result, for the table; [`Matching::tensors`] refuses it.
pub fn fit(path: &Path, file: &ForeignFile, def: &NetDef, turns: Turns) -> Result<Matching, ExchangeError> {
    // Nothing learns in it, so that a normalisation of one value per channel can be built.
    let mut still = def.clone();
    still.layers.iter_mut().for_each(|layer| layer.trainable = false);
    let net = Net::build(&still, BuildOptions::of(1))?;
    let params: Vec<(Part, Wanted)> = net.params.iter().map(|param| (part(param), wanted(&net, param))).collect();
    let layers: Vec<&str> = def.weighted().map(|layer| layer.name.as_str()).collect();
    let places = |layer: &str| {
        let of = net.params.iter().enumerate().filter(move |(_, param)| param.layer == layer);
        of.map(|(at, _)| at).collect::<Vec<_>>()
    };
    let named = by_name(&file.groups, def);
    // A few equal names, such as conv1 of every net, are no match.
    let by = if 2 * named.iter().flatten().count() > layers.len() { By::Name } else { By::Order };
    let found: Vec<Option<&Group>> = match by {
        By::Name => named,
        By::Order => {
            let weights = layers.iter().map(|layer| {
                let weight = places(layer).into_iter().find(|&at| params[at].0 == Part::Weight);
                weight.map(|at| &params[at].1)
            });
            by_order(file, &weights.collect::<Vec<_>>(), turns)
        }
    };
    let (mut rows, mut values, mut used) = (Vec::new(), Tensors::new(), vec![false; file.tensors.len()]);
    for (layer, group) in layers.iter().zip(&found) {
        let is_normalisation = places(layer).iter().any(|&at| params[at].0 == Part::Mean);
        for at in places(layer) {
            let (param, (part, wanted)) = (&net.params[at], &params[at]);
            let place = group.and_then(|group| group.part(*part));
            let tensor = place.map(|place| &file.tensors[place]);
            let fits = tensor.filter(|tensor| turn::fits(tensor, wanted, turns));
            let plain = || group.filter(|_| is_normalisation).and_then(|group| plain(group, *part, &param.shape));
            let turned = fits.map(|tensor| turn::turn(tensor, wanted, turns)).or_else(plain);
            place.into_iter().for_each(|place| used[place] = true);
            rows.push(Row {
                parameter: param.name.clone(),
                shape: param.shape.clone(),
                tensor: tensor.map(|tensor| (tensor.name.clone(), tensor.shape.clone())),
                turned: turned.as_ref().map_or(Vec::new(), |turned| turned.turned.clone()),
                matched: turned.is_some(),
            });
            if let Some(turned) = turned {
                values.insert(param.name.clone(), (param.shape.clone(), turned.values));
            }
        }
    }
    let left = file.tensors.iter().zip(&used).filter(|(_, used)| !**used);
    let unused = left.map(|(tensor, _)| (tensor.name.clone(), tensor.shape.clone())).collect();
    let shapes = file.tensors.iter().map(|tensor| turn::shape(tensor, turns)).collect();
    let file_name = path.display().to_string();
    let layer_of = |tensor: &str| {
        let row = rows.iter().find(|row| row.tensor.as_ref().is_some_and(|(name, _)| name == tensor))?;
        let (layer, _) = row.parameter.rsplit_once('.')?;
        def.layers.iter().find(|other| other.name == layer)
    };
    let notes = differences(file, def, layer_of);
    Ok(Matching { net, by, rows, unused, notes, values, shapes, file: file_name })
}

/// The weight or the bias of a normalisation that has none, as files of Caffe, of PyTorch's `affine=False` and of
/// Keras' `scale=False` and `center=False` have it: statistics alone are multiplied by 1 and nothing is added.
fn plain(group: &Group, part: Part, shape: &[usize]) -> Option<Turned> {
    let has = |part: Part| group.part(part).is_some();
    let (value, turned) = match part {
        Part::Weight => (1.0, "not in the file: 1"),
        Part::Bias => (0.0, "not in the file: 0"),
        Part::Mean | Part::Variance => return None,
    };
    let absent = has(Part::Mean) && has(Part::Variance) && !has(part);
    absent.then(|| Turned { values: vec![value; shape.iter().product()], turned: vec![turned] })
}

/// What a parameter is to be filled with.
fn wanted(net: &Net, param: &Param) -> Wanted {
    let layer = net.def.layers.iter().find(|layer| layer.name == param.layer);
    let (mut features, mut groups) = (None, 1);
    match layer.map(|layer| &layer.kind) {
        Some(Kind::Dense(_)) if param.role == ParamRole::Weight => {
            if let TensorShape::Kernel { dims: [_, c, h, w], .. } = net.program.tensors[param.w.0].shape {
                features = Some([c, h, w]);
            }
        }
        Some(Kind::Conv2d(conv)) => groups = conv.groups,
        _ => {}
    }
    let reads_image = param.role == ParamRole::Weight && net.def.first_convolution() == Some(&param.layer);
    Wanted { shape: param.shape.clone(), features, reads_image, groups }
}

/// The file's layer of each layer of the net, by its own name or the one that torchvision would give it.
fn by_name<'a>(groups: &'a [Group], def: &NetDef) -> Vec<Option<&'a Group>> {
    let numbered = sequential::torchvision_names(def).unwrap_or_default();
    let layers: Vec<usize> = (0..def.layers.len()).filter(|&place| def.layers[place].has_params()).collect();
    let found = |skip: usize, name: &dyn Fn(usize) -> Option<String>| -> Vec<Option<&'a Group>> {
        let by_name: HashMap<&str, &Group> = groups.iter().map(|group| (&group.name[skip..], group)).collect();
        layers.iter().map(|&place| name(place).and_then(|name| by_name.get(name.as_str()).copied())).collect()
    };
    let own = |place: usize| Some(def.layers[place].name.clone());
    let torchvision = |place: usize| numbered.get(place).cloned();
    let prefix = layer_names::prefix(groups);
    let all = [found(0, &own), found(0, &torchvision), found(prefix, &own), found(prefix, &torchvision)];
    let most = |best: Vec<Option<&'a Group>>, next: Vec<Option<&'a Group>>| {
        if next.iter().flatten().count() > best.iter().flatten().count() { next } else { best }
    };
    all.into_iter().reduce(most).unwrap_or_default()
}

/// The file's layer of each layer of the net: the next one whose weight has the shape or, in a file without an order of
/// layers, the only one left that has.
fn by_order<'a>(file: &'a ForeignFile, weights: &[Option<&Wanted>], turns: Turns) -> Vec<Option<&'a Group>> {
    let fits = |group: &Group, wanted: &Wanted| {
        // A normalisation may have statistics alone.
        let shown = group.part(Part::Weight).or_else(|| group.part(Part::Mean));
        shown.is_some_and(|place| turn::fits(&file.tensors[place], wanted, turns))
    };
    let mut next = 0;
    let in_order: Vec<Option<&Group>> = weights
        .iter()
        .map(|wanted| {
            let wanted = (*wanted)?;
            let place = (next..file.groups.len()).find(|&place| fits(&file.groups[place], wanted))?;
            next = place + 1;
            Some(&file.groups[place])
        })
        .collect();
    if in_order.iter().all(Option::is_some) || file.format != Format::Safetensors {
        return in_order;
    }
    // Safetensors are sorted by name as a rule: the shape alone may say it, where it is that of one layer only.
    let only = |wanted: &Option<&Wanted>| {
        let wanted = (*wanted)?;
        let mut of_shape = file.groups.iter().filter(|group| fits(group, wanted));
        let twice = weights.iter().flatten().filter(|other| other.shape == wanted.shape).count() > 1;
        of_shape.next().filter(|_| !twice && of_shape.next().is_none())
    };
    weights.iter().map(only).collect()
}

impl Matching {
    /// Whether every parameter has its tensor and every tensor its parameter.
    pub fn is_whole(&self) -> bool {
        self.unused.is_empty() && self.rows.iter().all(|row| row.matched)
    }

    /// The parameters that no tensor fits.
    pub fn missing(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| !row.matched)
    }

    /// The net's weights. With `partial`, parameters that no tensor fits are drawn anew by the net's own fillers from
    /// `stream(name)`, and tensors without a place are left out.
    ///
    /// # Errors
    /// [`ExchangeError::NonFinite`]; [`ExchangeError::Unmatched`] for a match that is not whole and not asked for, or
    /// of which not one weight is left.
    pub fn tensors(self, partial: bool, stream: impl Fn(&str) -> Stream) -> Result<Tensors, ExchangeError> {
        let rows: HashMap<&str, &Row> = self.rows.iter().map(|row| (row.parameter.as_str(), row)).collect();
        for (name, (_, values)) in &self.values {
            if let count @ 1.. = values.iter().filter(|value| !value.is_finite()).count() {
                let tensor = rows[name.as_str()].tensor.as_ref().map_or(String::new(), |(name, _)| name.clone());
                let of = values.len();
                return Err(ExchangeError::NonFinite { path: self.file.into(), tensor, count, of });
            }
        }
        let matched = self.rows.iter().filter(|row| row.matched).count();
        if matched == 0 || !(partial || self.is_whole()) {
            let first = self.missing().next().map(|row| match &row.tensor {
                Some((name, shape)) => {
                    format!("{} is {:?}, but {name} of the file is {shape:?}", row.parameter, row.shape)
                }
                None => format!("{} {:?} has no tensor in the file", row.parameter, row.shape),
            });
            let unused = self.unused.first().map(|(name, shape)| format!("{name} {shape:?} of the file has no place"));
            let counts = format!("{matched} of {} parameters matched; ", self.rows.len());
            let reason = counts + &first.or(unused).unwrap_or_default();
            let net = self.net.def.name.clone();
            let named = nearest::net(self.shapes).filter(|(name, ..)| *name != net);
            let nearest = named.map(|(name, both, of)| {
                format!("; of the nets that come with strata, {name} is nearest by shapes ({both} of {of} parameters)")
            });
            let partly = match matched {
                0 => String::new(),
                _ => "; --partial takes what matches and draws the rest anew, --classes N changes the net's last layer"
                    .into(),
            };
            let remedy = nearest.unwrap_or_default() + &partly;
            return Err(ExchangeError::Unmatched { path: self.file.into(), net, reason, remedy });
        }
        let (net, mut values) = (self.net, self.values);
        for param in &net.params {
            if !values.contains_key(&param.name) {
                values.insert(param.name.clone(), (param.shape.clone(), net.initial(param, &stream)));
            }
        }
        Ok(values)
    }
}
