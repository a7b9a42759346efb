//! Whether images have the shape that an experiment's net takes.

use super::{Experiment, ProtocolError, image_files};
use crate::data::{Dataset, fit::Fit};

/// Refuses images of which the net would see a window only, or that it cannot take at all; where a window is asked for
/// (`data.fit = "crop"`), images smaller than it.
///
/// # Errors
/// [`ProtocolError::Value`] with both shapes and a remedy.
pub(super) fn check(experiment: &Experiment, data: &Dataset) -> Result<(), ProtocolError> {
    let [channels, height, width] = experiment.net.def()?.input;
    let (got, takes, kept) = (data.train.shape(), [height, width, channels], image_files::shape(experiment)?);
    let fit = experiment.data.fit;
    let fits = match fit {
        Fit::Crop => got[2] == channels && got[0] >= height && got[1] >= width,
        Fit::Exact | Fit::Resize | Fit::Pad => got == takes || got == kept,
    };
    if fits {
        return Ok(());
    }
    let larger = got[2] == channels && got[0] >= height && got[1] >= width;
    let mut ways = Vec::new();
    if data.train.is_stored() && got[2] != channels {
        ways.push(format!("a net of {} channels (net.name)", got[2]));
    } else if data.train.is_stored() {
        ways.push(format!("images packed with --size {} (strata data pack)", kept[0]));
    } else {
        ways.push("\"resize\"".to_string());
        if got[0] <= kept[0] && got[1] <= kept[1] {
            ways.push("\"pad\"".to_string());
        }
    }
    if larger {
        ways.push("\"crop\", which shows the net only a window of each image".to_string());
    }
    Err(ProtocolError::Value {
        experiment: experiment.name.clone(),
        key: "data.fit",
        expected: format!(
            "{}: the images of {} are {got:?} (H, W, C), and {} takes {takes:?}",
            ways.join(" or "),
            data.name,
            experiment.net.name
        ),
        got: format!("{:?}", fit.name()),
    })
}
