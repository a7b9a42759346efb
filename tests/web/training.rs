//! Training in a browser and on the native executor: the same losses.

use super::browser::{all, from_base64, numbers, tasks};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use strata::{
    Device, Experiment, Images, Trainer,
    data::split,
    protocol::{Arm, Half, HalfData, Node, NodeKind, halves::Halves, network_def::net_of, streams},
    web,
};

const STEPS: usize = 20;

fn experiment(net: &str) -> Experiment {
    let keys = ["solver.stepsize=15", "solver.batch_size=8", "data.train_per_class=100", "data.test_per_class=10"];
    let steps = format!("solver.max_iter={STEPS}");
    let overrides = keys.into_iter().map(String::from).chain([format!("net.name={net}"), steps]);
    Experiment::find("web", &overrides.collect::<Vec<_>>()).unwrap()
}

fn node(arm: Arm, n: Option<usize>, target: Half) -> Node {
    Node::of(NodeKind { arm, n, split: 0, replicate: 0, target, source_task: None, train_size: None, draw: 0 })
}

/// Parameters by their names.
type Parameters = BTreeMap<String, Vec<f32>>;

/// What became of a network: its loss at every step, and its share of right answers at the end.
struct Trained {
    losses: Vec<f64>,
    top1: f64,
}

/// Trains a network natively, with some parameters of another one.
fn native(
    experiment: &Experiment,
    node: &Node,
    target: &HalfData,
    source: &HalfData,
    from: Option<&Parameters>,
) -> Trained {
    let def = net_of(experiment, node, target.classes).unwrap();
    let images = Images { set: &target.train, normalisation: &source.normalisation };
    let streams = streams::training(experiment.seed, node);
    let mut trainer =
        Trainer::new(&def, &experiment.solver, images, experiment.data.reading(), streams, &Device::Cpu).unwrap();
    let new = |name: &str| streams::new_layer(experiment.seed, node, name);
    trainer.net.initialise(&mut trainer.executor, new).unwrap();
    let params = trainer.net.params.clone();
    if let (Some(from), Some(n)) = (from, node.n) {
        let copied = def.prefix(n).unwrap();
        for param in params.iter().filter(|param| copied.contains(&param.layer)) {
            trainer.executor.write(param.w, &from[&param.name]).unwrap();
        }
    }
    (0..STEPS).for_each(|_| trainer.train_step().unwrap());
    let losses = trainer.losses().unwrap();
    let top1 = trainer.evaluate(&Images { set: &target.evaluate, ..images }).unwrap().top1;
    Trained { losses, top1 }
}

/// The difference of two losses, relative to the second.
fn apart(got: f64, expected: f64) -> f64 {
    (got - expected).abs() / expected.abs()
}

/// Twenty steps of a net in a page: base A, then B with n blocks of it, frozen or fine-tuned. The native transfer
/// networks take the blocks of the page's base, because two bases whose sums have another order are apart by then. At
/// its end the device is lost.
fn same_losses(net: &str, n: usize, modes: &[&str]) -> Value {
    let experiment = experiment(net);
    let halves = Halves::of(&experiment).unwrap();
    let half = |half| halves.half(&experiment, node(Arm::Base, None, half).key_of(half)).unwrap();
    let [a, b] = [Half::A, Half::B].map(half);
    let base = native(&experiment, &node(Arm::Base, None, Half::A), &a, &a, None);

    let folder = tempfile::tempdir().unwrap();
    web::export(&experiment, &web::Options::default(), folder.path()).unwrap();
    let classes = split::random_halves(10, 0).unwrap();
    let value =
        json!({ "tape": "tape.json", "halves": [classes.a, classes.b], "n": n, "steps": STEPS, "modes": modes });
    let done = tasks(folder.path(), &[("adapter", json!(null)), ("training", value)]);
    println!("{net}: {} {}", done[0], done[1]["milliseconds"]);
    let done = done[1].clone();
    let values = |text: &Value| {
        let bytes = from_base64(text.as_str().unwrap());
        bytes.chunks_exact(4).map(|word| f32::from_le_bytes(word.try_into().unwrap())).collect()
    };
    let learned = done["copied"].as_object().unwrap().iter();
    let learned: Parameters = learned.map(|(name, text)| (name.clone(), values(text))).collect();
    let transfer = |mode: &&str| {
        let arm = if *mode == "frozen" { Arm::Transfer } else { Arm::TransferPlus };
        native(&experiment, &node(arm, Some(n), Half::B), &b, &a, Some(&learned))
    };
    let copied: Vec<Trained> = modes.iter().map(transfer).collect();
    for (name, expected) in [("base", &base)].into_iter().chain(modes.iter().copied().zip(&copied)) {
        let losses = numbers(&done["losses"][name]);
        assert_eq!(losses.len(), STEPS, "{name}");
        let [first, last] = [0, STEPS - 1].map(|step| apart(losses[step], expected.losses[step]));
        println!("{net} {name}: {first:.1e} relative at step 1, {last:.1e} at step {STEPS}");
        assert!(first <= 1e-5, "{net} {name}, step 1: {} instead of {}", losses[0], expected.losses[0]);
        assert!(
            last <= 1e-3,
            "{net} {name}, step {STEPS}: {} instead of {}",
            losses[STEPS - 1],
            expected.losses[STEPS - 1]
        );
        let top1 = done["scores"][name]["top1"].as_f64().unwrap();
        // Of 50 images one whose scores nearly tie may fall either way.
        assert!((top1 - expected.top1).abs() <= 0.021, "{net} {name}: {top1} instead of {}", expected.top1);
    }
    assert_eq!(done["sameStart"], true);
    for said in done["lost"].as_array().unwrap() {
        assert!(said.as_str().is_some_and(|said| said.contains("lost the graphics device")), "{said}");
    }
    let unchanged = |name: &str| {
        let mut names: Vec<String> = serde_json::from_value(done["unchanged"][name].clone()).unwrap();
        names.sort();
        names
    };
    let def = net_of(&experiment, &node(Arm::Base, None, Half::A), 5).unwrap();
    let prefix = def.prefix(n).unwrap();
    let mut kept: Vec<String> = prefix.iter().flat_map(|l| [format!("{l}.bias"), format!("{l}.weight")]).collect();
    kept.sort();
    for mode in modes {
        let expected = if *mode == "frozen" { kept.clone() } else { Vec::new() };
        assert_eq!(unchanged(mode), expected, "{net} {mode}");
    }
    done
}

#[test]
fn twenty_steps_in_a_page_have_the_losses_of_the_native_executor_and_frozen_parameters_keep_their_bits() {
    let modes: &[&str] = if all() { &["frozen", "fine-tuned"] } else { &["frozen"] };
    let done = same_losses("lenet5", 2, modes);
    let counted: f64 = done["scores"]["base"]["confusion"].as_array().unwrap().iter().flat_map(numbers).sum();
    assert_eq!(counted, 50.0);
    if all() {
        same_losses("alexnet28", 4, modes);
    }
}
