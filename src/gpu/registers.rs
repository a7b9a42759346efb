//! How many registers an adapter has for each invocation: how many sums of a product it can hold without spilling them
//! to memory. No interface says it, so it is a table of vendors.

/// The registers of an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Registers {
    /// A processor, whose registers are memory anyway, or nobody knows which adapter.
    #[default]
    Any,
    /// Enough for 64 sums and their totals, in subgroups of 32: NVIDIA's.
    Most,
    /// The same in subgroups of 64: those of AMD's large GPUs since RDNA 3.
    Many,
    /// Enough for 32: AMD's other GPUs.
    Few,
    /// Enough for 32 where compilers do not load ahead, and for 16 in convolutions: Intel's, Apple's, and those of
    /// unknown vendors.
    Fewest,
}

/// The numbers of vendors of PCI devices.
const NVIDIA: u32 = 0x10de;
const AMD: u32 = 0x1002;

impl Registers {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Any, Self::Most, Self::Many, Self::Few, Self::Fewest];

    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Most => "most",
            Self::Many => "many",
            Self::Few => "few",
            Self::Fewest => "fewest",
        }
    }

    /// Which adapters have them.
    pub const fn belong_to(self) -> &'static str {
        match self {
            Self::Any => "Processors and unknown adapters",
            Self::Most => "GPUs of NVIDIA",
            Self::Many => "Large GPUs of AMD since RDNA 3",
            Self::Few => "Other GPUs of AMD",
            Self::Fewest => "GPUs of Intel, Apple and other vendors",
        }
    }

    pub(super) fn of(info: &wgpu::AdapterInfo) -> Self {
        if info.device_type == wgpu::DeviceType::Cpu || info.backend == wgpu::Backend::Noop {
            return Self::Any;
        }
        Self::of_device(info.vendor, info.device)
    }

    /// Those of a PCI device. AMD's Navi 31 and 32 and its RDNA 4 have 1,536 registers in each lane, all others 1,024
    /// or fewer (LLVM's AMDGPU guide, `FeatureGFX11FullVGPRs`).
    const fn of_device(vendor: u32, device: u32) -> Self {
        match (vendor, device) {
            (NVIDIA, _) => Self::Most,
            (AMD, 0x7440..=0x747f | 0x7550..=0x759f) => Self::Many,
            (AMD, _) => Self::Few,
            _ => Self::Fewest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AMD, NVIDIA, Registers};

    #[test]
    fn registers_follow_from_the_vendor_and_amds_from_the_generation() {
        let of = Registers::of_device;
        // An H200; a Radeon RX 7900 XTX, 9070, 7600, 6800 and Vega 64; an Arc A770; a Mali.
        assert_eq!(of(NVIDIA, 0x2335), Registers::Most);
        assert_eq!([0x744c, 0x7550].map(|device| of(AMD, device)), [Registers::Many; 2]);
        assert_eq!([0x7480, 0x73bf, 0x687f].map(|device| of(AMD, device)), [Registers::Few; 3]);
        assert_eq!([of(0x8086, 0x56a0), of(0x13b5, 0)], [Registers::Fewest; 2]);
    }
}
