//! Non-finite values.

use super::{
    damaged::{identity, set, trainer},
    made::{SETTINGS, err, network, strata},
};
use std::{fs, process::Command};
use strata::{
    data::Normalisation,
    gpu::{Choice, Gpu},
    ops::Device,
    train::{
        TrainError,
        checkpoint::{self, Measured},
    },
};

fn devices() -> [Device; 2] {
    [Device::Cpu, Device::Gpu(Gpu::open(&Choice::Software).unwrap_or_else(|error| panic!("{error}")))]
}

#[test]
fn the_step_where_a_forward_pass_overflows_is_named_and_the_layer_unless_later_steps_have_run() {
    let set = set();
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    for (device, waiting) in devices().into_iter().flat_map(|device| [(device.clone(), false), (device, true)]) {
        let mut trainer = trainer(&set, &normalisation, &device);
        if waiting {
            trainer = trainer.waiting();
        }
        trainer.train_step().unwrap();
        for param in trainer.net.params.clone().iter().filter(|param| param.name == "conv3.weight") {
            trainer.executor.write(param.w, &vec![1e38; param.shape.iter().product()]).unwrap();
        }
        // Losses come at once on the cpu, and some steps later on a gpu.
        let error = (0..20).find_map(|_| trainer.train_step().err()).unwrap();
        let TrainError::Diverged { step, loss, place } = error else { panic!("{error}") };
        assert_eq!(step, 1, "{}", device.describe());
        assert!(!loss.is_finite());
        match place {
            Some(place) => assert_eq!(place, "the output of layer conv3", "{}", device.describe()),
            None => assert!(!waiting && matches!(device, Device::Gpu(_)), "{}", device.describe()),
        }
    }
}

#[test]
fn a_number_that_is_none_is_found_where_no_loss_shows_it_and_the_finite_checkpoint_stays() {
    let set = set();
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    for device in devices() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.safetensors");
        let mut trainer = trainer(&set, &normalisation, &device);
        trainer.train_step().unwrap();
        trainer.check_finite().unwrap();
        checkpoint::save(&mut trainer, &Measured::default(), &identity(), &path, &strata::host::atomic::Anyone)
            .unwrap();
        let before = fs::read(&path).unwrap();
        for (name, bits) in [("fc6.weight", 0x7fc0_0000), ("conv1.bias", 0xff80_0000), ("conv5.weight", 0x7f80_0001)] {
            let param = trainer.net.params.iter().find(|param| param.name == name).unwrap().clone();
            let history = trainer.executor.read(param.h.unwrap()).unwrap();
            let mut odd = history.clone();
            odd[param.shape[0] / 2] = f32::from_bits(bits);
            trainer.executor.write(param.h.unwrap(), &odd).unwrap();
            let error =
                checkpoint::save(&mut trainer, &Measured::default(), &identity(), &path, &strata::host::atomic::Anyone)
                    .unwrap_err();
            let words = format!("the momentum of {name}");
            assert!(error.to_string().contains(&words), "{}: {error}", device.describe());
            trainer.executor.write(param.h.unwrap(), &history).unwrap();
        }
        assert!(fs::read(&path).unwrap() == before && !checkpoint::previous(&path).exists());
    }
}

#[test]
fn a_diverged_network_is_marked_everywhere_and_not_trained_again() {
    let runs = tempfile::tempdir().unwrap();
    let diverging = |verb: &[&str]| {
        let mut command = strata(verb, runs.path());
        command.args(["--set", "solver.base_lr=1e12"]).output().unwrap()
    };
    let output = diverging(&["reproduce"]);
    assert_eq!(output.status.code(), Some(7), "{}", err(&output));
    assert!(err(&output).contains("is no longer finite at step"), "{}", err(&output));
    assert!(err(&output).contains("layer"), "{}", err(&output));
    let folder = network(runs.path(), "s0-r0-baseA");
    let manifest = fs::read_to_string(folder.join("manifest.toml")).unwrap();
    assert!(manifest.contains("state = \"diverged\""), "{manifest}");
    assert!(folder.join("state.safetensors").exists(), "the last finite checkpoint stays");
    let page = fs::read_to_string(runs.path().join("default/report/report.html")).unwrap();
    assert!(page.contains("2 diverged") && page.contains("diverged: "), "the page names it");
    let again = diverging(&["run", "default", "s0-r0-baseA"]);
    assert_eq!(again.status.code(), Some(7), "{}", err(&again));
    assert!(err(&again).contains("has diverged") && !err(&again).contains("resumes"), "{}", err(&again));
}

/// The non-finite loss arrives when later steps have run; the run repeats from its checkpoint to that step.
#[test]
fn a_network_that_diverges_on_a_gpu_names_the_layer_too() {
    let runs = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_strata"));
    command.args(["run", "default", "s0-r0-baseA", "--device", "software", "--runs"]).arg(runs.path());
    let settings =
        SETTINGS.iter().chain(&["data.train_per_class=20", "solver.base_lr=1e12", "protocol.checkpoint_every=100"]);
    command.args(settings.flat_map(|set| ["--set", set]));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(7), "{}", err(&output));
    assert!(err(&output).contains("layer"), "{}", err(&output));
}
