//! What a page needs to train an experiment's networks in a browser: shaders, buffers, tapes, images, and the page.
//!
//! A tape is data, so that nothing is compiled for the browser: what the gpu executor would make of a program is
//! planned within WebGPU's default limits, without an adapter, and written down. `web/player` replays it with the same
//! WGSL. [`format`] is the written form, which `docs/web-tape.md` describes.

mod binary;
mod error;
mod experiment;
pub mod format;
mod images;
mod kernels;
mod network;
mod recording;
mod site;

pub use binary::Binary;
pub use error::WebError;
pub use kernels::Kernels;
pub use site::{Exported, Options, export};

use crate::{
    ops::Planned,
    protocol::{Experiment, source::Sets},
};
use format::{FORMAT, Tape, VERSION};

/// A tape: the text of its description, and the file of its bytes, packed.
#[derive(Clone, Debug)]
pub struct Written {
    /// JSON, as [`format`] says.
    pub text: Vec<u8>,
    /// The packed bytes.
    pub binary: Vec<u8>,
}

/// The tape of an experiment. `command` is what trains the same networks natively, up to the keys that a page adds.
///
/// # Errors
/// Settings that a page cannot follow; images or nets that are missing or do not fit; more than a page may hold.
pub fn tape(experiment: &Experiment, command: &str) -> Result<Written, WebError> {
    experiment::check(experiment)?;
    let data = Sets::load(experiment)?.data;
    let mut binary = Binary::default();
    let images = images::of(experiment, &data, &mut binary)?;
    let mut kernels = Kernels::default();
    let programs = network::all(experiment, &data, &mut kernels, &mut binary)?;
    let (shaders, pipelines) = kernels.into_parts();
    let (binary, packed) = binary.pack()?;
    let tape = Tape {
        format: FORMAT,
        version: VERSION,
        strata: env!("CARGO_PKG_VERSION"),
        experiment: experiment::described(experiment, command),
        data: images,
        blocks: experiment.block_names()?,
        shaders,
        pipelines,
        programs,
        binary,
    };
    // Plain structs of numbers, lists and text always serialise.
    Ok(Written { text: serde_json::to_vec(&tape).unwrap_or_default(), binary: packed })
}

/// The number of the only buffer of a tensor.
///
/// # Errors
/// [`WebError::Divided`] for a tensor that lies in several.
fn buffer_of(planned: &Planned, tensor: usize) -> Result<usize, WebError> {
    match planned.arrangement.places[tensor][..] {
        [only] => Ok(only),
        _ => Err(WebError::Divided { tensor: planned.tensors[tensor].name.clone() }),
    }
}
