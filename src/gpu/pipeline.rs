//! Pipelines: from a kernel's text to what a dispatch sets.
#![allow(unsafe_code)]

use super::{Access, Kernel, fault::Fault, lock::lock};
use std::{collections::HashMap, sync::Mutex};

/// A pipeline and the layout of its only bind group.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub pipeline: wgpu::ComputePipeline,
    pub layout: wgpu::BindGroupLayout,
}

/// The values of pipeline-overridable constants.
pub type Constants = &'static [(&'static str, f64)];

/// The modules of a device's shaders, by their names, and how they are made.
pub(super) struct Modules {
    /// Whether shaders run without the checks that naga adds.
    trusted: bool,
    made: Mutex<HashMap<&'static str, wgpu::ShaderModule>>,
}

impl Modules {
    /// Modules of which none is made yet.
    pub fn new(trusted: bool) -> Self {
        Self { trusted, made: Mutex::default() }
    }

    fn of(&self, device: &wgpu::Device, kernel: &'static Kernel) -> wgpu::ShaderModule {
        let make = || module(device, self.trusted, kernel);
        lock(&self.made).entry(&kernel.shader.name).or_insert_with(make).clone()
    }
}

/// The shader's module. Where the device trusts its shaders, naga adds neither bounds checks nor guards of divisions,
/// nor a counter to every loop, which would keep drivers from unrolling them.
fn module(device: &wgpu::Device, trusted: bool, kernel: &'static Kernel) -> wgpu::ShaderModule {
    let descriptor = wgpu::ShaderModuleDescriptor {
        label: Some(&kernel.shader.name),
        source: wgpu::ShaderSource::Wgsl(kernel.shader.source().into()),
    };
    if !trusted {
        return device.create_shader_module(descriptor);
    }
    // SAFETY: the text is this crate's own. Every index comes from parameters that `ops` derives from the sizes of the
    // bound buffers, and is compared with them or clamped; divisors are sizes of at least one; every loop counts up
    // to a parameter or down to zero. The tests run every kernel with the checks and without, and compare the bits.
    unsafe { device.create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked()) }
}

/// The consent to features of wgpu that may still have defects: cooperative matrices.
pub(super) fn experimental() -> wgpu::ExperimentalFeatures {
    // SAFETY: cooperative matrices are all that is asked for. They are loaded from and stored to workgroup memory
    // alone, at places that `shaders/product/tile_matrices.wgsl` and those on top of it derive from the sizes of
    // their arrays, by whole subgroups.
    unsafe { wgpu::ExperimentalFeatures::enabled() }
}

/// Makes the pipeline of a kernel.
pub(super) fn create(
    device: &wgpu::Device,
    modules: &Modules,
    kernel: &'static Kernel,
    constants: Constants,
) -> Pipeline {
    let module = modules.of(device, kernel);
    let entries: Vec<_> = kernel.bindings.iter().map(|&(binding, access)| layout_entry(access, binding)).collect();
    let label = Some(&*kernel.shader.name);
    let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label, entries: &entries });
    let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label,
        bind_group_layouts: &[Some(&layout)],
        immediate_size: 0,
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label,
        layout: Some(&pipeline_layout),
        module: &module,
        entry_point: Some(if Fault::Pipeline.strikes() { "an entry point that is not there" } else { kernel.entry }),
        // Every kernel writes its workgroup memory before it reads it.
        compilation_options: wgpu::PipelineCompilationOptions { constants, zero_initialize_workgroup_memory: false },
        cache: None,
    });
    Pipeline { pipeline, layout }
}

fn layout_entry(access: Access, binding: u32) -> wgpu::BindGroupLayoutEntry {
    let ty = match access {
        Access::Uniform | Access::Step => wgpu::BufferBindingType::Uniform,
        Access::Read => wgpu::BufferBindingType::Storage { read_only: true },
        Access::Write | Access::ReadWrite => wgpu::BufferBindingType::Storage { read_only: false },
    };
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
        count: None,
    }
}
