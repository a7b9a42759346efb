//! The adapters of a machine, and the choice among them.

use super::{GpuError, Limits, Matrices, matrices};
use std::fmt::{self, Display};

/// Which adapter to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The first discrete, integrated or virtual GPU, in this order; never a software adapter.
    Hardware,
    /// A software adapter, such as Mesa's lavapipe.
    Software,
    /// The first adapter whose name contains this, whatever the case of its letters.
    Named(String),
    /// A device that checks every call and computes nothing, with WebGPU's default limits: for tests.
    Noop,
}

/// What an adapter says about itself.
#[derive(Clone, Debug)]
pub struct AdapterInfo {
    /// The name.
    pub name: String,
    /// The interface to the driver: `vulkan`, `metal`, `dx12`, `noop`.
    pub backend: String,
    /// Discrete, integrated, virtual GPU, or software.
    pub device_type: &'static str,
    /// The driver and its version.
    pub driver: String,
    /// The limits that matter here.
    pub limits: Limits,
    /// The names of the optional features.
    pub features: Vec<String>,
    /// How it multiplies matrices of `f16`, where it can.
    pub matrices: Option<Matrices>,
    /// Whether it runs on the processor.
    pub is_software: bool,
}

impl Display for AdapterInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {}, {})", self.name, self.device_type, self.backend, self.driver)
    }
}

const fn kind(device_type: wgpu::DeviceType) -> &'static str {
    match device_type {
        wgpu::DeviceType::DiscreteGpu => "discrete GPU",
        wgpu::DeviceType::IntegratedGpu => "integrated GPU",
        wgpu::DeviceType::VirtualGpu => "virtual GPU",
        wgpu::DeviceType::Cpu => "software",
        wgpu::DeviceType::Other => "other",
    }
}

/// A GPU's rank in the choice of hardware; the least is taken.
const fn rank(device_type: wgpu::DeviceType) -> Option<u8> {
    match device_type {
        wgpu::DeviceType::DiscreteGpu => Some(0),
        wgpu::DeviceType::IntegratedGpu => Some(1),
        wgpu::DeviceType::VirtualGpu => Some(2),
        wgpu::DeviceType::Cpu | wgpu::DeviceType::Other => None,
    }
}

pub(super) fn describe(adapter: &wgpu::Adapter) -> AdapterInfo {
    let (info, limits) = (adapter.get_info(), adapter.limits());
    AdapterInfo {
        name: info.name,
        backend: info.backend.to_string(),
        device_type: kind(info.device_type),
        driver: [info.driver, info.driver_info].join(" ").trim().to_string(),
        limits: Limits::of(&limits),
        features: adapter.features().iter_names().map(|(name, _)| name.to_lowercase()).collect(),
        matrices: matrices::of(adapter),
        is_software: info.device_type == wgpu::DeviceType::Cpu,
    }
}

fn native() -> Vec<wgpu::Adapter> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12;
    let instance = wgpu::Instance::new(descriptor);
    pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()))
}

fn noop() -> Vec<wgpu::Adapter> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::NOOP;
    descriptor.backend_options.noop.enable = true;
    descriptor.backend_options.noop.limits = Some(wgpu::Limits::defaults());
    descriptor.backend_options.noop.features = Some(wgpu::Features::empty());
    let instance = wgpu::Instance::new(descriptor);
    pollster::block_on(instance.enumerate_adapters(wgpu::Backends::NOOP))
}

/// Every adapter of this machine, hardware and software, in the order that a name is looked up in.
pub fn adapters() -> Vec<AdapterInfo> {
    native().iter().map(describe).collect()
}

/// Takes an adapter, or says what to do where there is none.
pub(super) fn choose(choice: &Choice) -> Result<wgpu::Adapter, GpuError> {
    let kind_of = |adapter: &wgpu::Adapter| adapter.get_info().device_type;
    match choice {
        Choice::Hardware => native()
            .into_iter()
            .filter(|adapter| rank(kind_of(adapter)).is_some())
            .min_by_key(|adapter| rank(kind_of(adapter)))
            .ok_or(GpuError::NoAdapter {
                wanted: "GPU",
                remedy: "install its Vulkan, Metal or DX12 driver, or use `--device cpu` (the native executor) \
                         or `--device software` (a software Vulkan driver)",
            }),
        Choice::Software => {
            native().into_iter().find(|adapter| kind_of(adapter) == wgpu::DeviceType::Cpu).ok_or(GpuError::NoAdapter {
                wanted: "software adapter",
                remedy: "install Mesa's software Vulkan driver (Debian, Ubuntu: `apt install mesa-vulkan-drivers`), \
                         or use `--device cpu`",
            })
        }
        Choice::Named(name) => {
            let all = native();
            let names: Vec<String> = all.iter().map(|adapter| adapter.get_info().name).collect();
            let wanted = name.to_lowercase();
            let found = all.into_iter().find(|adapter| adapter.get_info().name.to_lowercase().contains(&wanted));
            let available = if names.is_empty() { "none".to_string() } else { names.join(", ") };
            found.ok_or(GpuError::NotFound { name: name.clone(), available })
        }
        Choice::Noop => noop()
            .into_iter()
            .next()
            .ok_or(GpuError::NoAdapter { wanted: "noop adapter", remedy: "build with wgpu's `noop` feature" }),
    }
}
