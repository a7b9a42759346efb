//! A recorded tape on a device: its pipelines, its parameters and a bind group for each dispatch.

use super::{
    Access, Gpu, GpuError,
    buffer::create_buffer,
    memory::Memory,
    pipeline::Pipeline,
    place::Place,
    recorder::{self, Bound, TapePlan},
    scope::scoped,
};
use std::sync::Arc;

/// One dispatch, ready to be run any number of times.
#[derive(Debug)]
pub(super) struct Dispatch {
    pub pipeline: Arc<Pipeline>,
    pub group: wgpu::BindGroup,
    pub grid: [u32; 2],
    /// The number of its operation in the tape.
    pub operation: usize,
}

/// A tape on a device.
#[derive(Debug)]
pub(super) struct Tape {
    pub dispatches: Vec<Dispatch>,
    /// Memory for what one dispatch leaves to the next.
    pub scratch: Option<Place>,
}

/// The buffers that the dispatches of a tape bind.
struct Buffers<'a> {
    memory: &'a Memory,
    parameters: &'a wgpu::Buffer,
    step: &'a wgpu::Buffer,
    scratch: Option<&'a Place>,
}

impl Tape {
    /// Makes a tape of a plan: its pipelines where they are not there yet, one buffer with the parameters of all
    /// dispatches, and a bind group for each.
    pub fn make(gpu: &Gpu, memory: &Memory, plan: &TapePlan, step: &wgpu::Buffer) -> Result<Self, GpuError> {
        let pipeline = |d: &recorder::Dispatch| gpu.pipeline(&d.layer, d.kernel, d.constants);
        let pipelines = plan.dispatches.iter().map(pipeline).collect::<Result<Vec<_>, _>>()?;
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let parameters = create_buffer(gpu, "parameters", plan.parameters.len() as u64, usage)?;
        gpu.queue.write_buffer(&parameters, 0, &plan.parameters);
        let scratch = match plan.scratch {
            0 => None,
            bytes => Some(Place::allocate(gpu, "scratch", bytes)?),
        };
        let buffers = Buffers { memory, parameters: &parameters, step, scratch: scratch.as_ref() };
        let bind = |(planned, pipeline)| buffers.bind(gpu, planned, pipeline);
        let create = || plan.dispatches.iter().zip(pipelines).map(bind).collect();
        let dispatches = scoped(&gpu.device, create).map_err(|caught| caught.of("the bindings of a tape"))?;
        Ok(Self { dispatches, scratch })
    }
}

impl Buffers<'_> {
    fn bind(&self, gpu: &Gpu, planned: &recorder::Dispatch, pipeline: Arc<Pipeline>) -> Dispatch {
        let mut places = planned.places.iter();
        let entries: Vec<_> = planned
            .kernel
            .bindings
            .iter()
            .filter_map(|&(binding, access)| {
                let resource = match access {
                    Access::Uniform => wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                        buffer: self.parameters,
                        offset: planned.parameters as u64,
                        size: wgpu::BufferSize::new(planned.kernel.parameters.size as u64),
                    }),
                    Access::Step => self.step.as_entire_binding(),
                    Access::Read | Access::Write | Access::ReadWrite => match places.next()? {
                        Bound::Segment { tensor, segment } => self.memory.place(*tensor, *segment).binding(),
                        Bound::Scratch => self.scratch?.binding(),
                    },
                };
                Some(wgpu::BindGroupEntry { binding, resource })
            })
            .collect();
        let descriptor = wgpu::BindGroupDescriptor { label: None, layout: &pipeline.layout, entries: &entries };
        let group = gpu.device.create_bind_group(&descriptor);
        Dispatch { pipeline, group, grid: planned.grid, operation: planned.operation }
    }
}
