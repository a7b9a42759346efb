//! The nets that come with strata, as files in `nets`, and any net by its name or file.

use super::{Init, NetDef, NnError, net_file};
use std::path::Path;

/// The names of the nets with their files.
const SHIPPED: [(&str, &str); 8] = [
    ("caffenet", include_str!("../../nets/caffenet.toml")),
    ("alexnet", include_str!("../../nets/alexnet.toml")),
    ("alexnet32", include_str!("../../nets/alexnet32.toml")),
    ("alexnet28", include_str!("../../nets/alexnet28.toml")),
    ("resnet20", include_str!("../../nets/resnet20.toml")),
    ("vgg11-32", include_str!("../../nets/vgg11-32.toml")),
    ("lenet5", include_str!("../../nets/lenet5.toml")),
    ("torch-alexnet", include_str!("../../nets/torch-alexnet.toml")),
];

/// The digests of nets as they were while settings named them without a digest: where a net still is what it was, its
/// networks' settings do not name one either, and what was trained before stays valid.
const BEFORE_DIGESTS: [(&str, &str); 4] = [
    ("caffenet", "1600b1d1365e99fb436aa93580a66af3a5275725565cdc7f5a0484164f8da34a"),
    ("alexnet", "4802df23f2bd81d1796bc0e85da60e0f9211f30dfcd3131d45fc329b88d54129"),
    ("alexnet32", "170b0062634ece59cf503f48342333e4fc12f117dd9784150d08c03a4cea4aab"),
    ("alexnet28", "03078c6eee9a5e54d1a71abf754653b0466e8d83e09b6a07572d7585e75ed946"),
];

/// The names of the nets.
pub fn names() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(name, _)| *name)
}

/// A net of a name as its file describes it.
///
/// # Errors
/// An unknown name, with the nearest known one.
pub fn named(name: &str) -> Result<NetDef, NnError> {
    if let Some((name, text)) = SHIPPED.iter().find(|(known, _)| *known == name) {
        return net_file::parse(name, text);
    }
    let distance = |known: &&str| strsim::damerau_levenshtein(known, name);
    let nearest = names().min_by_key(distance).unwrap_or("");
    let known = names().collect::<Vec<_>>().join(", ");
    Err(NnError::UnknownNet { name: name.into(), nearest: nearest.into(), known })
}

/// A net of a name with a number of classes.
///
/// # Errors
/// As [`named`].
pub fn net(name: &str, classes: usize) -> Result<NetDef, NnError> {
    named(name)?.with_classes(classes)
}

/// A net by its name or, where none has it, by its file.
///
/// # Errors
/// Neither a name nor a file; those of [`net_file::read`].
pub fn find(name_or_file: &str) -> Result<NetDef, NnError> {
    let path = Path::new(name_or_file);
    let is_file = !names().any(|name| name == name_or_file) && path.exists();
    if is_file { net_file::read(path) } else { named(name_or_file) }
}

/// Whether a net is what the net of its name was while settings named no digest.
pub fn is_as_before_digests(def: &NetDef) -> bool {
    BEFORE_DIGESTS.iter().any(|(name, digest)| def.name == *name && def.digest() == *digest)
}

/// CaffeNet's own fillers for the layers of a net, in their order: the paper's random filters. None where its layers
/// with weights are not those of CaffeNet by name.
///
/// # Errors
/// The name of the first layer that CaffeNet does not have.
pub fn caffe_fillers(def: &NetDef) -> Result<Vec<Init>, NnError> {
    let caffe = named("caffenet")?;
    let filler = |name: &str| caffe.weighted().find(|layer| layer.name == name).and_then(|layer| layer.init);
    let of = |layer: &super::Layer| {
        let (net, layer) = (def.name.clone(), layer.name.clone());
        filler(&layer).ok_or(NnError::NoCaffeFiller { net, layer })
    };
    def.weighted().map(of).collect()
}
