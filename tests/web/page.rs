//! The page itself, used as a visitor uses it.

use super::browser::{node, numbers};
use serde_json::{Value, json};
use std::{path::Path, process::Command};
use strata::{Experiment, web};

fn words(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn the_page_trains_its_networks_fits_its_window_and_says_where_there_is_no_device_or_one_is_lost() {
    let keys = ["data.train_per_class=20", "data.test_per_class=4", "solver.batch_size=4", "solver.max_iter=4"];
    let more = ["solver.stepsize=3", "protocol.evaluations=2"];
    let overrides = keys.into_iter().chain(more).map(String::from).collect::<Vec<_>>();
    let experiment = Experiment::find("web", &overrides).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let command = format!("strata reproduce web --set {}", overrides.join(" --set "));
    let options = web::Options { command: command.clone(), page: true, recorded: true };
    web::export(&experiment, &options, folder.path()).unwrap();
    let done: Value = serde_json::from_str(&node("tests/page.mjs", &[folder.path()])).unwrap();
    assert_eq!((&done["complaints"], &done["outside"]), (&json!([]), &json!([])));
    let looks = &done["looks"];
    let mut seen = 0;
    for width in [360, 1440] {
        for (colours, what) in
            ["light", "dark"].into_iter().flat_map(|c| ["ready", "training", "done", "without"].map(|w| (c, w)))
        {
            let look = &looks[format!("{width} {colours} {what}")];
            assert!(
                look["across"].as_u64().is_some_and(|across| across <= width),
                "{width} {what}: {}",
                look["across"]
            );
            assert_eq!((&look["classes"], &look["nameless"]), (&json!(10), &json!(0)), "{width} {what}");
            seen += 1;
        }
    }
    assert_eq!(seen, 16);
    let of = |what: &str| &looks[format!("1440 light {what}")];
    assert_eq!((words(&of("ready")["state"]), of("ready")["networks"].as_array().unwrap().len()), ("ready", 0));
    assert_eq!(looks["uneven"]["train"], true);
    assert!(words(&looks["uneven"]["balance"]).contains("move 1 from"), "{}", looks["uneven"]);
    assert_eq!(words(&of("training")["state"]), "training");
    // What is copied is trained anew, and the bases stay as they were.
    let bases = |look: &Value| look["networks"].as_array().unwrap()[..2].to_vec();
    assert_eq!(bases(&looks["anew"]), bases(of("done")));
    for (end, plus) in [(of("done"), ""), (&looks["tuned"], "+")] {
        assert_eq!((words(&end["state"]), words(&end["notice"])), ("done", ""), "{end}");
        let networks: Vec<&str> = end["networks"].as_array().unwrap().iter().map(words).collect();
        let names: Vec<String> = networks.iter().map(|row| row.split(" 4 ").next().unwrap().to_string()).collect();
        let derived = ["A1A", "B1A", "A1B", "B1B"].map(|name| format!("{name}{plus}"));
        assert_eq!(names, [vec!["base A".into(), "base B".into()], derived.to_vec()].concat());
        // Twenty test images of five classes, and the six filters of LeNet-5.
        assert_eq!((judged(end), &end["filters"]), (20.0, &json!(6)));
        assert!(words(&end["result"]).contains("Six small networks on one split"), "{}", end["result"]);
        assert!(words(&end["command"]).contains(&command) && words(&end["command"]).contains("halves.csv"));
    }
    assert_eq!(words(&looks["lost"]["state"]), "failed");
    assert!(words(&looks["lost"]["notice"]).contains("lost the graphics device"), "{}", looks["lost"]);
    let without = of("without");
    assert!(
        words(&without["notice"]).contains("WebGPU") && words(&without["notice"]).contains("recorded run"),
        "{without}"
    );
    assert_eq!((without["networks"].as_array().unwrap().len(), judged(without)), (6, 20.0), "{without}");
    trains_the_same(of("done"));
}

/// The images of the confusion matrix that is shown.
fn judged(look: &Value) -> f64 {
    numbers(&look["confusion"]).iter().sum()
}

/// Runs the command that a page gives, and compares what the fourth network of its race, B1A, takes for what.
fn trains_the_same(look: &Value) {
    let folder = tempfile::tempdir().unwrap();
    let one = words(&look["command"]).replace("strata reproduce web", "strata run web s0-r0-B1A --device cpu");
    let programs = Path::new(env!("CARGO_BIN_EXE_strata")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh").args(["-c", &one]).env("PATH", path).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{one}: {}", String::from_utf8_lossy(&output.stderr));
    let native = std::fs::read(folder.path().join("runs/web/s0-r0-B1A/confusion.json")).unwrap();
    let native: Value = serde_json::from_slice(&native).unwrap();
    let native: Vec<f64> = native["counts"].as_array().unwrap().iter().flat_map(numbers).collect();
    let apart: f64 = numbers(&look["confusion"]).iter().zip(&native).map(|(a, b)| (a - b).abs()).sum();
    // One image whose scores nearly tie may fall either way.
    assert!(apart <= 2.0, "{} instead of {native:?}", look["confusion"]);
}
