//! A program loaded on a device.

use super::{
    Device, Element, OpsError, Program, Step, TensorId, TensorShape,
    interleaved::{Fit, Interleaved},
    placement, planned,
    program::{Entry, TapeName, Tensor},
    storage,
};
use crate::{
    cpu,
    gpu::{Session, StepValues},
    host::{Layout, Real},
};
use std::{collections::VecDeque, sync::Arc, time::Instant};

/// A program with its memory on one device.
#[derive(Debug)]
pub struct Executor {
    program: Arc<Program>,
    backend: Backend,
    /// What was to be read later, where it could be read at once.
    arrived: Vec<Vec<f32>>,
    /// The shapes of what a gpu has still to deliver.
    awaited: VecDeque<TensorShape>,
}

#[derive(Debug)]
enum Backend {
    Cpu(cpu::Memory<f32>),
    /// The native executor in `f32` for small nets, images side by side.
    Interleaved(Box<Interleaved>),
    Reference(cpu::Memory<f64>),
    Gpu(Box<Session>),
}

fn allocate<T: Real>(program: &Program) -> cpu::Memory<T> {
    let mut memory = cpu::Memory::default();
    for (tensor, storage) in program.tensors.iter().zip(storage::plan(program, Layout::NATIVE)) {
        let len = tensor.shape.inner_len(Layout::NATIVE);
        let of = |element: Element| if tensor.element == element { len } else { 0 };
        memory.add_real(of(Element::Real), storage);
        memory.words.push(vec![0; of(Element::Word)]);
        memory.bytes.push(vec![0; of(Element::Byte)]);
    }
    memory
}

fn values(step: &Step) -> StepValues {
    let [key_low, key_high] = step.dropout.key;
    StepValues { key_low, key_high, iteration: step.iteration, rate: step.rate as f32, first_image: step.first_image }
}

impl Executor {
    /// Loads a program: all memory is allocated here, and none later. Every tensor starts at zero.
    ///
    /// # Errors
    /// A precision that the device was not opened for; tensors that it has no place for.
    pub fn load(device: &Device, program: Arc<Program>) -> Result<Self, OpsError> {
        device.expect(program.precision)?;
        let backend = match device {
            Device::Cpu => match Interleaved::load(&program) {
                Fit::Blocks(interleaved) => Backend::Interleaved(interleaved),
                Fit::FewImages => {
                    let mut memory = allocate(&program);
                    memory.scratch.direct = true;
                    Backend::Cpu(memory)
                }
                Fit::No => Backend::Cpu(allocate(&program)),
            },
            Device::Reference => Backend::Reference(allocate(&program)),
            Device::Gpu(gpu) => {
                let mut session = Session::new(Arc::clone(gpu), placement::place(&program, gpu.limits())?)?;
                for tape in 0..program.tapes.len() {
                    session.tape(|recorder| planned::record(&program, tape, recorder))?;
                }
                Backend::Gpu(Box::new(session))
            }
        };
        Ok(Self { program, backend, arrived: Vec::new(), awaited: VecDeque::new() })
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.program
    }

    fn checked(&self, id: TensorId, asked: Element, got: Option<usize>) -> Result<&Tensor, OpsError> {
        let tensor = &self.program.tensors[id.0];
        if tensor.element != asked {
            return Err(OpsError::Kind {
                tensor: tensor.name.clone(),
                holds: tensor.element.name(),
                asked: asked.name(),
            });
        }
        match got {
            Some(got) if got != tensor.shape.len() => {
                Err(OpsError::Length { tensor: tensor.name.clone(), expected: tensor.shape.len(), got })
            }
            _ => Ok(tensor),
        }
    }

    /// Whether a GPU computes.
    pub(super) const fn is_gpu(&self) -> bool {
        matches!(self.backend, Backend::Gpu(_))
    }

    /// Bytes of all tensors and of what operations compute on the way: flat from the first step on.
    pub fn bytes(&self) -> u64 {
        match &self.backend {
            Backend::Cpu(memory) => memory.bytes(),
            Backend::Interleaved(memory) => memory.bytes(),
            Backend::Reference(memory) => memory.bytes(),
            Backend::Gpu(session) => session.bytes(),
        }
    }

