//! What a network's bits depend on, as a table that its manifest keeps.
//!
//! A run directory can grow: more splits, replicates, arms or layers change no network that is there. What must
//! not change under a network are the settings below, and only they refuse it.

use super::{Experiment, Node, experiment::Kept};
use crate::host::digest;
use serde::{Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use toml::{Table, Value};

/// Keys that say which networks there are, how they are named or where they resume from, but not what they become.
/// Keys of files belong to them, which end in `path` or `file`: the images in them count by their digest.
const OF_NO_NETWORK: [&str; 18] = [
    "name",
    "description",
    // The images count by their digest.
    "data.unequal_halves",
    "data.on_bad_image",
    // Its digest counts.
    "net.pretrained",
    "protocol.splits",
    "protocol.sources",
    "protocol.replicates",
    "protocol.base_draws",
    "protocol.layers",
    "protocol.layers_of",
    "protocol.arms",
    "protocol.train_sizes",
    "protocol.train_sizes_of",
    "protocol.similarity_images",
    "protocol.held_out_evaluations",
    "protocol.checkpoint_every",
    "report",
];

/// The settings that every network of an experiment depends on.
///
/// A key that stands at its default is left out, so that networks stay valid when strata learns new keys whose
/// default means what was done before.
pub fn shared(experiment: &Experiment) -> Table {
    let mut settings = without_defaults(experiment);
    if let Some(Value::Table(net)) = settings.get_mut("net") {
        // However a net is given, its digest distinguishes it from others of its name.
        net.remove("description");
        net.extend(experiment.net.digest().map(|digest| ("digest".to_string(), Value::String(digest))));
    }
    settings
}

/// All settings of one network: the shared ones, `network` with its arm, n, split, replicate and target, and how its
/// images were chosen, where they are fewer than all.
pub fn of(experiment: &Experiment, node: &Node) -> Table {
    let mut settings = shared(experiment);
    if node.train_size.is_some() && experiment.protocol.train_sizes_of != Kept::default() {
        let kept = Value::try_from(experiment.protocol.train_sizes_of);
        let protocol = settings.entry("protocol").or_insert_with(|| Value::Table(Table::new()));
        if let (Value::Table(protocol), Ok(kept)) = (protocol, kept) {
            protocol.insert("train_sizes_of".into(), kept);
        }
    }
    if let Ok(network) = Value::try_from(node.kind()) {
        settings.insert("network".into(), network);
    }
    settings
}

/// The digest of settings: of one line `key = value` for each value, in the order of their keys.
pub fn digest(settings: &Table) -> String {
    let lines: Vec<String> = flat(settings).into_iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
    digest::hex(lines.concat().as_bytes())
}

/// The first setting in which two tables differ, in words; none where they are equal.
pub fn difference(there: &Table, now: &Table) -> Option<String> {
    let (there, now) = (flat(there), flat(now));
    let key = there.keys().chain(now.keys()).filter(|key| there.get(*key) != now.get(*key)).min()?;
    let word = |values: &BTreeMap<String, String>| match values.get(key) {
        Some(value) => format!("{key} = {value}"),
        None => format!("no {key}"),
    };
    Some(format!("there: {}; now: {}", word(&there), word(&now)))
}

/// A value as a table, less what stands at its default or belongs to no network.
fn without_defaults<T: Serialize + DeserializeOwned + PartialEq>(value: &T) -> Table {
    let Ok(full) = Table::try_from(value) else { return Table::new() };
    let mut kept = full.clone();
    prune(value, &full, &mut kept, &mut Vec::new());
    kept
}

/// Removes keys from `kept`, which stands at `place` of `full`. A table that can go as a whole goes first, because
/// its keys may have no defaults of their own.
fn prune<T: DeserializeOwned + PartialEq>(value: &T, full: &Table, kept: &mut Table, place: &mut Vec<String>) {
    for key in kept.keys().cloned().collect::<Vec<_>>() {
        place.push(key.clone());
        let name = place.join(".");
        let of_no_network = OF_NO_NETWORK.contains(&name.as_str()) || key.ends_with("path") || key.ends_with("file");
        if of_no_network || is_default(value, full, place) {
            kept.remove(&key);
        } else if let Some(Value::Table(inner)) = kept.get_mut(&key) {
            prune(value, full, inner, place);
        }
        place.pop();
    }
}

/// Whether a value is the same without one of its keys.
fn is_default<T: DeserializeOwned + PartialEq>(value: &T, full: &Table, place: &[String]) -> bool {
    let mut without = full.clone();
    let (Some((last, tables)), mut at) = (place.split_last(), &mut without) else { return false };
    for table in tables {
        let Some(Value::Table(inner)) = at.get_mut(table) else { return false };
        at = inner;
    }
    at.remove(last);
    without.try_into::<T>().is_ok_and(|other| other == *value)
}

/// Every value of a table by its dotted key, written so that it does not depend on how TOML is printed.
fn flat(table: &Table) -> BTreeMap<String, String> {
    fn walk(prefix: &str, value: &Value, into: &mut BTreeMap<String, String>) {
        match value {
            Value::Table(table) => {
                table.iter().for_each(|(key, value)| walk(&format!("{prefix}.{key}"), value, into));
            }
            value => {
                into.insert(prefix.into(), word(value));
            }
        }
    }
    let mut values = BTreeMap::new();
    table.iter().for_each(|(key, value)| walk(key, value, &mut values));
    values
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        Value::Integer(number) => number.to_string(),
        // The shortest digits that give the same number again.
        Value::Float(number) => format!("{number:?}"),
        Value::Boolean(truth) => truth.to_string(),
        Value::Datetime(time) => time.to_string(),
        Value::Array(values) => format!("[{}]", values.iter().map(word).collect::<Vec<_>>().join(", ")),
        Value::Table(table) => {
            let entries: Vec<String> = flat(table).into_iter().map(|(key, value)| format!("{key} = {value}")).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        nn::zoo,
        protocol::{Arm, Half, NodeKind, default_experiment::experiment},
    };
    use serde::Deserialize;

    fn node(arm: Arm, n: usize) -> Node {
        Node::of(NodeKind {
            arm,
            n: Some(n),
            split: 0,
            replicate: 0,
            target: Half::B,
            source_task: None,
            train_size: None,
            draw: 0,
        })
    }

    #[test]
    fn what_networks_there_are_and_where_their_images_lie_is_no_setting_of_one() {
        let before = digest(&of(&experiment(&[]), &node(Arm::Transfer, 3)));
        for extension in [
            "protocol.splits=[0, 1, 2]",
            "protocol.replicates=5",
            "protocol.layers=[3]",
            "protocol.layers_of.AnB=[3, 5]",
            "protocol.arms=[\"AnB\"]",
            "protocol.train_sizes=[10, 20]",
            "protocol.similarity_images=100",
            "protocol.checkpoint_every=7",
            "protocol.base_draws=2",
            "protocol.held_out_evaluations=2",
            "data.unequal_halves=\"allowed\"",
            "data.mean_of=\"source\"",
            "data.on_bad_image=\"fail\"",
            "data.path=\"elsewhere\"",
            "description=\"other words\"",
            "report.margin=0.3",
        ] {
            assert_eq!(digest(&of(&experiment(&[extension]), &node(Arm::Transfer, 3))), before, "{extension}");
        }
        for change in [
            "seed=2",
            "solver.max_iter=2000",
            "solver.weight_decay=0.0004",
            "net.outputs=10",
            "data.train_per_class=400",
            "data.evaluate_on=\"held-out\"",
            "data.test_fraction=0.2",
            "protocol.evaluations=2",
            "data.mean_of=\"target\"",
            "solver.precision=\"mixed\"",
        ] {
            assert_ne!(digest(&of(&experiment(&[change]), &node(Arm::Transfer, 3))), before, "{change}");
        }
        for other in [node(Arm::Transfer, 4), node(Arm::Selffer, 3)] {
            assert_ne!(digest(&of(&experiment(&[]), &other)), before, "{}", other.name);
        }
    }

    /// An experiment as it was when its networks were made: `tests/frozen` keeps some that digests are known of.
    fn frozen(name: &str, overrides: &[String]) -> Experiment {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/frozen").join(format!("{name}.toml"));
        Experiment::parse(name, &std::fs::read_to_string(path).unwrap(), overrides).unwrap()
    }

    /// The digests are those of manifests that were written before nets were files.
    #[test]
    fn networks_of_the_nets_of_before_net_files_have_the_settings_that_they_had() {
        let made = |net: &str, more: &[&str], node: &Node| {
            let name = format!("net.name={net}");
            let overrides: Vec<String> = [&[name.as_str()][..], more].concat().into_iter().map(String::from).collect();
            digest(&of(&frozen("embedded", &overrides).quick(&[]).unwrap(), node))
        };
        let transfer = made("alexnet28", &[], &node(Arm::Transfer, 3));
        assert_eq!(transfer, "7b45f1e61cab4f8714ec9b7e5cd19a5f6e67c69ab9bde7df6090778e7b69032c");
        let small = ["data.source=noise", "solver.batch_size=2", "solver.max_iter=3"];
        for (net, expected) in [
            ("caffenet", "0c6285d1ca7afec3921449bca67f473c4c36baef24ecd8e41286e77737fc40ac"),
            ("alexnet", "2221255a90a2f33201539f19683f1e0768c4181fce136e030e0eb82f54fd26da"),
        ] {
            assert_eq!(made(net, &small, &node(Arm::TransferPlus, 4)), expected, "{net}");
        }
    }

    #[test]
    fn a_net_that_is_new_or_of_ones_own_counts_by_its_digest_and_not_by_how_it_was_given() {
        let digest_of = |overrides: &[&str]| {
            let overrides = [overrides, &["protocol.arms=[]", "protocol.layers=[]"]].concat();
            shared(&experiment(&overrides))["net"].get("digest").and_then(Value::as_str).map(String::from)
        };
        assert_eq!(digest_of(&["net.name=alexnet32"]), None);
        let lenet = zoo::named("lenet5").unwrap();
        assert_eq!(digest_of(&["net.name=lenet5"]), Some(lenet.digest()));
        let described = |text: &str| format!("net.description={}", Value::String(text.into()));
        let text = include_str!("../../nets/lenet5.toml");
        assert_eq!(digest_of(&[&described(text)]), Some(lenet.digest()));
        assert_ne!(
            digest_of(&[&described(&text.replace("out_features = 84", "out_features = 85"))]),
            Some(lenet.digest())
        );
        // A net of one's own that has the name of a shipped one is another net.
        let other = include_str!("../../nets/alexnet28.toml").replace("ratio = 0.5", "ratio = 0.4");
        assert!(digest_of(&[&described(&other)]).is_some());
    }

    #[test]
    fn how_images_are_chosen_is_a_setting_of_networks_on_fewer_than_all_alone() {
        let (first, random) = (experiment(&[]), experiment(&["protocol.train_sizes_of=\"random\""]));
        assert_eq!(of(&first, &node(Arm::Transfer, 3)), of(&random, &node(Arm::Transfer, 3)));
        assert_eq!(shared(&first), shared(&random));
        let mut reduced = node(Arm::Transfer, 3);
        reduced.train_size = Some(10);
        let difference = difference(&of(&first, &reduced), &of(&random, &reduced));
        assert_eq!(difference.unwrap(), "there: no protocol.train_sizes_of; now: protocol.train_sizes_of = \"random\"");
    }

    #[test]
    fn a_precision_is_a_setting_where_it_is_not_f32_and_no_line_of_any_file_where_it_is() {
        let [f32, mixed] = [&[][..], &["solver.precision=mixed"]].map(experiment);
        for text in [f32.to_toml(), toml::to_string(&shared(&f32)).unwrap()] {
            assert!(!text.contains("precision") && !text.contains("loss_scale"), "{text}");
        }
        assert_eq!(shared(&experiment(&["solver.precision=f32", "solver.loss_scale=1024"])), shared(&f32));
        let words = difference(&shared(&f32), &shared(&mixed)).unwrap();
        assert_eq!(words, "there: no solver.precision; now: solver.precision = \"mixed\"");
        let scaled = experiment(&["solver.precision=mixed", "solver.loss_scale=512"]);
        let words = difference(&shared(&mixed), &shared(&scaled)).unwrap();
        assert_eq!(words, "there: no solver.loss_scale; now: solver.loss_scale = 512");
    }

    #[test]
    fn studies_that_were_recorded_before_a_key_was_there_keep_their_digests() {
        // As the manifests of s0-r0-A1B of the one and of s0-r0-A3B of the others had them when they were made.
        for (study, n, digest_then) in [
            ("cross-dataset", 1, "0d2f067fb1832e7dab49621d40c054e887f3a8cb08f58fdf284ec58456342fef"),
            ("cifar100", 3, "bb94f8c3644c753666a0fa50320ed0ea0b24cc6671da095c75b90cc3434ddc92"),
            ("cifar100-natural", 3, "2baa2402ee022c387ba8ec90d9a9114b6c2b773fe038d8b400f237d9a88a54dc"),
        ] {
            let recorded = frozen(study, &[]);
            assert_eq!(recorded.data.mean_of, crate::protocol::experiment_data::MeanOf::Source);
            assert_eq!(digest(&of(&recorded, &node(Arm::Transfer, n))), digest_then, "{study}");
        }
    }

    #[test]
    fn the_record_of_fashion_mnist_is_of_networks_that_the_built_in_experiment_trains() {
        // The digest in the manifest of s0-r0-A3B when the record was made.
        let experiment = Experiment::find("fashion-mnist", &["data.path=elsewhere".to_string()]).unwrap();
        let digest_then = "006cf50187b00b61d34d19c11a6232235fc24c92a4da40cac43ef9819b42cb1e";
        assert_eq!(digest(&of(&experiment, &node(Arm::Transfer, 3))), digest_then);
    }

    #[test]
    fn the_mean_is_the_targets_where_data_sets_differ_and_an_experiment_does_not_say() {
        use crate::protocol::experiment_data::MeanOf::{Source, Target};
        let two = ["protocol.split=two-data-sets", "data.other_source=noise", "protocol.splits=[0]"];
        let mean_of = |said: &[&str]| experiment(&[&two[..], said].concat()).data.mean_of;
        assert_eq!((mean_of(&[]), mean_of(&["data.mean_of=source"])), (Target, Source));
        assert_eq!(experiment(&[]).data.mean_of, Source);
        // What a run directory keeps is read as it was resolved.
        for said in [&[][..], &["data.mean_of=source"]] {
            let resolved = experiment(&[&two[..], said].concat());
            assert_eq!(Experiment::parse("kept", &resolved.to_toml(), &[]).unwrap(), resolved);
        }
        let words = difference(
            &shared(&experiment(&[&two[..], &["data.mean_of=source"]].concat())),
            &shared(&experiment(&two)),
        );
        assert_eq!(words.unwrap(), "there: no data.mean_of; now: data.mean_of = \"target\"");
    }

    #[test]
    fn the_first_difference_names_its_key_and_both_values() {
        let (there, now) = (shared(&experiment(&[])), shared(&experiment(&["seed=2"])));
        assert_eq!(difference(&there, &now).unwrap(), "there: seed = 1; now: seed = 2");
        assert_eq!(difference(&there, &there), None);
    }

    /// What an experiment could look like in a later version.
    #[derive(Serialize, Deserialize, PartialEq)]
    struct Later {
        seed: u64,
        #[serde(default)]
        views: usize,
        #[serde(default)]
        similarity: Option<String>,
        #[serde(default)]
        probe: Probe,
    }

    #[derive(Serialize, Deserialize, PartialEq, Default)]
    struct Probe {
        rate: f64,
    }

    #[test]
    fn a_key_at_its_default_leaves_the_digest_as_it_was_before_the_key_was_there() {
        let before = Table::from_iter([("seed".to_string(), Value::Integer(3))]);
        let later = Later { seed: 3, views: 0, similarity: None, probe: Probe::default() };
        assert_eq!(digest(&without_defaults(&later)), digest(&before));
        let set = Later { views: 4, ..later };
        assert_ne!(digest(&without_defaults(&set)), digest(&before));
        assert_eq!(without_defaults(&set).keys().collect::<Vec<_>>(), ["seed", "views"]);
    }

    #[test]
    fn the_digest_reads_the_same_after_the_settings_went_through_a_file() {
        let settings = of(&experiment(&[]), &node(Arm::Transfer, 3));
        let text = toml::to_string_pretty(&settings).unwrap();
        assert_eq!(digest(&text.parse().unwrap()), digest(&settings));
    }
}
