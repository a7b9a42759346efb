//! SIGTERM and Ctrl-C.

use super::{
    damaged::{set, trainer},
    made::{Dice, count, err, held, network, nothing_left, results, same, send, strata, undisturbed},
};
use std::{
    process::{Command, Stdio},
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};
use strata::{
    data::Normalisation,
    host::Stop,
    ops::Device,
    train::{Images, TrainError},
};

#[test]
fn a_study_that_is_stopped_again_and_again_ends_in_the_bytes_of_an_undisturbed_one() {
    let whole = undisturbed();
    let (wanted, mut dice) = (count("STRATA_STOPS", 12), Dice::named("stops"));
    let mut stops = 0;
    while stops < wanted {
        let runs = tempfile::tempdir().unwrap();
        for _ in 0..4 {
            let (signal, code) = if dice.below(2) == 0 { ("-TERM", 143) } else { ("-INT", 130) };
            let mut command = strata(&["reproduce"], runs.path());
            let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
            // From the time when the process has begun to listen.
            std::thread::sleep(Duration::from_millis(30 + dice.below(200)));
            send(signal, &child);
            let output = child.wait_with_output().unwrap();
            let ended = output.status.code();
            assert!(ended == Some(code) || ended == Some(0), "{ended:?}: {}", err(&output));
            stops += u64::from(ended == Some(code));
        }
        let output = strata(&["reproduce"], runs.path()).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
        same(&whole, &results(runs.path()));
        nothing_left(runs.path());
    }
    println!("{stops} stops: all byte-identical");
}

#[test]
fn a_stop_writes_a_checkpoint_within_a_step_and_the_run_resumes_from_it() {
    let runs = tempfile::tempdir().unwrap();
    let long = ["--set", "solver.max_iter=1000000", "--set", "protocol.checkpoint_every=1000000"];
    let mut command = strata(&["run", "default", "s0-r0-baseA"], runs.path());
    // Heartbeats that others see soon, with the steps that are done.
    command.env("STRATA_CLAIM_AGE", "3000");
    let child = command.args(long).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let claim = network(runs.path(), "s0-r0-baseA").join("claim-000001");
    let trains = |text: String| text.contains("\nstep = ") && !text.contains("\nstep = 0\n");
    while !std::fs::read_to_string(&claim).is_ok_and(trains) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let start = Instant::now();
    send("-TERM", &child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(143), "{}", err(&output));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(network(runs.path(), "s0-r0-baseA").join("state.safetensors").exists());
    assert!(!network(runs.path(), "s0-r0-baseA").join("manifest.toml").exists());
    assert!(err(&output).contains("stopped with a checkpoint"), "{}", err(&output));
}

#[test]
fn a_second_ctrl_c_stops_at_once_and_so_does_the_first_before_training() {
    let runs = tempfile::tempdir().unwrap();
    let run = || strata(&["run", "default", "s0-r0-baseA"], runs.path());
    // Held before anything is trained.
    let early = held(run(), "experiment.toml", 2).unwrap();
    send("-TERM", &early);
    assert_eq!(early.wait_with_output().unwrap().status.code(), Some(143));
    // Held in the middle of a checkpoint, which a first Ctrl-C waits for.
    let mut child = held(run(), "state.safetensors", 7).unwrap();
    send("-INT", &child);
    std::thread::sleep(Duration::from_millis(100));
    assert!(child.try_wait().unwrap().is_none(), "the first one waits for the checkpoint");
    send("-INT", &child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_stop_ends_an_evaluation_and_the_pass_through_a_frozen_prefix() {
    let set = set();
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    let flag = Arc::new(AtomicBool::new(true));
    let stop = Stop::of([Arc::clone(&flag)]);
    let mut evaluating = trainer(&set, &normalisation, &Device::Cpu).stopping(stop);
    let images = Images { set: &set, normalisation: &normalisation };
    assert!(matches!(evaluating.evaluate(&images), Err(TrainError::Stopped { step: 0 })));
    flag.store(false, std::sync::atomic::Ordering::Relaxed);
    evaluating.evaluate(&images).unwrap();
}

#[test]
fn packing_that_is_stopped_says_so_and_resumes() {
    let root = tempfile::tempdir().unwrap();
    for i in 0..600u32 {
        let class = root.path().join("set").join(["train", "val"][usize::from(i % 7 == 0)]).join((i % 2).to_string());
        std::fs::create_dir_all(&class).unwrap();
        image::RgbImage::from_pixel(40, 40, image::Rgb([i as u8, 1, 2])).save(class.join(format!("{i}.png"))).unwrap();
    }
    let pack = |out: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_strata"));
        command.args(["data", "pack", "--size", "128"]).arg(root.path().join("set"));
        command.arg("--out").arg(root.path().join(out)).env("RAYON_NUM_THREADS", "1");
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command
    };
    assert!(pack("whole").status().unwrap().success());
    for wait in [40, 80, 120] {
        let child = pack("stopped").spawn().unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        send("-TERM", &child);
        let output = child.wait_with_output().unwrap();
        assert!([Some(143), Some(0)].contains(&output.status.code()), "{}", err(&output));
    }
    assert!(pack("stopped").status().unwrap().success());
    let bytes = |name: &str| std::fs::read(root.path().join(name)).unwrap();
    assert!(bytes("whole") == bytes("stopped"));
}
