//! Turns operations into dispatches, once, when a program is loaded. It needs limits and sizes, and no device: what a
//! browser would run is planned by the same code.

use super::{
    Access, GpuError, Kernel, Limits, Matrices, Parameters,
    pipeline::Constants,
    tensor::{Part, TensorSpec},
};
use crate::host::Precision;
use std::collections::BTreeMap;

/// A segment with the way a dispatch uses it.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    part: Part,
    access: Access,
}

/// Binds a segment that is read.
pub const fn read(part: Part) -> Binding {
    Binding { part, access: Access::Read }
}

/// Binds a segment that is written, and not read before.
pub const fn write(part: Part) -> Binding {
    Binding { part, access: Access::Write }
}

/// Binds a segment that is read and written.
pub const fn read_write(part: Part) -> Binding {
    Binding { part, access: Access::ReadWrite }
}

/// The number of no tensor, but of the tape's scratch memory.
const SCRATCH: usize = usize::MAX;

/// What a dispatch binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// A segment of a tensor.
    Segment {
        /// The tensor's number.
        tensor: usize,
        /// The segment's number.
        segment: usize,
    },
    /// The tape's scratch memory.
    Scratch,
}

/// One dispatch as it was recorded.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// The layer, for messages.
    pub layer: String,
    /// The number of its operation in the tape.
    pub operation: usize,
    /// The kernel.
    pub kernel: &'static Kernel,
    /// The values of its pipeline's constants.
    pub constants: Constants,
    /// Its tensors, in the order of the kernel's declaration.
    pub places: Vec<Bound>,
    /// Where its parameters begin in those of the tape.
    pub parameters: usize,
    /// Workgroups across and down.
    pub grid: [u32; 2],
}

/// A recorded tape.
#[derive(Clone, Debug)]
pub struct TapePlan {
    /// The dispatches, which run in order.
    pub dispatches: Vec<Dispatch>,
    /// The parameters of all of them, for one uniform buffer.
    pub parameters: Vec<u8>,
    /// Bytes of memory for what one dispatch leaves to a later one; 0 where none does.
    pub scratch: u64,
}

impl TapePlan {
    /// Records a tape over tensors, within limits: `record` says its dispatches. `tiles` are those that are preferred
    /// for some products.
    ///
    /// # Errors
    /// What `record` returns: tensors or grids that exceed the limits.
    pub fn record(
        limits: &Limits,
        specs: &[TensorSpec],
        tiles: &BTreeMap<String, usize>,
        record: impl FnOnce(&mut Recorder<'_>) -> Result<(), GpuError>,
    ) -> Result<Self, GpuError> {
        let mut recorder = Recorder {
            limits,
            specs,
            tiles,
            layer: "-".into(),
            tile: None,
            operations: 0,
            dispatches: Vec::new(),
            parameters: Vec::new(),
            scratch: 0,
            precision: Precision::F32,
        };
        record(&mut recorder)?;
        let Recorder { dispatches, mut parameters, scratch, .. } = recorder;
        parameters.resize(parameters.len().next_multiple_of(16).max(16), 0);
        Ok(Self { dispatches, parameters, scratch: scratch.next_multiple_of(16) as u64 })
    }
}

/// Collects the dispatches of one tape.
#[derive(Debug)]
pub struct Recorder<'a> {
    limits: &'a Limits,
    specs: &'a [TensorSpec],
    tiles: &'a BTreeMap<String, usize>,
    layer: String,
    tile: Option<usize>,
    operations: usize,
    dispatches: Vec<Dispatch>,
    parameters: Vec<u8>,
    scratch: usize,
    precision: Precision,
}

