//! Which tensors of a file belong to one layer, by the names that frameworks give them.

use super::{FileTensor, Group, Part};
use std::collections::HashMap;

/// The part that a word stands for: PyTorch's, Keras', TensorFlow's or Caffe2's.
fn part(word: &str) -> Option<Part> {
    match word {
        "weight" | "weights" | "kernel" | "gamma" | "scale" | "w" | "W" => Some(Part::Weight),
        "bias" | "biases" | "beta" | "b" | "B" => Some(Part::Bias),
        "running_mean" | "moving_mean" => Some(Part::Mean),
        "running_var" | "moving_variance" => Some(Part::Variance),
        _ => None,
    }
}

/// The layer and the part that a tensor's name says: `features.0.weight`, `conv1/kernel:0`, `conv1_w_0`.
pub fn parse(name: &str) -> Option<(&str, Part)> {
    let name = name.strip_suffix(":0").unwrap_or(name);
    // Caffe2: conv1_w_0, conv1_b_0, conv1_w.
    let short = name.strip_suffix("_0").unwrap_or(name);
    for (suffix, part) in [("_w", Part::Weight), ("_b", Part::Bias)] {
        if let Some(layer) = short.strip_suffix(suffix).filter(|layer| !layer.is_empty()) {
            return Some((layer, part));
        }
    }
    let (layer, word) = name.rsplit_once(['.', '/'])?;
    part(word).map(|part| (layer, part))
}

/// The layers of a file by the names of its tensors, in the order of their first tensor.
pub fn groups(tensors: &[FileTensor]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (at, tensor) in tensors.iter().enumerate() {
        let Some((layer, part)) = parse(&tensor.name) else { continue };
        let place = *places.entry(layer).or_insert_with(|| {
            groups.push(Group { name: layer.into(), parts: Vec::new() });
            groups.len() - 1
        });
        if groups[place].part(part).is_none() {
            groups[place].parts.push((part, at));
        }
    }
    groups
}

/// How many bytes all names of layers have in common in front, up to a dot or a slash: `module.`, `alexnet/`.
pub fn prefix(groups: &[Group]) -> usize {
    let Some(first) = groups.first().filter(|_| groups.len() > 1) else { return 0 };
    let ends = first.name.match_indices(['.', '/']).map(|(at, _)| at + 1);
    let common = |&end: &usize| groups.iter().all(|group| group.name.starts_with(&first.name[..end]));
    ends.take_while(common).last().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Order;

    #[test]
    fn the_names_of_frameworks_are_understood() {
        for (name, layer, part) in [
            ("features.0.weight", "features.0", Part::Weight),
            ("conv1_w_0", "conv1", Part::Weight),
            ("fc6_b_0", "fc6", Part::Bias),
            ("conv1/kernel:0", "conv1", Part::Weight),
            ("bn1.running_var", "bn1", Part::Variance),
        ] {
            assert_eq!(parse(name), Some((layer, part)), "{name}");
        }
        assert_eq!(parse("optimizer"), None);
    }

    #[test]
    fn a_common_prefix_is_found_and_parts_come_together() {
        let tensor =
            |name: &str| FileTensor { name: name.into(), shape: vec![], values: vec![1.0], order: Order::OutFirst };
        let names = ["module.conv1.weight", "module.fc.weight", "module.conv1.bias", "module.fc.bias"];
        let groups = groups(&names.map(tensor));
        assert_eq!(groups.iter().map(|group| group.name.as_str()).collect::<Vec<_>>(), ["module.conv1", "module.fc"]);
        assert_eq!(prefix(&groups), 7);
        assert_eq!(groups[0].part(Part::Bias), Some(2));
    }
}
