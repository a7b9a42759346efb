//! Turns operations into dispatches, once, when a program is loaded.

use super::{
    Access, Gpu, GpuError, Kernel, Limits, Matrices, Parameters, Part,
    buffer::create_buffer,
    memory::Memory,
    pipeline::{Constants, Pipeline},
    place::Place,
};
use crate::host::Precision;
use std::sync::Arc;

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

/// One dispatch, ready to be recorded any number of times.
#[derive(Debug)]
pub(super) struct Dispatch {
    pub pipeline: Arc<Pipeline>,
    pub group: wgpu::BindGroup,
    pub grid: [u32; 2],
    /// The number of its operation in the tape.
    pub operation: usize,
}

/// The buffers that all dispatches of a tape share.
struct Shared<'a> {
    parameters: &'a wgpu::Buffer,
    step: &'a wgpu::Buffer,
    scratch: Option<&'a Place>,
}

struct Planned {
    pipeline: Arc<Pipeline>,
    kernel: &'static Kernel,
    bindings: Vec<Binding>,
    parameters: usize,
    grid: [u32; 2],
    operation: usize,
}

/// Collects the dispatches of one tape.
pub struct Recorder<'a> {
    gpu: &'a Gpu,
    memory: &'a Memory,
    layer: String,
    tile: Option<usize>,
    operations: usize,
    planned: Vec<Planned>,
    parameters: Vec<u8>,
    scratch: usize,
    precision: Precision,
}