impl Recorder<'_> {
    /// Sets the precision of what is recorded from here on.
    pub fn set_precision(&mut self, precision: Precision) {
        self.precision = precision;
    }

    /// The precision of what is recorded.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// How matrices are multiplied, where products are those of matrices.
    pub fn matrices(&self) -> Option<Matrices> {
        self.limits().matrices.filter(|_| !self.precision.is_f32())
    }

    /// Begins the next operation; its layer is named in messages, and its product, where it is one, says which tile
    /// the device prefers.
    pub fn operation(&mut self, layer: &str, product: Option<&str>) {
        self.layer = layer.to_string();
        self.tile = self.limits.tile.or_else(|| self.tiles.get(product?).copied());
        self.operations += 1;
    }

    /// The device's limits.
    pub fn limits(&self) -> &Limits {
        self.limits
    }

    /// The number of the tile that the operation's products are to take, if not the one that their shapes choose.
    pub fn tile(&self) -> Option<usize> {
        self.tile
    }

    /// All segments of a tensor, in order.
    pub fn parts(&self, tensor: usize) -> Vec<Part> {
        let spec = &self.specs[tensor];
        (0..spec.segments()).map(|segment| spec.part(tensor, segment)).collect()
    }

    /// The segment of another tensor that holds the same rows; the whole of it where neither is divided.
    pub fn beside(&self, tensor: usize, like: Part) -> Result<Part, GpuError> {
        let spec = &self.specs[tensor];
        if spec.segments() == 1 && self.specs[like.tensor].segments() == 1 {
            return Ok(spec.part(tensor, 0));
        }
        if like.segment < spec.segments() {
            let part = spec.part(tensor, like.segment);
            if (part.first, part.rows) == (like.first, like.rows) {
                return Ok(part);
            }
        }
        let other = &self.specs[like.tensor].name;
        Err(GpuError::Validation(format!(
            "layer {}: tensors {} and {other} are divided differently",
            self.layer, spec.name
        )))
    }

    /// Memory of some elements of four bytes for what one dispatch leaves to a later one of the same operation.
    /// It holds anything before: other operations use it, too.
    pub fn scratch(&mut self, elements: usize) -> Part {
        self.scratch = self.scratch.max(elements * 4);
        Part { tensor: SCRATCH, segment: 0, first: 0, rows: 1 }
    }

    /// Elements of four bytes in a row of a tensor.
    pub fn row_elements(&self, tensor: usize) -> usize {
        self.specs[tensor].row_bytes / 4
    }

    /// Refuses a tensor whose rows do not hold what its operation expects.
    pub fn expect_row(&self, tensor: usize, elements: usize) -> Result<(), GpuError> {
        let (name, got) = (&self.specs[tensor].name, self.row_elements(tensor));
        if got == elements {
            return Ok(());
        }
        let layer = &self.layer;
        Err(GpuError::Validation(format!("layer {layer}: tensor {name} has rows of {got} elements, not {elements}")))
    }

    /// The only segment of a tensor that its operation cannot take in pieces.
    pub fn whole(&self, tensor: usize) -> Result<Part, GpuError> {
        let spec = &self.specs[tensor];
        if spec.segments() > 1 {
            return Err(GpuError::Limit {
                layer: self.layer.clone(),
                tensor: spec.name.clone(),
                limit: "maxStorageBufferBindingSize",
                needed: (spec.rows * spec.row_bytes) as u64,
                allowed: self.limits.segment_bytes(),
            });
        }
        Ok(spec.part(tensor, 0))
    }

    /// Adds a dispatch of `workgroups` workgroups. Binding 0 is the parameters; `bindings` are the tensors,
    /// in the order of the kernel's declaration, between the parameters and the step's values (if it uses them).
    pub fn dispatch<P: Parameters>(
        &mut self,
        kernel: &'static Kernel,
        constants: Constants,
        parameters: &P,
        bindings: &[Binding],
        workgroups: u64,
    ) -> Result<(), GpuError> {
        let declared = kernel.bindings.iter().map(|(_, access)| access);
        let declared = declared.filter(|access| !matches!(access, Access::Uniform | Access::Step));
        if P::TABLE.name != kernel.parameters.name || !declared.eq(bindings.iter().map(|binding| &binding.access)) {
            let name = format!("{}/{}", kernel.shader.stem, kernel.entry);
            return Err(GpuError::Validation(format!("layer {}: {name} is bound otherwise than declared", self.layer)));
        }
        if workgroups == 0 {
            return Ok(());
        }
        let grid = self.grid(workgroups)?;
        self.parameters.resize(self.parameters.len().next_multiple_of(self.limits.uniform_alignment), 0);
        let at = self.parameters.len();
        self.parameters.extend_from_slice(bytemuck::bytes_of(parameters));
        let place = |binding: &Binding| match binding.part {
            Part { tensor: SCRATCH, .. } => Bound::Scratch,
            Part { tensor, segment, .. } => Bound::Segment { tensor, segment },
        };
        self.dispatches.push(Dispatch {
            layer: self.layer.clone(),
            operation: self.operations.saturating_sub(1),
            kernel,
            constants,
            places: bindings.iter().map(place).collect(),
            parameters: at,
            grid,
        });
        Ok(())
    }

    /// Folds a row of workgroups into two dimensions; the kernels rebuild the linear number.
    fn grid(&self, workgroups: u64) -> Result<[u32; 2], GpuError> {
        let most = u64::from(self.limits.workgroups);
        let y = workgroups.div_ceil(most);
        if y > most {
            return Err(GpuError::Workgroups { layer: self.layer.clone(), needed: workgroups, allowed: most * most });
        }
        Ok([workgroups.div_ceil(y) as u32, y as u32])
    }
}
