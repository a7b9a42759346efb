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
    /// The adapter of this name, or the only one whose name contains this, whatever the case of its letters.
    Named(String),
    /// The adapter with this number in [`adapters`], from 0.
    Index(usize),
    /// NVIDIA's GPU with this number, from 0, in the order of PCI addresses: what CUDA_VISIBLE_DEVICES names.
    Cuda(usize),
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
    /// Whether it is a GPU that `Choice::Hardware` may take.
    pub is_hardware: bool,
}

impl Display for AdapterInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {}, {})", self.name, self.device_type, self.backend, self.driver)
    }
}

/// NVIDIA's number among the makers of PCI devices.
const NVIDIA: u32 = 0x10de;

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
        is_hardware: rank(info.device_type).is_some(),
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

/// The one of a kind by its number; the adapters of that kind are listed where there are fewer.
fn numbered(adapters: Vec<wgpu::Adapter>, index: usize, kind: &'static str) -> Result<wgpu::Adapter, GpuError> {
    let available = listed(&adapters, 0..adapters.len());
    adapters.into_iter().nth(index).ok_or(GpuError::NoIndex { index, kind, available })
}

/// Adapters as `--device` takes them, with their names.
fn listed(adapters: &[wgpu::Adapter], which: impl IntoIterator<Item = usize>) -> String {
    let line = |index: usize| format!("gpu:{index} {}", adapters[index].get_info().name);
    let lines: Vec<String> = which.into_iter().map(line).collect();
    if lines.is_empty() { "none".into() } else { lines.join(", ") }
}

/// The number of the only adapter that a name means among those of some names. Equal names mean one adapter only where
/// their PCI addresses say so: a driver of another interface lists it again.
///
/// # Errors
/// The numbers of those that it could mean: none, or several.
fn named(adapters: &[(String, String)], wanted: &str) -> Result<usize, Vec<usize>> {
    let wanted = wanted.to_lowercase();
    let of = |fits: &dyn Fn(&str) -> bool| -> Vec<usize> {
        (0..adapters.len()).filter(|&index| fits(&adapters[index].0.to_lowercase())).collect()
    };
    let equal = of(&|name| name == wanted);
    let found = if equal.is_empty() { of(&|name| name.contains(&wanted)) } else { equal };
    let first = *found.first().ok_or_else(Vec::new)?;
    let same = |&index: &usize| !adapters[index].1.is_empty() && adapters[index] == adapters[first];
    if found[1..].iter().all(same) { Ok(first) } else { Err(found) }
}

/// Every adapter of this machine, hardware and software, in the order of their numbers.
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
            let info = |adapter: &wgpu::Adapter| (adapter.get_info().name, adapter.get_info().device_pci_bus_id);
            match named(&all.iter().map(info).collect::<Vec<_>>(), name) {
                Ok(index) => numbered(all, index, "adapter"),
                Err(none) if none.is_empty() => {
                    Err(GpuError::NotFound { name: name.clone(), available: listed(&all, 0..all.len()) })
                }
                Err(several) => Err(GpuError::Ambiguous { name: name.clone(), several: listed(&all, several) }),
            }
        }
        Choice::Index(index) => numbered(native(), *index, "adapter"),
        Choice::Cuda(index) => {
            let mut all = native();
            all.retain(|adapter| rank(kind_of(adapter)).is_some() && adapter.get_info().vendor == NVIDIA);
            all.sort_by_key(|adapter| adapter.get_info().device_pci_bus_id);
            // A driver of another interface lists a GPU again.
            all.dedup_by_key(|adapter| adapter.get_info().device_pci_bus_id);
            numbered(all, *index, "NVIDIA GPU")
        }
        Choice::Noop => noop()
            .into_iter()
            .next()
            .ok_or(GpuError::NoAdapter { wanted: "noop adapter", remedy: "build with wgpu's `noop` feature" }),
    }
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn a_name_means_one_adapter_or_none_and_equal_adapters_are_told_apart_by_their_numbers() {
        let adapter = |name: &str, address: &str| (name.to_string(), address.to_string());
        let all = [
            adapter("NVIDIA RTX 4090", "0000:01:00.0"),
            adapter("NVIDIA RTX 4090 D", "0000:02:00.0"),
            adapter("NVIDIA RTX 4090", "0000:01:00.0"),
            adapter("llvmpipe (LLVM 15)", ""),
        ];
        assert_eq!(named(&all, "llvm"), Ok(3));
        // The whole name goes before parts of others, and the second of the two equal ones has the same address.
        assert_eq!(named(&all, "nvidia rtx 4090"), Ok(0));
        assert_eq!(named(&all, "4090 d"), Ok(1));
        assert_eq!(named(&all, "rtx"), Err(vec![0, 1, 2]));
        assert_eq!(named(&all, "radeon"), Err(Vec::new()));
        let twins = [adapter("H100", "0000:01:00.0"), adapter("H100", "0000:02:00.0")];
        assert_eq!(named(&twins, "h100"), Err(vec![0, 1]));
        assert_eq!(named(&[adapter("H100", ""), adapter("H100", "")], "h100"), Err(vec![0, 1]));
    }
}
