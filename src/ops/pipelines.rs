//! Every pipeline that programs may ask a device for: what compilers are held against without running anything.

use super::{OpsError, catalogue, product::forms};
use crate::{
    gpu::{Constants, Gpu, Kernel, peak},
    host::digest,
};
use std::{collections::BTreeMap, time::Duration};

/// A kernel with the values of its constants.
#[derive(Clone, Copy, Debug)]
pub struct Pipeline {
    /// The kernel.
    pub kernel: &'static Kernel,
    /// The values of its constants.
    pub constants: Constants,
}

impl Pipeline {
    /// Its name: the shader's, the entry point where there may be several, and the constants that are set.
    pub fn name(&self) -> String {
        let entry = if self.kernel.entry == "main" { String::new() } else { format!("/{}", self.kernel.entry) };
        let constants: String = self.constants.iter().map(|(name, value)| format!(",{name}={value}")).collect();
        format!("{}{entry}{constants}", self.kernel.shader.name)
    }

    /// Whether a program of the device's precision may need it.
    pub fn fits(&self, gpu: &Gpu) -> bool {
        forms::fits(self.kernel.shader, self.constants, gpu.precision(), gpu.limits())
    }

    /// Whether a program of the device's precision takes it where nothing was measured.
    pub fn is_given(&self, gpu: &Gpu) -> bool {
        forms::is_given(self.kernel.shader, self.constants, gpu.limits())
    }

    /// Has a device make it, and returns how long that took.
    ///
    /// # Errors
    /// What the driver refuses.
    pub fn compile(&self, gpu: &Gpu) -> Result<Duration, OpsError> {
        Ok(gpu.compile(self.kernel, self.constants)?)
    }
}

/// Every pipeline of every device: the catalogue and the probes, in all values of their constants.
pub fn pipelines() -> impl Iterator<Item = Pipeline> {
    let probes = [&peak::MULTIPLY_ADD, &peak::MOVE_ONCE];
    catalogue()
        .chain(probes)
        .flat_map(|kernel| forms::constants(kernel.shader).iter().map(move |constants| Pipeline { kernel, constants }))
}

/// The digest of the text of every shader, by its name: which shaders a record was made of.
pub fn shaders() -> BTreeMap<String, String> {
    let named = |pipeline: Pipeline| {
        let shader = pipeline.kernel.shader;
        (shader.name.to_string(), digest::hex(shader.source().as_bytes())[..16].to_string())
    };
    pipelines().map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::{pipelines, shaders};
    use crate::ops::catalogue;
    use std::collections::BTreeSet;

    #[test]
    fn pipelines_have_names_of_their_own_and_cover_the_catalogue() {
        let names: Vec<String> = pipelines().map(|pipeline| pipeline.name()).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        assert!(names.iter().any(|name| name == "conv2d_forward_64x64,ALIGNED=0"), "{names:?}");
        let digests = shaders();
        assert!(catalogue().all(|kernel| digests.contains_key(&*kernel.shader.name)));
    }
}
