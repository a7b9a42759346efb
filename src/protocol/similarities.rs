//! The file of similarities.

use super::cka::Estimator;
use serde::{Deserialize, Serialize};

/// One value: two layers of two networks on the same images, by one estimator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The one network.
    pub network: String,
    /// The other.
    pub other: String,
    /// The half whose evaluation images were used, with what it is where A is several things in turn.
    pub images: String,
    /// How many images.
    pub count: u64,
    /// The block of the one, as its last layer with weights or its sum leaves it, after the rectifier; the last block's
    /// outputs are its scores.
    pub layer: String,
    /// The block of the other.
    pub other_layer: String,
    /// What HSIC was estimated by. Files that do not say hold biased values.
    #[serde(default = "Estimator::unsaid")]
    pub estimator: Estimator,
    /// Linear CKA; none where it is not defined, as where a layer gives every image the same.
    pub value: Option<f64>,
}

/// The content of `similarity.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Similarities {
    /// The digest of the weights, images and their number that the rows were computed from.
    pub of: String,
    /// The values.
    pub rows: Vec<Row>,
}
