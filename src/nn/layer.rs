//! Layers and nets as plain descriptions.

use super::{Init, NnError};
use crate::ops::{conv2d::Conv2d, lrn::Lrn, max_pool::MaxPool};

/// What a layer does.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A grouped convolution with a bias.
    Conv2d(Conv2d),
    /// A fully connected layer with a bias, over the flattened input.
    Dense {
        /// Output features.
        out_features: usize,
    },
    /// A rectifier.
    Relu,
    /// A max pooling.
    MaxPool(MaxPool),
    /// A local response normalisation.
    Lrn(Lrn),
    /// Dropout: active in training only, also where the layers around it are frozen.
    Dropout {
        /// The share of elements that are dropped.
        ratio: f64,
    },
}

/// One named layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The name, such as `conv1`.
    pub name: String,
    /// What it does.
    pub kind: Kind,
    /// How weights and bias start (layers with weights only).
    pub init: Option<Init>,
    /// Whether weights and bias learn.
    pub trainable: bool,
    /// Factors of the learning rate for weights and bias (Caffe's `lr_mult`).
    pub lr_mult: [f64; 2],
    /// Factors of the weight decay for weights and bias (Caffe's `decay_mult`).
    pub decay_mult: [f64; 2],
}

impl Layer {
    /// A layer with Caffe's usual factors: the bias learns twice as fast and does not decay.
    pub fn new(name: &str, kind: Kind, init: Option<Init>) -> Self {
        Self { name: name.into(), kind, init, trainable: true, lr_mult: [1.0, 2.0], decay_mult: [1.0, 0.0] }
    }

    /// Whether the layer has weights.
    pub const fn has_weights(&self) -> bool {
        matches!(self.kind, Kind::Conv2d(_) | Kind::Dense { .. })
    }

    /// Whether the layer learns: it has weights, is trainable and some learning rate is not zero.
    pub fn learns(&self) -> bool {
        self.has_weights() && self.trainable && self.lr_mult.iter().any(|&m| m != 0.0)
    }
}

/// A net: a chain of layers over an input, ending in class scores.
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
    /// The layers with weights, in order: what the paper numbers from 1.
    pub fn weighted(&self) -> impl Iterator<Item = &Layer> {
        self.layers.iter().filter(|layer| layer.has_weights())
    }

    /// The largest n of the protocol: one less than the number of layers with weights.
    pub fn most_n(&self) -> usize {
        self.weighted().count().saturating_sub(1)
    }

    /// Names of the first n layers with weights.
    ///
    /// # Errors
    /// n outside 1..=[`Self::most_n`] plus one (n equal to all layers is the restarted base).
    pub fn prefix(&self, n: usize) -> Result<Vec<String>, NnError> {
        if n == 0 || n > self.weighted().count() {
            return Err(NnError::Prefix { net: self.name.clone(), n, most: self.most_n() });
        }
        Ok(self.weighted().take(n).map(|layer| layer.name.clone()).collect())
    }

    /// Freezes the first n layers with weights.
    ///
    /// # Errors
    /// As [`Self::prefix`].
    pub fn freeze(&mut self, n: usize) -> Result<(), NnError> {
        let names = self.prefix(n)?;
        for layer in &mut self.layers {
            if names.contains(&layer.name) {
                layer.trainable = false;
            }
        }
        Ok(())
    }

    /// The net of a linear probe: the first n layers with weights, with what follows each up to the next, frozen
    /// and without dropout, and directly on them the last layer.
    ///
    /// # Errors
    /// n outside 1..=[`Self::most_n`].
    pub fn probe(mut self, n: usize) -> Result<Self, NnError> {
        if n > self.most_n() {
            return Err(NnError::Prefix { net: self.name.clone(), n, most: self.most_n() });
        }
        self.freeze(n)?;
        let above = self.weighted().nth(n).map(|layer| layer.name.clone());
        let end = self.layers.iter().position(|layer| Some(&layer.name) == above.as_ref()).unwrap_or(self.layers.len());
        let last = self.layers.pop();
        self.layers.truncate(end);
        self.layers.retain(|layer| !matches!(layer.kind, Kind::Dropout { .. }));
        self.layers.extend(last);
        Ok(self)
    }

    /// The same net with another number of classes.
    ///
    /// # Errors
    /// A net that does not end in a dense layer.
    pub fn with_classes(mut self, classes: usize) -> Result<Self, NnError> {
        match self.layers.last_mut() {
            Some(Layer { kind: Kind::Dense { out_features }, .. }) => *out_features = classes,
            other => {
                let last = other.map_or("missing".into(), |layer| layer.name.clone());
                return Err(NnError::NoLogits { net: self.name, last });
            }
        }
        Ok(self)
    }
}
