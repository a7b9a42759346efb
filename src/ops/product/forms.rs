//! What a device may be asked to compile of a product: which ways fit it, and which values its constants take.

use super::{
    tile,
    way::{WAYS, Way},
};
use crate::{
    gpu::{Constants, Limits, Registers, Shader},
    host::Precision,
};

/// The constants of the kernels for GPUs: whether channels can be loaded four at a time, and whether loops stay loops.
pub(super) const fn constants_of(aligned: bool, rolled: bool) -> Constants {
    match (aligned, rolled) {
        (true, false) => &[("ALIGNED", 1.0)],
        (true, true) => &[("ALIGNED", 1.0), (ROLLED, 1.0)],
        (false, false) => &[("ALIGNED", 0.0)],
        (false, true) => &[("ALIGNED", 0.0), (ROLLED, 1.0)],
    }
}

const ROLLED: &str = "ROLLED";
const TILED: &[Constants] = &[constants_of(true, false), constants_of(false, false)];
const SLIM: &[Constants] =
    &[constants_of(true, false), constants_of(true, true), constants_of(false, false), constants_of(false, true)];

/// The constants that shaders leave open, with what `record` sets them to: the first one that a shader declares.
const CONSTANTS: [(&str, &[Constants]); 3] = [
    (ROLLED, SLIM),
    ("ALIGNED", TILED),
    ("VECTORS", &[&[], &[("VECTORS", 4.0)], &[("VECTORS", 2.0)], &[("VECTORS", 1.0)]]),
];

/// The ending of the names of kernels for processors.
const LANES: &str = "_lanes";

/// The stem of products whose channels are always aligned.
const ALIGNED: &str = "dense";

/// Whether products of a stem are convolutions, which compute where the numbers of a window lie.
pub(super) fn convolves(stem: &str) -> bool {
    stem != ALIGNED
}

/// The values that pipelines of a shader are made with: of the constant that it leaves open, or of none.
pub fn constants(shader: &Shader) -> &'static [Constants] {
    let source = shader.source();
    let declared = |(name, _): &&(&str, _)| source.contains(&format!("override {name}:"));
    match CONSTANTS.iter().find(declared) {
        Some((name, values)) if shader.stem == ALIGNED && *name != "VECTORS" => &values[..values.len() / 2],
        Some((_, values)) => values,
        None => &[&[]],
    }
}

/// The way in which a shader of a product computes it, by the name of the shader.
fn way(shader: &Shader) -> Option<&'static Way> {
    let named = |way: &&Way| shader.name.ends_with(&format!("_{}", way.name()));
    // The name of a tile ends those of its other precisions, too.
    WAYS.iter().filter(named).max_by_key(|way| way.name().len())
}

/// Whether the loops of a way stay loops on an adapter.
fn is_rolled(way: &Way, limits: &Limits) -> bool {
    way.matrices.is_none() && way.tile.is_slim() && limits.registers == Registers::Fewest
}

/// Whether a device of a precision and some limits may take a shader with some constants. One that was opened for
/// matrices runs programs in `f32`, too, but their pipelines are those of any other device.
pub fn fits(shader: &Shader, constants: Constants, precision: Precision, limits: &Limits) -> bool {
    if shader.name.ends_with(LANES) {
        return limits.lanes;
    }
    match way(shader) {
        Some(way) => {
            let rolled = constants.iter().any(|(name, _)| *name == ROLLED);
            way.precision == precision
                && way.matrices == limits.matrices.filter(|_| !precision.is_f32())
                && rolled == is_rolled(way, limits)
        }
        None => precision.is_f32(),
    }
}

/// Whether a program in `f32` takes a shader of a product with some constants where nothing was measured, on a device of
/// some limits.
pub fn is_given(shader: &Shader, constants: Constants, limits: &Limits) -> bool {
    let rolled = constants.iter().any(|(name, _)| *name == ROLLED);
    match way(shader) {
        Some(way) if way.matrices.is_none() => {
            tile::is_given(limits.registers, convolves(shader.stem), way.tile) && rolled == is_rolled(way, limits)
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::{CONSTANTS, constants, fits, way};
    use crate::{
        gpu::{Limits, MATRICES},
        host::Precision,
        ops::catalogue,
    };

    #[test]
    fn every_constant_that_a_shader_leaves_open_has_values() {
        for kernel in catalogue() {
            let source = kernel.shader.source();
            let open = source.lines().filter_map(|line| line.trim().strip_prefix("override ")?.split(':').next());
            for name in open {
                let given = constants(kernel.shader);
                let set: Vec<_> = given.iter().flat_map(|values| values.iter()).collect();
                assert!(!set.is_empty(), "{}: {name} has no values", kernel.shader.name);
                assert!(set.iter().any(|(other, _)| *other == name), "{}: {name}", kernel.shader.name);
            }
        }
        assert!(CONSTANTS.iter().all(|(_, values)| values.len() > 1));
    }

    #[test]
    fn a_device_is_asked_for_the_kernels_of_its_precision_and_its_matrices_only() {
        let fitting = |precision, matrices, lanes| {
            let limits = Limits { matrices, lanes, ..Limits::webgpu() };
            let names =
                catalogue().filter(|kernel| fits(kernel.shader, constants(kernel.shader)[0], precision, &limits));
            names.map(|kernel| kernel.shader.name.to_string()).collect::<Vec<_>>()
        };
        let single = fitting(Precision::F32, None, false);
        assert!(single.iter().any(|name| name == "dense_forward_64x64"));
        assert!(single.iter().any(|name| name == "lrn"));
        assert!(
            !single.iter().any(|name| name.contains("mixed") || name.contains("f16x3") || name.ends_with("_lanes"))
        );
        assert!(fitting(Precision::F32, None, true).iter().any(|name| name.ends_with("_lanes")));
        let mixed = fitting(Precision::Mixed, Some(MATRICES[0]), false);
        assert!(!mixed.is_empty() && mixed.iter().all(|name| name.contains("_mixed16_")), "{mixed:?}");
        let named = catalogue().filter(|kernel| way(kernel.shader).is_some()).count();
        assert!(named > 100, "{named}");
    }
}
