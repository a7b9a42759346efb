//! What the parts of a data set are called.

/// The names of the training part, in any case.
pub const TRAIN: [&str; 2] = ["train", "training"];

/// The names of the test part, in any case, the first one that is there being taken: ImageNet's `test` has no labels.
pub const TEST: [&str; 5] = ["val", "valid", "validation", "test", "testing"];

/// What the official archives put in front of the name of a part.
const OFFICIAL: &str = "ilsvrc2012_img_";

/// The part that a name stands for, by its first spelling: that of the part itself, of a numbered shard of it
/// (`train-003`, `train_00001-of-00010`), or of an official archive of ImageNet.
pub(super) fn part_name(name: &str) -> Option<&'static str> {
    let lower = name.to_lowercase();
    let name = lower.strip_prefix(OFFICIAL).unwrap_or(&lower);
    let number = |rest: &str| {
        rest.starts_with(['-', '_']) && rest.replace("of", "").bytes().all(|b| b.is_ascii_digit() || b"-_".contains(&b))
    };
    let of = |part: &&&str| name.strip_prefix(**part).is_some_and(|rest| rest.is_empty() || number(rest));
    TRAIN.iter().chain(&TEST).find(of).copied()
}

/// Whether a name is one of a part's, in any case.
pub(super) fn is_named(name: &str, names: &[&str]) -> bool {
    names.contains(&name.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::part_name;

    #[test]
    fn parts_are_known_in_any_case_with_numbers_of_shards_and_by_the_official_names() {
        for (name, part) in [
            ("train", "train"),
            ("Training", "training"),
            ("VAL", "val"),
            ("valid", "valid"),
            ("train-003", "train"),
            ("val_00001-of-00010", "val"),
            ("ILSVRC2012_img_train", "train"),
        ] {
            assert_eq!(part_name(name), Some(part), "{name}");
        }
        for name in ["trains", "test-tube", "valley", "n01440764", "train_station", ""] {
            assert_eq!(part_name(name), None, "{name}");
        }
    }
}