/// What recording a tape has made.
#[derive(Debug)]
pub(super) struct Tape {
    pub dispatches: Vec<Dispatch>,
    /// Memory for what one dispatch leaves to the next.
    pub scratch: Option<Place>,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(gpu: &'a Gpu, memory: &'a Memory) -> Self {
        Self {
            gpu,
            memory,
            layer: "-".into(),
            tile: None,
            operations: 0,
            planned: Vec::new(),
            parameters: Vec::new(),
            scratch: 0,
            precision: Precision::F32,
        }
    }

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
        self.tile = self.gpu.limits().tile.or_else(|| self.gpu.preferred(product?));
        self.operations += 1;
    }

    /// The device's limits.
    pub fn limits(&self) -> &Limits {
        self.gpu.limits()
    }

    /// The number of the tile that the operation's products are to take, if not the one that their shapes choose.
    pub fn tile(&self) -> Option<usize> {
        self.tile
    }

    /// All segments of a tensor, in order.
    pub fn parts(&self, tensor: usize) -> Vec<Part> {
        let spec = &self.memory.specs[tensor];
        (0..spec.segments()).map(|segment| spec.part(tensor, segment)).collect()
    }

    /// The segment of another tensor that holds the same rows; the whole of it where neither is divided.
    pub fn beside(&self, tensor: usize, like: Part) -> Result<Part, GpuError> {
        let spec = &self.memory.specs[tensor];
        if spec.segments() == 1 && self.memory.specs[like.tensor].segments() == 1 {
            return Ok(spec.part(tensor, 0));
        }
        if like.segment < spec.segments() {
            let part = spec.part(tensor, like.segment);
            if (part.first, part.rows) == (like.first, like.rows) {
                return Ok(part);
            }
        }
        let other = &self.memory.specs[like.tensor].name;
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
        self.memory.specs[tensor].row_bytes / 4
    }

    /// Refuses a tensor whose rows do not hold what its operation expects.
    pub fn expect_row(&self, tensor: usize, elements: usize) -> Result<(), GpuError> {
        let (name, got) = (&self.memory.specs[tensor].name, self.row_elements(tensor));
        if got == elements {
            return Ok(());
        }
        let layer = &self.layer;
        Err(GpuError::Validation(format!("layer {layer}: tensor {name} has rows of {got} elements, not {elements}")))
    }

    /// The only segment of a tensor that its operation cannot take in pieces.
    pub fn whole(&self, tensor: usize) -> Result<Part, GpuError> {
        let spec = &self.memory.specs[tensor];
        if spec.segments() > 1 {
            return Err(GpuError::Limit {
                layer: self.layer.clone(),
                tensor: spec.name.clone(),
                limit: "maxStorageBufferBindingSize",
                needed: (spec.rows * spec.row_bytes) as u64,
                allowed: self.gpu.limits().segment_bytes(),
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
        let pipeline = self.gpu.pipeline(&self.layer, kernel, constants)?;
        let grid = self.grid(workgroups)?;
        // Uniform bindings begin at multiples of this alignment, 256 on every adapter that says so by default.
        let alignment = self.gpu.device.limits().min_uniform_buffer_offset_alignment as usize;
        self.parameters.resize(self.parameters.len().next_multiple_of(alignment), 0);
        let at = self.parameters.len();
        self.parameters.extend_from_slice(bytemuck::bytes_of(parameters));
        let operation = self.operations.saturating_sub(1);
        self.planned.push(Planned { pipeline, kernel, bindings: bindings.to_vec(), parameters: at, grid, operation });
        Ok(())
    }

    /// Folds a row of workgroups into two dimensions; the kernels rebuild the linear number.
    fn grid(&self, workgroups: u64) -> Result<[u32; 2], GpuError> {
        let most = u64::from(self.gpu.limits().workgroups);
        let y = workgroups.div_ceil(most);
        if y > most {
            return Err(GpuError::Workgroups { layer: self.layer.clone(), needed: workgroups, allowed: most * most });
        }
        Ok([workgroups.div_ceil(y) as u32, y as u32])
    }

    /// Makes the tape: one buffer with the parameters of all dispatches, and a bind group for each.
    pub(super) fn finish(mut self, step: &wgpu::Buffer) -> Result<Tape, GpuError> {
        let size = self.parameters.len().next_multiple_of(16).max(16);
        self.parameters.resize(size, 0);
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let buffer = create_buffer(self.gpu, "parameters", size as u64, usage)?;
        self.gpu.queue.write_buffer(&buffer, 0, &self.parameters);
        let scratch = match self.scratch {
            0 => None,
            bytes => Some(Place::allocate(self.gpu, "scratch", bytes.next_multiple_of(16) as u64)?),
        };
        let shared = Shared { parameters: &buffer, step, scratch: scratch.as_ref() };
        let create = || self.planned.iter().map(|planned| self.bind(planned, &shared)).collect();
        let dispatches = self.gpu.scoped(create).map_err(|caught| caught.of("the bindings of a tape"))?;
        Ok(Tape { dispatches, scratch })
    }

    fn bind(&self, planned: &Planned, shared: &Shared<'_>) -> Dispatch {
        let mut tensors = planned.bindings.iter();
        let entries: Vec<_> = planned
            .kernel
            .bindings
            .iter()
            .filter_map(|&(binding, access)| {
                let resource = match access {
                    Access::Uniform => wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                        buffer: shared.parameters,
                        offset: planned.parameters as u64,
                        size: wgpu::BufferSize::new(planned.kernel.parameters.size as u64),
                    }),
                    Access::Step => shared.step.as_entire_binding(),
                    Access::Read | Access::Write | Access::ReadWrite => {
                        let part = tensors.next()?.part;
                        match shared.scratch {
                            Some(scratch) if part.tensor == SCRATCH => scratch.binding(),
                            _ => self.memory.place(part.tensor, part.segment).binding(),
                        }
                    }
                };
                Some(wgpu::BindGroupEntry { binding, resource })
            })
            .collect();
        let descriptor = wgpu::BindGroupDescriptor { label: None, layout: &planned.pipeline.layout, entries: &entries };
        let group = self.gpu.device.create_bind_group(&descriptor);
        Dispatch { pipeline: Arc::clone(&planned.pipeline), group, grid: planned.grid, operation: planned.operation }
    }
}
