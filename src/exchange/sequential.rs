//! torchvision's names of a net's layers: those of `AlexNet` and `VGG`, two sequences of numbered layers.

use super::ExchangeError;
use crate::nn::{Kind, NetDef};

/// The names of a chain of layers as torchvision numbers them: `features.0` and on up to the layers in front of the
/// first dense one, `classifier.0` and on from there. A dropout in front of the first dense layer belongs to the
/// classifier, as in torchvision's AlexNet. One name for each layer of the net.
///
/// # Errors
/// A net that is no chain: torchvision's names of residual nets are those of its classes.
pub fn torchvision_names(def: &NetDef) -> Result<Vec<String>, ExchangeError> {
    let chain = |place: &usize| {
        let before = place.checked_sub(1).map_or(crate::nn::INPUT, |before| &def.layers[before].name);
        def.inputs_of(*place) == [before]
    };
    if let Some(place) = (0..def.layers.len()).find(|place| !chain(place)) {
        let layer = &def.layers[place].name;
        let reason = format!(
            "its layer {layer} does not read the layer before it, so that torchvision has no numbers for its layers; \
             use --names strata"
        );
        return Err(ExchangeError::Names { net: def.name.clone(), reason });
    }
    let dense = def.layers.iter().position(|layer| matches!(layer.kind, Kind::Dense(_))).unwrap_or(def.layers.len());
    let dropped = |place: &usize| matches!(def.layers[*place].kind, Kind::Dropout(_));
    let first = dense.checked_sub(1).filter(dropped).unwrap_or(dense);
    let name = |place: usize| match place.checked_sub(first) {
        None => format!("features.{place}"),
        Some(place) => format!("classifier.{place}"),
    };
    Ok((0..def.layers.len()).map(name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::zoo;

    #[test]
    fn the_names_of_torchvisions_alexnet_are_its_own() {
        let def = zoo::named("torch-alexnet").unwrap();
        let own: Vec<String> = def.layers.iter().map(|layer| layer.name.clone()).collect();
        assert_eq!(torchvision_names(&def).unwrap(), own);
    }

    #[test]
    fn a_chain_is_numbered_and_a_residual_net_refused() {
        let names = torchvision_names(&zoo::named("caffenet").unwrap()).unwrap();
        assert_eq!((names[0].as_str(), names[4].as_str()), ("features.0", "features.4"));
        let error = torchvision_names(&zoo::named("resnet20").unwrap()).unwrap_err().to_string();
        assert!(error.contains("--names strata"), "{error}");
    }
}
