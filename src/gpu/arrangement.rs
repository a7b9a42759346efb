//! Which buffers tensors lie in, and how large these are: known before there is a device.

use super::{GpuError, Limits, tensor::TensorSpec};

/// A buffer that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BufferSpec {
    /// The first tensor that lies in it, for messages.
    pub name: String,
    /// Its bytes, a multiple of 16.
    pub bytes: u64,
}

/// The buffers of some tensors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrangement {
    /// The buffers.
    pub buffers: Vec<BufferSpec>,
    /// For each tensor the numbers of the buffers that its segments lie in. Those of tensors that share a storage are
    /// the same.
    pub places: Vec<Vec<usize>>,
}

/// Buffers are read and written in units of 16 bytes by the kernels, and of 4 by copies.
fn buffer_bytes(bytes: usize) -> u64 {
    bytes.next_multiple_of(16).max(16) as u64
}

impl Arrangement {
    /// A buffer for every segment of every tensor, one for those that share a storage, as large as the largest of them.
    ///
    /// # Errors
    /// [`GpuError::Limit`] for a segment that is larger than a binding may be.
    pub fn of(specs: &[TensorSpec], limits: &Limits) -> Result<Self, GpuError> {
        let (mut buffers, mut places) = (Vec::new(), Vec::<Vec<usize>>::with_capacity(specs.len()));
        for (tensor, spec) in specs.iter().enumerate() {
            let sharing = |other: &&TensorSpec| spec.storage.is_some() && other.storage == spec.storage;
            if let Some(first) = specs[..tensor].iter().position(|other| sharing(&other)) {
                places.push(places[first].clone());
                continue;
            }
            let row_bytes = specs.iter().filter(sharing).map(|other| other.row_bytes).max().unwrap_or(spec.row_bytes);
            let mut own = Vec::with_capacity(spec.segments());
            for segment in 0..spec.segments() {
                let (needed, allowed) =
                    (buffer_bytes(spec.part(tensor, segment).rows * row_bytes), limits.segment_bytes());
                if needed > allowed {
                    return Err(GpuError::Limit {
                        layer: "-".into(),
                        tensor: spec.name.clone(),
                        limit: "maxStorageBufferBindingSize",
                        needed,
                        allowed,
                    });
                }
                own.push(buffers.len());
                buffers.push(BufferSpec { name: spec.name.clone(), bytes: needed });
            }
            places.push(own);
        }
        Ok(Self { buffers, places })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_of_one_storage_lie_in_one_buffer_as_large_as_the_largest_of_them() {
        let shared = |bytes| TensorSpec { storage: Some(0), ..TensorSpec::whole("x", 2, bytes) };
        let specs = [shared(8), TensorSpec::whole("y", 1, 4), shared(40)];
        let arrangement = Arrangement::of(&specs, &Limits::webgpu()).unwrap();
        assert_eq!(arrangement.places, [[0], [1], [0]]);
        assert_eq!(arrangement.buffers.iter().map(|buffer| buffer.bytes).collect::<Vec<_>>(), [80, 16]);
    }

    #[test]
    fn what_no_binding_can_hold_is_refused_by_its_name() {
        let specs = [TensorSpec::whole("x", 1, 129 << 20)];
        let error = Arrangement::of(&specs, &Limits::webgpu()).unwrap_err();
        assert!(matches!(error, GpuError::Limit { ref tensor, .. } if tensor == "x"), "{error}");
    }
}
