//! The shaders and pipelines of a tape, each once, and programs as dispatches of them.

use super::{
    Binary, WebError, buffer_of,
    format::{Dispatch, Dispatches, Pipeline, Program, Shader},
};
use crate::{
    gpu::{self, Access, Bound, TapePlan},
    ops::Planned,
};
use std::collections::{BTreeMap, HashMap};

type PipelineKey = (usize, &'static str, Vec<(&'static str, u64)>);

/// Shaders and pipelines that are being collected.
#[derive(Debug, Default)]
pub struct Kernels {
    shaders: Vec<Shader>,
    pipelines: Vec<Pipeline>,
    shader_numbers: HashMap<String, usize>,
    pipeline_numbers: HashMap<PipelineKey, usize>,
}

/// How a kernel uses a binding, in words.
const fn use_of(access: Access) -> &'static str {
    match access {
        Access::Uniform => "uniform",
        Access::Step => "step",
        Access::Read => "read",
        Access::Write => "write",
        Access::ReadWrite => "read_write",
    }
}

impl Kernels {
    /// The shaders and pipelines.
    pub fn into_parts(self) -> (Vec<Shader>, Vec<Pipeline>) {
        (self.shaders, self.pipelines)
    }

    /// Writes a program with those of its tapes that are named, each with its number.
    ///
    /// # Errors
    /// [`WebError::Divided`] for a tensor in several buffers.
    pub fn program(
        &mut self,
        planned: &Planned,
        tapes: &[(&str, usize)],
        binary: &mut Binary,
    ) -> Result<Program, WebError> {
        let mut buffers: Vec<u64> = planned.arrangement.buffers.iter().map(|buffer| buffer.bytes).collect();
        let mut written = BTreeMap::new();
        for &(name, number) in tapes {
            let tape = &planned.tapes[number];
            // Each tape's scratch memory is one more buffer.
            let scratch = buffers.len();
            if tape.scratch > 0 {
                buffers.push(tape.scratch);
            }
            written.insert(name.to_string(), self.tape(planned, tape, scratch, binary)?);
        }
        Ok(Program { buffers, tapes: written })
    }

    fn tape(
        &mut self,
        planned: &Planned,
        tape: &TapePlan,
        scratch: usize,
        binary: &mut Binary,
    ) -> Result<Dispatches, WebError> {
        let mut dispatches = Vec::with_capacity(tape.dispatches.len());
        for dispatch in &tape.dispatches {
            let buffers = dispatch.places.iter().map(|place| match *place {
                Bound::Segment { tensor, .. } => buffer_of(planned, tensor),
                Bound::Scratch => Ok(scratch),
            });
            dispatches.push(Dispatch {
                layer: dispatch.layer.clone(),
                pipeline: self.pipeline(dispatch),
                buffers: buffers.collect::<Result<_, _>>()?,
                parameters: dispatch.parameters,
                grid: dispatch.grid,
            });
        }
        Ok(Dispatches { parameters: binary.add(&tape.parameters), dispatches })
    }

    fn pipeline(&mut self, dispatch: &gpu::Dispatch) -> usize {
        let kernel = dispatch.kernel;
        let name = &kernel.shader.name;
        let shader = *self.shader_numbers.entry(name.to_string()).or_insert_with(|| {
            self.shaders.push(Shader { name: name.to_string(), source: kernel.shader.source() });
            self.shaders.len() - 1
        });
        let bits = dispatch.constants.iter().map(|&(name, value)| (name, value.to_bits())).collect();
        *self.pipeline_numbers.entry((shader, kernel.entry, bits)).or_insert_with(|| {
            self.pipelines.push(Pipeline {
                shader,
                entry: kernel.entry.into(),
                constants: dispatch.constants.iter().map(|&(name, value)| (name.into(), value)).collect(),
                bindings: kernel.bindings.iter().map(|&(number, access)| (number, use_of(access))).collect(),
                parameters: kernel.parameters.size,
            });
            self.pipelines.len() - 1
        })
    }
}
