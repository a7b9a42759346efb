//! Numbers that are none.

use super::{
    damaged::{identity, set, trainer},
    made::{err, network, strata},
};
use std::fs;
use strata::{
    data::mean,
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
fn the_layer_where_a_forward_pass_overflows_is_named_with_the_step() {
    let set = set();
    let mean = mean::mean_image(&set).unwrap();
    for device in devices() {
        let mut trainer = trainer(&set, &mean, &device);
        trainer.train_step().unwrap();
        for param in trainer.net.params.clone().iter().filter(|param| param.name == "conv3.weight") {
            trainer.executor.write(param.w, &vec![1e38; param.shape.iter().product()]).unwrap();
        }
        let error = trainer.train_step().unwrap_err();
        let TrainError::Diverged { step, loss, place } = error else { panic!("{error}") };
        assert_eq!((step, place.as_str()), (1, "the output of layer conv3"), "{}", device.describe());
        assert!(!loss.is_finite());
    }
}

#[test]
fn a_number_that_is_none_is_found_where_no_loss_shows_it_and_the_finite_checkpoint_stays() {
    let set = set();
    let mean = mean::mean_image(&set).unwrap();
    for device in devices() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.safetensors");
        let mut trainer = trainer(&set, &mean, &device);
        trainer.train_step().unwrap();
        trainer.check_finite().unwrap();
        checkpoint::save(&mut trainer, &Measured::default(), &identity(), &path).unwrap();
        let before = fs::read(&path).unwrap();
        for (name, bits) in [("fc6.weight", 0x7fc0_0000), ("conv1.bias", 0xff80_0000), ("conv5.weight", 0x7f80_0001)] {
            let param = trainer.net.params.iter().find(|param| param.name == name).unwrap().clone();
            let history = trainer.executor.read(param.h.unwrap()).unwrap();
            let mut odd = history.clone();
            odd[param.shape[0] / 2] = f32::from_bits(bits);
            trainer.executor.write(param.h.unwrap(), &odd).unwrap();
            let error = checkpoint::save(&mut trainer, &Measured::default(), &identity(), &path).unwrap_err();
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
    assert!(err(&again).contains("has diverged") && !err(&again).contains("goes on"), "{}", err(&again));
}
