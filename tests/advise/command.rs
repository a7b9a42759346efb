//! What an advice says and leaves.

use super::made::{advise, found, images, names, three};
use crate::cli::made::{err, out, strata};
use std::fs;

#[test]
fn an_advice_names_every_candidate_its_set_and_a_refit_and_leaves_weights_for_eval_and_predict() {
    let root = tempfile::tempdir().unwrap();
    let (data, place) = (three(root.path()), root.path().join("advice"));
    let advice = found(&mut advise(&data, &place));
    let names = names(&advice);
    // Three of four blocks can be copied: every n frozen and fine-tuned, two more of each of the others, and scratch.
    assert_eq!(names.len(), 11);
    assert_eq!(advice["source"]["most_n"], 3);
    assert_eq!((&advice["splits"], &advice["measure"]), (&5.into(), &"accuracy".into()));
    for candidate in advice["candidates"].as_array().unwrap() {
        let scores = candidate["accuracy"].as_array().unwrap();
        assert_eq!(scores.len(), 5);
        let complete = scores.iter().all(|score| score.is_number());
        assert!(complete || !candidate["dropped"].is_null(), "{candidate}");
        assert!(candidate["multiply_adds"].as_u64().unwrap() > 0);
    }
    let set = advice["choice"]["set"].as_array().unwrap();
    assert!(set.contains(&advice["choice"]["leader"]) && set.contains(&advice["choice"]["recommended"]));
    assert_eq!(advice["neighbours"].as_array().unwrap().len(), 3);
    let refit = &advice["refit"];
    let networks = refit["networks"].as_array().unwrap();
    assert!(networks.iter().all(|network| network["accuracy"].as_array().unwrap().len() == 3));
    assert_eq!(refit["differences"].as_array().unwrap().len(), networks.len() - 1);
    assert_eq!(advice["curve"].as_array().unwrap().len(), 3);
    let weights = place.join(refit["weights"].as_str().unwrap());
    let evaluated = strata(&["eval", "--device", "cpu", weights.to_str().unwrap(), "--data", data.to_str().unwrap()]);
    let evaluated = { evaluated }.output().unwrap();
    assert!(evaluated.status.success() && out(&evaluated).contains("on 36 images"), "{}", err(&evaluated));
    let predicted =
        strata(&["predict", "--device", "cpu", weights.to_str().unwrap(), data.to_str().unwrap()]).output().unwrap();
    assert!(predicted.status.success(), "{}", err(&predicted));
    assert!(
        out(&predicted).lines().skip(1).all(|line| ["red", "green", "blue"].iter().any(|class| line.contains(class)))
    );
}

#[test]
fn test_images_that_a_set_has_are_those_that_are_locked_away() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("images");
    images(&data.join("train"), &[("red", 8), ("green", 8)], 16);
    images(&data.join("test"), &[("red", 3), ("green", 3)], 16);
    let keys = ["--set", "advice.refit_seeds=0", "--set", "advice.curve_splits=0"];
    let advice = found(advise(&data, &root.path().join("advice")).args(keys));
    assert_eq!((&advice["data"]["test_images"], &advice["data"]["images"]), (&6.into(), &22.into()));
    assert!(advice["refit"].is_null() && advice["curve"].as_array().unwrap().is_empty());
}

#[test]
fn unequal_classes_are_compared_by_balanced_accuracy_and_few_images_by_fewer_splits() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("images");
    images(&data, &[("red", 20), ("green", 5), ("blue", 9)], 16);
    let advice = found(&mut advise(&data, &root.path().join("advice")));
    assert_eq!((&advice["measure"], &advice["splits"]), (&"balanced-accuracy".into(), &4.into()));
    let first = &advice["candidates"][0];
    assert_eq!(first["balanced"].as_array().unwrap().len(), 4);
    let remarks = advice["remarks"].to_string();
    assert!(remarks.contains("no room for 5 splits"), "{remarks}");
}

#[test]
fn classes_of_the_source_among_the_images_are_told() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("images");
    images(&data, &[("bars", 8), ("discs", 8), ("green", 8)], 16);
    let keys = ["--set", "advice.refit_seeds=0", "--set", "advice.curve_splits=0"];
    let remarks = found(advise(&data, &root.path().join("advice")).args(keys))["remarks"].to_string();
    assert!(remarks.contains("classes of the same names (bars, discs)"), "{remarks}");
}

#[test]
fn a_budget_leaves_candidates_out_by_name_but_never_the_three_that_matter() {
    let root = tempfile::tempdir().unwrap();
    let (data, place) = (three(root.path()), root.path().join("advice"));
    // No machine is so fast: everything that can be is left out.
    let advice = found(advise(&data, &place).args(["--budget", "0.0000001"]));
    let left: Vec<String> = advice["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|candidate| candidate["dropped"]["reason"] != "budget")
        .map(|candidate| candidate["name"].as_str().unwrap().into())
        .collect();
    assert_eq!(left, ["scratch", "frozen-3", "fine-tuned-3"]);
    let remarks = advice["remarks"].to_string();
    assert!(remarks.contains("Left out for the budget") && remarks.contains("head-first-2"), "{remarks}");
    assert!(remarks.contains("takes longer than the budget") && advice["curve"].as_array().unwrap().is_empty());
    // Time enough leaves out nothing, and what is trained stays.
    let networks = |folder: &std::path::Path| fs::read_dir(folder.join("networks")).unwrap().count();
    let before = networks(&place);
    let advice = found(advise(&data, &place).args(["--budget", "1000"]));
    assert!(
        advice["candidates"].as_array().unwrap().iter().all(|candidate| candidate["dropped"]["reason"] != "budget")
    );
    assert!(networks(&place) > before);
}

#[test]
fn a_study_is_a_source_by_its_first_base() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("images");
    images(&data, &[("red", 6), ("green", 6)], 28);
    let study = ["--quick", "--device", "cpu", "--set", "solver.max_iter=2", "--runs", "runs"];
    let advise = |runs: &str| {
        let mut command = strata(&["advise", "--device", "cpu", "--set", "solver.max_epochs=1", "--set"]);
        command.args(["solver.min_iter=2", "--set", "advice.refit_seeds=0", "--set", "advice.curve_splits=0"]);
        command.args(["--fit", "resize", "--source", runs, "--data"]).arg(&data).current_dir(root.path());
        command
    };
    let run = |node: &str| strata(&["run", "default", node]).args(study).current_dir(root.path()).output().unwrap();
    assert!(run("s0-r0-baseB").status.success());
    let output = advise("runs/default-quick").output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    assert!(err(&output).contains("the source is s0-r0-baseB"), "{}", err(&output));
    let missing =
        strata(&["advise", "--source", "web", "--data"]).arg(&data).current_dir(root.path()).output().unwrap();
    assert!(!missing.status.success() && err(&missing).contains("no trained base"), "{}", err(&missing));
}
