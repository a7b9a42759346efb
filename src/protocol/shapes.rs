//! Data sets whose images have the shape that a net takes.

use super::ProtocolError;
use crate::{
    data::{DataError, Dataset, OnBad, Source, fit},
    nn::NetDef,
};
use std::path::Path;

use fit::Fit;

/// The side of the paper's images, and the sides of the windows that its nets and torchvision's see.
const PAPER: (usize, [usize; 2]) = (256, [227, 224]);

/// The shape in which images are kept for a net, `[height, width, channels]`: its input's, or 256 x 256 for nets that
/// see 227 x 227 or 224 x 224 of it.
fn kept(net: &NetDef) -> [usize; 3] {
    let [channels, height, width] = net.input;
    let side = |of_net: usize| if PAPER.1.contains(&of_net) { PAPER.0 } else { of_net };
    [side(height), side(width), channels]
}

/// How a data set is read: [`Source::load`], or [`Source::list`] for whoever counts images and looks at none.
pub type Read = fn(Source, Option<&Path>, [usize; 3], OnBad) -> Result<Dataset, DataError>;

/// Reads a data set for a net, and fits its images to the net's input.
///
/// # Errors
/// Those of `read` and [`fit::fit`]; [`ProtocolError::Unfit`] for images of which the net would see a window only, or
/// that it cannot take at all, or, where a window is asked for ([`Fit::Crop`]), that are smaller than it.
pub fn fitted(
    read: Read,
    source: Source,
    path: Option<&Path>,
    net: &NetDef,
    how: Fit,
    on_bad: OnBad,
) -> Result<Dataset, ProtocolError> {
    let data = fit::fit(read(source, path, kept(net), on_bad)?, kept(net), how)?;
    check(&data, net, how)?;
    Ok(data)
}

fn check(data: &Dataset, net: &NetDef, how: Fit) -> Result<(), ProtocolError> {
    let [channels, height, width] = net.input;
    let (got, takes, kept) = (data.train.shape(), [height, width, channels], kept(net));
    let larger = got[2] == channels && got[0] >= height && got[1] >= width;
    let fits = match how {
        Fit::Crop => larger,
        Fit::Exact | Fit::Resize | Fit::Pad => got == takes || got == kept,
    };
    if fits {
        return Ok(());
    }
    let mut ways = Vec::new();
    if data.train.is_stored() && got[2] != channels {
        ways.push(format!("choose a net of {} channels (net.name)", got[2]));
    } else if data.train.is_stored() {
        ways.push(format!("pack the images with --size {} (strata data pack)", kept[0]));
    } else {
        let smaller = got[0] <= kept[0] && got[1] <= kept[1];
        ways.push(format!("set data.fit to \"resize\"{}", if smaller { " or \"pad\"" } else { "" }));
    }
    if larger {
        ways.push("set data.fit to \"crop\", which shows the net only a window of each image".to_string());
    }
    let (images, net, remedy) = (data.name.clone(), net.name.clone(), ways.join(", or "));
    Err(ProtocolError::Unfit { images, got, net, expected: takes, fit: how.name(), remedy })
}
