//! What was measured on trained networks beside their accuracy: filters, confusions, similarity of activations.

use serde::{Deserialize, Serialize};

use super::{error::ReportError, json_nan::null_is_nan};
pub use crate::protocol::cka::Estimator;

/// The first layer's weights of one network, to be drawn.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Filters {
    /// What the picture shows, such as `base A of split 0, conv1`.
    pub title: String,
    /// Number of filters.
    pub count: usize,
    /// 1 (drawn gray) or 3 (drawn as red, green, blue).
    pub channels: usize,
    /// Rows of one filter.
    pub height: usize,
    /// Columns of one filter.
    pub width: usize,
    /// Weights `[count, channels, height, width]`, the last index running fastest.
    pub values: Vec<f32>,
}

impl Filters {
    /// Checks the values against the shape.
    ///
    /// # Errors
    /// [`ReportError::FilterShape`] where they contradict each other.
    pub fn check(&self) -> Result<(), ReportError> {
        let Self { title, count, channels, height, width, values } = self;
        let expected = [*count, *channels, *height, *width].into_iter().try_fold(1usize, usize::checked_mul);
        if matches!(channels, 1 | 3) && expected == Some(values.len()) && !values.is_empty() {
            return Ok(());
        }
        Err(ReportError::FilterShape {
            title: title.clone(),
            found: values.len(),
            count: *count,
            channels: *channels,
            height: *height,
            width: *width,
        })
    }
}

/// What one network took its test images for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// Name of the run.
    #[serde(default)]
    pub run: String,
    /// Names of the classes, in the order of labels.
    pub classes: Vec<String>,
    /// Images by true class (row) and by the output with the greatest score (column). There are more columns than
    /// rows where the network has more outputs than its half has classes.
    pub counts: Vec<Vec<u64>>,
}

impl Confusion {
    /// Share of the images that the most frequent class has; `None` where there are no images.
    #[must_use]
    pub fn chance(&self) -> Option<f64> {
        let of_class = || self.counts.iter().map(|row| row.iter().sum::<u64>());
        let all: u64 = of_class().sum();
        of_class().max().filter(|_| all > 0).map(|most| most as f64 / all as f64)
    }
}

/// How alike the activations of two layers are, on the same images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Similarity {
    /// Name of one run.
    pub network: String,
    /// Name of the other.
    pub other: String,
    /// Half whose evaluation images were used.
    pub images: String,
    /// How many images.
    pub count: u64,
    /// Layer of the one.
    pub layer: String,
    /// Layer of the other.
    pub other_layer: String,
    /// What it was estimated by: `biased`, which is what files mean that do not say, or `debiased`.
    #[serde(default = "Estimator::unsaid")]
    pub estimator: Estimator,
    /// Linear centred kernel alignment; NaN (`null` in JSON) where it is not defined.
    #[serde(deserialize_with = "null_is_nan")]
    pub value: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_the_share_of_the_most_frequent_class() {
        let of = |counts: &[&[u64]]| {
            let counts = counts.iter().map(|row| row.to_vec()).collect();
            Confusion { run: String::new(), classes: Vec::new(), counts }.chance()
        };
        assert_eq!(of(&[&[5, 5], &[10, 0]]), Some(0.5));
        assert_eq!(of(&[&[3, 0, 0], &[0, 1, 0]]), Some(0.75));
        assert_eq!(of(&[]), None);
    }
}