    /// The shape of a tensor of real numbers that may be read.
    fn readable(&self, id: TensorId) -> Result<TensorShape, OpsError> {
        let tensor = self.checked(id, Element::Real, None)?;
        if tensor.passing { Err(OpsError::Passing { tensor: tensor.name.clone() }) } else { Ok(tensor.shape) }
    }

    /// Overwrites a tensor of real numbers, given in outer order (NCHW, OIHW).
    pub fn write(&mut self, id: TensorId, values: &[f32]) -> Result<(), OpsError> {
        let shape = self.checked(id, Element::Real, Some(values.len()))?.shape;
        match &mut self.backend {
            Backend::Cpu(memory) => memory.put_real(id.0, &shape.pack(Layout::NATIVE, values)),
            Backend::Interleaved(memory) => memory.put_real(id.0, &shape.pack(Layout::NATIVE, values)),
            Backend::Reference(memory) => {
                let wide: Vec<f64> = values.iter().map(|&v| f64::from(v)).collect();
                memory.put_real(id.0, &shape.pack(Layout::NATIVE, &wide));
            }
            Backend::Gpu(session) => session.write(id.0, bytemuck::cast_slice(&shape.pack(Layout::VEC4, values)))?,
        }
        Ok(())
    }

    /// Overwrites a tensor with doubles; all but the reference executor round them to `f32`.
    pub fn write_f64(&mut self, id: TensorId, values: &[f64]) -> Result<(), OpsError> {
        let shape = self.checked(id, Element::Real, Some(values.len()))?.shape;
        if let Backend::Reference(memory) = &mut self.backend {
            memory.put_real(id.0, &shape.pack(Layout::NATIVE, values));
            return Ok(());
        }
        let narrow: Vec<f32> = values.iter().map(|&v| v as f32).collect();
        self.write(id, &narrow)
    }

    /// Overwrites a tensor of words, given in outer order.
    pub fn write_words(&mut self, id: TensorId, values: &[u32]) -> Result<(), OpsError> {
        let shape = self.checked(id, Element::Word, Some(values.len()))?.shape;
        match &mut self.backend {
            Backend::Cpu(memory) => memory.words[id.0] = shape.pack(Layout::NATIVE, values),
            Backend::Interleaved(memory) => memory.put_words(id.0, &shape.pack(Layout::NATIVE, values)),
            Backend::Reference(memory) => memory.words[id.0] = shape.pack(Layout::NATIVE, values),
            Backend::Gpu(session) => session.write(id.0, bytemuck::cast_slice(&shape.pack(Layout::VEC4, values)))?,
        }
        Ok(())
    }

    /// Overwrites the first `values.len()` bytes of a tensor of bytes; up to three bytes after them may become zero.
    pub fn write_bytes(&mut self, id: TensorId, values: &[u8]) -> Result<(), OpsError> {
        let tensor = self.checked(id, Element::Byte, None)?;
        if values.len() > tensor.shape.len() {
            let (tensor, expected) = (tensor.name.clone(), tensor.shape.len());
            return Err(OpsError::Length { tensor, expected, got: values.len() });
        }
        match &mut self.backend {
            Backend::Cpu(memory) => memory.bytes[id.0][..values.len()].copy_from_slice(values),
            Backend::Interleaved(memory) => memory.put_bytes(id.0, values),
            Backend::Reference(memory) => memory.bytes[id.0][..values.len()].copy_from_slice(values),
            Backend::Gpu(session) => session.write(id.0, values)?,
        }
        Ok(())
    }

    /// Reads a tensor of real numbers in outer order.
    pub fn read(&mut self, id: TensorId) -> Result<Vec<f32>, OpsError> {
        let shape = self.readable(id)?;
        Ok(match &mut self.backend {
            Backend::Cpu(memory) => shape.unpack(Layout::NATIVE, &memory.real[id.0]),
            Backend::Interleaved(memory) => shape.unpack(Layout::NATIVE, &memory.real(id.0)),
            Backend::Reference(memory) => {
                shape.unpack(Layout::NATIVE, &memory.real[id.0]).into_iter().map(|v| v as f32).collect()
            }
            Backend::Gpu(session) => {
                shape.unpack(Layout::VEC4, &bytemuck::pod_collect_to_vec::<u8, f32>(&session.read(id.0)?))
            }
        })
    }

