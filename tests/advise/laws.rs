//! The same request gives the same bytes, whatever happened on the way.

use super::made::{advise, found, results, source, three, timeless};
use crate::{
    cli::made::err,
    reliability::made::{held, kill, send},
};
use std::{fs, process::Stdio, thread, time::Duration};
use strata::{
    data::{OnBad, Source},
    host::Stop,
    ops::Device,
    protocol::advice::{
        blocks::Blocks,
        keys::Keys,
        network::Task,
        preparation::{Prepared, Request, prepare},
        record::Kind,
    },
    train::{Prefixes, WeightsFile},
};

#[test]
fn neither_threads_nor_networks_side_by_side_change_a_byte() {
    let root = tempfile::tempdir().unwrap();
    let data = three(root.path());
    let run = |name: &str, threads: &str, jobs: &str| {
        let out = root.path().join(name);
        let advice = found(advise(&data, &out).args(["--jobs", jobs]).env("RAYON_NUM_THREADS", threads));
        (timeless(advice), results(&out))
    };
    let one = run("one", "1", "1");
    assert!(one.1.len() > 50, "{}", one.1.len());
    for (name, threads, jobs) in [("two", "2", "2"), ("three", "3", "1")] {
        assert_eq!(run(name, threads, jobs), one, "{name}");
    }
}

#[test]
fn an_advice_that_was_interrupted_goes_on_to_the_same_bytes() {
    let root = tempfile::tempdir().unwrap();
    let data = three(root.path());
    let whole = root.path().join("whole");
    let expected = timeless(found(&mut advise(&data, &whole)));
    let place = root.path().join("stopped");
    let mut child = advise(&data, &place).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let trained = || fs::read_dir(place.join("networks")).map_or(0, Iterator::count);
    while trained() < 12 && child.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_millis(2));
    }
    send("-INT", &child);
    let stopped = child.wait_with_output().unwrap();
    assert_eq!(stopped.status.code(), Some(130), "{}", err(&stopped));
    assert!(err(&stopped).contains("the same command resumes"), "{}", err(&stopped));
    let left = trained();
    assert!(left < results(&whole).len(), "it was stopped on the way");
    assert_eq!(timeless(found(&mut advise(&data, &place))), expected);
    assert_eq!(results(&place), results(&whole));
}

#[test]
fn an_advice_that_was_killed_while_a_file_was_written_goes_on_to_the_same_bytes() {
    let root = tempfile::tempdir().unwrap();
    let data = three(root.path());
    let whole = root.path().join("whole");
    let expected = timeless(found(&mut advise(&data, &whole)));
    for (number, file) in ["split=1-frozen-2.json", "recommended.safetensors"].into_iter().enumerate() {
        let place = root.path().join(format!("killed-{number}"));
        let mut child = held(advise(&data, &place), file, 1).unwrap();
        assert!(kill(&mut child));
        assert!(!place.join("networks").join(file).exists() && !place.join(file).exists());
        assert_eq!(timeless(found(&mut advise(&data, &place))), expected, "{file}");
        let left: Vec<_> = results(&place).into_iter().filter(|(name, _)| !name.contains(".tmp")).collect();
        assert_eq!(left, results(&whole), "{file}");
    }
}

#[test]
fn a_network_whose_file_is_damaged_is_trained_again_to_the_same_bytes() {
    let root = tempfile::tempdir().unwrap();
    let (data, place) = (three(root.path()), root.path().join("advice"));
    let expected = (timeless(found(&mut advise(&data, &place))), results(&place));
    let file = place.join("networks/split=0-frozen-1.json");
    fs::write(&file, &fs::read(&file).unwrap()[..20]).unwrap();
    fs::remove_file(place.join("networks/split=1-scratch.json")).unwrap();
    assert_eq!((timeless(found(&mut advise(&data, &place))), results(&place)), expected);
}

#[test]
fn another_seed_is_another_advice_and_is_refused_in_the_same_place() {
    let root = tempfile::tempdir().unwrap();
    let (data, place) = (three(root.path()), root.path().join("advice"));
    let keys = ["--set", "advice.refit_seeds=0", "--set", "advice.curve_splits=0"];
    let first = found(advise(&data, &place).args(keys));
    let output = advise(&data, &place).args(keys).args(["--seed", "2"]).output().unwrap();
    assert_eq!(output.status.code(), Some(6), "{}", err(&output));
    assert!(err(&output).contains("there: seed = 1; now: seed = 2"), "{}", err(&output));
    let other = found(advise(&data, &root.path().join("other")).args(keys).args(["--seed", "2"]));
    assert_ne!(other["candidates"], first["candidates"]);
}

#[test]
fn frozen_networks_learn_the_same_bits_from_the_one_pass_as_from_a_pass_of_their_own() {
    let root = tempfile::tempdir().unwrap();
    let data = Source::Folder.load(Some(&three(root.path())), [16, 16, 3], OnBad::Fail).unwrap();
    let file = WeightsFile::read(&source()).unwrap();
    let keys = Keys::of(&["solver.min_iter=6", "solver.batch_size=8"].map(String::from)).unwrap();
    let (out, events) = (root.path().join("advice"), Stop::default());
    let request = Request {
        source: &file,
        source_path: "source",
        source_digest: "digest",
        keys: &keys,
        kinds: None,
        seed: 1,
        device: &Device::Cpu,
        jobs: 1,
        budget: None,
        out: &out,
    };
    let mut prepared = prepare(request, data, &events).unwrap();
    let trained = |prepared: &Prepared<'_>, kind: Kind| {
        let split = prepared.parts.splits[0].clone();
        let (train, judged) = (split.train, Some(split.validation));
        let task = Task { kind, draw: "split=0".into(), train, judged, keep: false };
        let (train, judged) = prepared.queue(1, &events).images(&task).unwrap();
        prepared.common.train(&task, &train, &judged).unwrap()
    };
    let kinds = [Kind::Frozen { n: 1 }, Kind::Frozen { n: 2 }, Kind::Frozen { n: 3 }, Kind::HeadFirst { n: 3 }];
    let shared = kinds.map(|kind| trained(&prepared, kind));
    assert_eq!(prepared.common.prefixes.count(), 3, "what the one pass gives was used");
    prepared.common.blocks = Blocks::default();
    prepared.common.prefixes = Prefixes::default();
    let own = kinds.map(|kind| trained(&prepared, kind));
    assert_eq!(prepared.common.prefixes.count(), 0);
    assert!(shared == own);
    // A frozen block stays the source's; one that is fine-tuned does not.
    let weights = |kind| trained(&prepared, kind).1.unwrap();
    assert_eq!(weights(Kind::Frozen { n: 1 })["conv1.weight"], file.tensors["conv1.weight"]);
    assert_ne!(weights(Kind::FineTuned { n: 1 })["conv1.weight"], file.tensors["conv1.weight"]);
}
