//! Layers and nets as plain descriptions.

use super::{Depends, Init, Kind, Mode, NnError, layers::Dense};

/// The name by which layers read the net's input. No layer may have it, nor that of what stands on the class scores.
pub const INPUT: &str = "input";
/// Names that layers cannot have.
pub(super) const RESERVED: [&str; 2] = [INPUT, "loss"];

/// One named layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The name, such as `conv1`.
    pub name: String,
    /// What it does.
    pub kind: Kind,
    /// The layers whose outputs it reads, or [`INPUT`]; empty for the layer before it.
    pub inputs: Vec<String>,
    /// The block that it belongs to, counted from 1; none for that of the layer before it. Where no layer of a net
    /// names one, each layer with weights is one.
    pub block: Option<usize>,
    /// How weights and bias start (layers with weights only).
    pub init: Option<Init>,
    /// Whether its parameters learn.
    pub trainable: bool,
    /// Factors of the learning rate for weights and bias (Caffe's `lr_mult`).
    pub lr_mult: [f64; 2],
    /// Factors of the weight decay for weights and bias (Caffe's `decay_mult`).
    pub decay_mult: [f64; 2],
}

/// Caffe's usual factors of the learning rate: a bias learns twice as fast.
pub(super) const LR_MULT: [f64; 2] = [1.0, 2.0];
/// Caffe's usual factors of the weight decay: a bias does not decay.
pub(super) const DECAY_MULT: [f64; 2] = [1.0, 0.0];

impl Layer {
    /// A layer that reads the one before it, with Caffe's usual factors: the bias learns twice as fast and does not
    /// decay.
    pub fn new(name: &str, kind: impl Into<Kind>, init: Option<Init>) -> Self {
        let (lr_mult, decay_mult) = (LR_MULT, DECAY_MULT);
        let (inputs, block, trainable) = (Vec::new(), None, true);
        Self { name: name.into(), kind: kind.into(), inputs, block, init, trainable, lr_mult, decay_mult }
    }

    /// Whether the layer has parameters.
    pub fn has_params(&self) -> bool {
        self.kind.layer().has_params()
    }

    /// Whether the layer learns: it has parameters, is trainable and some learning rate is not zero.
    pub fn learns(&self) -> bool {
        self.has_params() && self.trainable && self.lr_mult.iter().any(|&m| m != 0.0)
    }
}

/// A net: layers over an input, ending in class scores. Layers stand in the order in which they are computed.
#[derive(Clone, Debug, PartialEq)]
pub struct NetDef {
    /// The name.
    pub name: String,
    /// Channels, height and width of the input.
    pub input: [usize; 3],
    /// The layers, from the input up.
    pub layers: Vec<Layer>,
}

impl NetDef {
    /// The layers with parameters, in order.
    pub fn weighted(&self) -> impl Iterator<Item = &Layer> {
        self.layers.iter().filter(|layer| layer.has_params())
    }

    /// The first layer that takes statistics of the batch in training, if one learns: then a batch in parts is another
    /// step than one that is whole.
    pub fn of_batch(&self) -> Option<&Layer> {
        let of_batch = |layer: &&Layer| layer.kind.layer().depends_on(Mode::Training) == Depends::Batch;
        self.layers.iter().find(|layer| layer.learns() && of_batch(layer))
    }

    /// The names of what a layer reads.
    pub fn inputs_of(&self, place: usize) -> Vec<&str> {
        match (&self.layers[place].inputs[..], place.checked_sub(1)) {
            ([], None) => vec![INPUT],
            ([], Some(before)) => vec![&self.layers[before].name],
            (names, _) => names.iter().map(String::as_str).collect(),
        }
    }

    /// The last layer, which gives the class scores.
    ///
    /// # Errors
    /// [`NnError::NoLogits`].
    fn scores(&mut self) -> Result<&mut Dense, NnError> {
        match self.layers.last_mut() {
            Some(Layer { kind: Kind::Dense(scores), .. }) => Ok(scores),
            other => {
                let last = other.map_or("missing".into(), |layer| layer.name.clone());
                Err(NnError::NoLogits { net: self.name.clone(), last })
            }
        }
    }

    /// How many class scores the description itself gives.
    ///
    /// # Errors
    /// A net that does not end in a dense layer.
    pub fn classes(&self) -> Result<usize, NnError> {
        Ok(self.clone().scores()?.out_features)
    }

    /// The same net with another number of classes.
    ///
    /// # Errors
    /// A net that does not end in a dense layer.
    pub fn with_classes(mut self, classes: usize) -> Result<Self, NnError> {
        self.scores()?.out_features = classes;
        Ok(self)
    }

    /// The first convolution that reads the image itself: what its filters look for can be seen.
    pub fn first_convolution(&self) -> Option<&str> {
        let reads = |place: &usize| self.inputs_of(*place) == [INPUT];
        let place = (0..self.layers.len()).filter(reads).find(|&i| matches!(self.layers[i].kind, Kind::Conv2d(_)))?;
        Some(&self.layers[place].name)
    }
}