    /// Reads a small tensor of real numbers as it is now, without waiting for a gpu: [`Self::collect`] delivers it.
    pub fn read_later(&mut self, id: TensorId) -> Result<(), OpsError> {
        let shape = self.readable(id)?;
        if let Backend::Gpu(session) = &mut self.backend {
            session.read_later(id.0)?;
            self.awaited.push_back(shape);
        } else {
            let values = self.read(id)?;
            self.arrived.push(values);
        }
        Ok(())
    }

    /// What [`Self::read_later`] was asked for and has arrived since the last call, in the order of the calls; with
    /// `all`, everything.
    pub fn collect(&mut self, all: bool) -> Result<Vec<Vec<f32>>, OpsError> {
        if let Backend::Gpu(session) = &mut self.backend {
            for bytes in session.collect(all)? {
                let Some(shape) = self.awaited.pop_front() else { continue };
                self.arrived.push(shape.unpack(Layout::VEC4, &bytemuck::pod_collect_to_vec::<u8, f32>(&bytes)));
            }
        }
        Ok(std::mem::take(&mut self.arrived))
    }

    /// Reads a tensor of real numbers in outer order, widened to doubles.
    pub fn read_f64(&mut self, id: TensorId) -> Result<Vec<f64>, OpsError> {
        let shape = self.readable(id)?;
        if let Backend::Reference(memory) = &self.backend {
            return Ok(shape.unpack(Layout::NATIVE, &memory.real[id.0]));
        }
        Ok(self.read(id)?.into_iter().map(f64::from).collect())
    }

    /// Reads a tensor of words in outer order.
    pub fn read_words(&mut self, id: TensorId) -> Result<Vec<u32>, OpsError> {
        let shape = self.checked(id, Element::Word, None)?.shape;
        Ok(match &mut self.backend {
            Backend::Cpu(memory) => shape.unpack(Layout::NATIVE, &memory.words[id.0]),
            Backend::Interleaved(memory) => shape.unpack(Layout::NATIVE, &memory.words(id.0)),
            Backend::Reference(memory) => shape.unpack(Layout::NATIVE, &memory.words[id.0]),
            Backend::Gpu(session) => {
                shape.unpack(Layout::VEC4, &bytemuck::pod_collect_to_vec::<u8, u32>(&session.read(id.0)?))
            }
        })
    }

    /// Dispatches of a tape on a GPU; none on the native executor.
    pub fn dispatches(&self, tape: impl TapeName) -> Option<usize> {
        match &self.backend {
            Backend::Gpu(session) => Some(session.dispatches(tape.number())),
            Backend::Cpu(_) | Backend::Interleaved(_) | Backend::Reference(_) => None,
        }
    }

    /// Runs one tape of the program.
    pub fn run(&mut self, tape: impl TapeName, step: &Step) -> Result<(), OpsError> {
        let entries = self.program.tape(tape);
        match &mut self.backend {
            // One call into the pool of threads instead of one an operation.
            Backend::Cpu(memory) => rayon::scope(|_| entries.iter().for_each(|entry| entry.op.run(memory, step))),
            Backend::Interleaved(memory) => memory.run(&self.program, tape.number(), step),
            Backend::Reference(memory) => entries.iter().for_each(|entry| entry.op.run(memory, step)),
            Backend::Gpu(session) => {
                session.run(tape.number(), &values(step))?;
            }
        }
        Ok(())
    }

    /// Runs one tape operation by operation and gives the seconds of each: by the clock on the native executor,
    /// by the device's own on a GPU; none where that has no timestamps.
    pub fn run_timed(&mut self, tape: impl TapeName, step: &Step) -> Result<Option<Vec<f64>>, OpsError> {
        fn timed<T: Real>(tape: &[Entry], memory: &mut cpu::Memory<T>, step: &Step) -> Vec<f64> {
            let timed = tape.iter().map(|entry| {
                let start = Instant::now();
                entry.op.run(memory, step);
                start.elapsed().as_secs_f64()
            });
            timed.collect()
        }
        let entries = self.program.tape(tape);
        Ok(match &mut self.backend {
            Backend::Cpu(memory) => Some(rayon::scope(|_| timed(entries, memory, step))),
            Backend::Interleaved(memory) => Some(memory.run_timed(&self.program, tape.number(), step)),
            Backend::Reference(memory) => Some(timed(entries, memory, step)),
            Backend::Gpu(session) => session.run_timed(tape.number(), entries.len(), &values(step))?,
        })
    }
}
