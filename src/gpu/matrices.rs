//! Matrices that the lanes of a subgroup multiply together (cooperative matrices), for products
//! in mixed precision and of pairs.

use std::fmt::{self, Display};

/// A way of multiplying square matrices of `f16` with sums in `f32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matrices {
    /// Rows and columns.
    pub size: u32,
    /// Lanes of the subgroup that multiplies them, always as many.
    pub lanes: u32,
}

/// The matrices that have kernels: those of NVIDIA's GPUs, and those of Mesa's software adapter.
pub const MATRICES: [Matrices; 2] = [Matrices { size: 16, lanes: 32 }, Matrices { size: 8, lanes: 8 }];

/// Bytes of workgroup memory that the largest of these kernels may take.
pub(super) const WORKGROUP_BYTES: u32 = 32 << 10;

/// What those kernels need beside matrices.
pub(super) const NEEDED: wgpu::Features =
    wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX.union(wgpu::Features::SHADER_F16).union(wgpu::Features::SUBGROUP);

impl Display for Matrices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { size, lanes } = self;
        write!(f, "{size}x{size} in subgroups of {lanes}")
    }
}

/// The first of [`MATRICES`] that an adapter offers.
pub(super) fn of(adapter: &wgpu::Adapter) -> Option<Matrices> {
    let wgpu::AdapterInfo { subgroup_min_size, subgroup_max_size, .. } = adapter.get_info();
    if !adapter.features().contains(NEEDED) || adapter.limits().max_compute_workgroup_storage_size < WORKGROUP_BYTES {
        return None;
    }
    let offered = adapter.cooperative_matrix_properties();
    MATRICES.into_iter().find(|way| {
        [subgroup_min_size, subgroup_max_size] == [way.lanes; 2]
            && offered.iter().any(|matrix| {
                [matrix.m_size, matrix.n_size, matrix.k_size] == [way.size; 3]
                    && matrix.ab_type == wgpu::CooperativeScalarType::F16
                    && matrix.cr_type == wgpu::CooperativeScalarType::F32
            })
    })
}

/// What an adapter offers, in words.
pub(super) fn offered(adapter: &wgpu::Adapter) -> String {
    let wgpu::AdapterInfo { subgroup_min_size: least, subgroup_max_size: most, .. } = adapter.get_info();
    let offered = adapter.cooperative_matrix_properties();
    let words: Vec<String> = offered
        .iter()
        .map(|m| format!("{}x{}x{} {:?} to {:?}", m.m_size, m.n_size, m.k_size, m.ab_type, m.cr_type).to_lowercase())
        .collect();
    let matrices = if words.is_empty() { "no matrices".into() } else { format!("matrices of {}", words.join(", ")) };
    let numbers = if adapter.features().contains(wgpu::Features::SHADER_F16) { "f16" } else { "no f16" };
    let bytes = adapter.limits().max_compute_workgroup_storage_size >> 10;
    format!("{matrices}; {numbers}; subgroups of {least} to {most}; {bytes} KiB of workgroup memory")
}
