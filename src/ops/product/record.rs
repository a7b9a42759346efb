//! Chooses the kernel of a product and dispatches it: tiles through workgroup memory on a GPU, lanes on a processor.

use super::{
    forms,
    parameters::ProductParameters,
    pass::{Buffer, Pass},
    tile::{TILES, Tile},
    way,
};
use crate::gpu::{Access, Binding, Constants, GpuError, Kernel, Part, Recorder, Registers, read, read_write};

/// Depths whose sums are added to those before: in tiles, and in lanes, where an operand that lies along the depth is
/// contiguous within a stretch.
#[derive(Clone, Copy, Debug)]
pub struct Runs {
    /// A run of a tile.
    pub tiles: usize,
    /// A run of a lane.
    pub lanes: usize,
    /// A stretch of a lane.
    pub stretch: usize,
}

/// A product, or the parts of one.
#[derive(Clone, Copy, Debug)]
pub struct Product<'a> {
    /// The pass.
    pub pass: &'static Pass,
    /// The parameters, but those that follow from the kernel.
    pub parameters: ProductParameters,
    /// The runs.
    pub runs: Runs,
    /// Whether channels can be loaded four at a time.
    pub aligned: bool,
    /// Whether lanes can be taken where the device is a processor: they load and store four channels at a time.
    pub lanes: bool,
    /// What is bound.
    pub bindings: &'a [(Buffer, Part)],
}

/// Results of one workgroup of the lane kernels, down and across, with few rows in the second case.
const LANES: [usize; 2] = [64, 32];
const LANES_TRANSPOSED: [usize; 2] = [32, 64];

/// The constants of the kernels for processors: where there are few rows, only their vectors are computed.
fn vectors_for(rows: u32) -> Constants {
    match rows {
        0..=4 => &[("VECTORS", 1.0)],
        5..=8 => &[("VECTORS", 2.0)],
        9..=16 => &[("VECTORS", 4.0)],
        _ => &[],
    }
}

impl Product<'_> {
    /// Dispatches it.
    pub fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let (pass, mut parameters) = (self.pass, self.parameters);
        let lanes = pass.lanes().filter(|_| self.lanes && recorder.limits().lanes);
        let [rows, columns] = [parameters.rows as usize, parameters.columns as usize];
        let parts = (parameters.groups * parameters.parts) as usize;
        let (kernel, constants, [down, across]): (_, Constants, _) = match lanes {
            Some(kernel) if pass.transposed => (Some(kernel), vectors_for(parameters.rows), LANES_TRANSPOSED),
            Some(kernel) => (Some(kernel), &[], LANES),
            None => {
                let tile = way::choose(recorder, forms::convolves(pass.stem), parts, [rows, columns]);
                let rolled = TILES[tile].is_slim() && recorder.limits().registers == Registers::Fewest;
                parameters.slab = way::depth(recorder, tile) as u32;
                let Tile { rows, columns, .. } = TILES[tile];
                (pass.tiled(recorder, tile), forms::constants_of(self.aligned, rolled), [rows, columns])
            }
        };
        if lanes.is_some() && pass.transposed {
            // The operands change places.
            let [a, b] = [[parameters.a_origin, parameters.a_pitch], [parameters.b_origin, parameters.b_pitch]];
            [parameters.a_origin, parameters.a_pitch] = b;
            [parameters.b_origin, parameters.b_pitch] = a;
        }
        parameters.run = if lanes.is_some() { self.runs.lanes } else { self.runs.tiles } as u32;
        parameters.stretch = self.runs.stretch as u32;
        parameters.across = columns.div_ceil(across) as u32;
        parameters.tiles = rows.div_ceil(down) as u32 * parameters.across;
        let workgroups = u64::from(parameters.tiles) * parts as u64;
        dispatch(recorder, kernel, constants, &parameters, self.bindings, workgroups)
    }
}

/// Dispatches the sum of the parts of a product: `parameters` are those of the results, `across` the columns of a part.
pub fn sum(
    recorder: &mut Recorder<'_>,
    pass: &'static Pass,
    parameters: &ProductParameters,
    across: usize,
    bindings: &[(Buffer, Part)],
) -> Result<(), GpuError> {
    let parameters = ProductParameters { across: (across / 4) as u32, ..*parameters };
    let workgroups = u64::from((parameters.part_pitch / 4).div_ceil(64));
    dispatch(recorder, pass.sum(), &[], &parameters, bindings, workgroups)
}

fn dispatch(
    recorder: &mut Recorder<'_>,
    kernel: Option<&'static Kernel>,
    constants: Constants,
    parameters: &ProductParameters,
    bound: &[(Buffer, Part)],
    workgroups: u64,
) -> Result<(), GpuError> {
    let kernel = kernel.ok_or_else(|| GpuError::Validation("a product has no kernel in its precision".into()))?;
    // What the kernel binds, in its order; the recorder refuses bindings that lack one.
    let binding = |&(number, access): &(u32, Access)| {
        let (_, part) = bound.iter().find(|(buffer, _)| buffer.binding == number)?;
        Some(if access == Access::ReadWrite { read_write(*part) } else { read(*part) })
    };
    let bindings: Vec<Binding> = kernel.bindings.iter().filter_map(binding).collect();
    recorder.dispatch(kernel, constants, parameters, &bindings, workgroups)
}
