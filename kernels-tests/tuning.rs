//! The tiles that a device prefers after it has been measured.

use super::devices::guarded;
use std::sync::Arc;
use strata::{
    gpu::Gpu,
    host::{Precision, Stream},
    nn::{BuildOptions, Net, Tape, zoo},
    ops::{Device, Executor, OpsError, Step, TILES, Tuning},
};

fn tiled() -> Arc<Gpu> {
    match guarded(false) {
        Device::Gpu(gpu) => gpu,
        other => panic!("{} is no gpu", other.describe()),
    }
}

fn net() -> Net {
    let options = BuildOptions::of(2);
    Net::build(&zoo::net("alexnet28", 10).unwrap(), options).unwrap()
}

fn prepare(net: &Net, executor: &mut Executor) -> Result<(), OpsError> {
    net.initialise(executor, Stream::named).unwrap();
    let values = net.batch * net.def.input.iter().product::<usize>();
    executor.write(net.x, &Stream::named("images").normal(values, 1.0))?;
    executor.write_words(net.labels, &[3, 8])
}

fn step() -> Step {
    Step { iteration: 0, rate: 0.01, dropout: Stream::named("dropout"), first_image: 0 }
}

/// The bits of all weights after a step.
fn weights(net: &Net, gpu: &Arc<Gpu>) -> Vec<Vec<u32>> {
    let mut executor = Executor::load(&Device::Gpu(Arc::clone(gpu)), net.program.clone()).unwrap();
    prepare(net, &mut executor).unwrap();
    executor.run(Tape::Train, &step()).unwrap();
    let of = |param: &strata::nn::Param| executor.read(param.w).unwrap().iter().map(|v| v.to_bits()).collect();
    net.params.iter().map(of).collect()
}

#[test]
fn every_product_of_a_step_is_measured_and_the_fastest_tile_is_kept_in_a_file() {
    let (gpu, net) = (tiled(), net());
    let mut tuning = Tuning::none(gpu.info(), Precision::F32);
    let rows =
        tuning.measure(&gpu, &net.program, (Tape::Train, 1, &step()), |executor| prepare(&net, executor)).unwrap();
    let products = net.program.tape(Tape::Train).iter().filter(|entry| entry.op.cost().macs > 0).count();
    assert_eq!(rows.len(), products, "{rows:?}");
    for row in &rows {
        let least = row.milliseconds.iter().copied().fold(f64::INFINITY, f64::min);
        assert!(least > 0.0 && row.taken_milliseconds() <= row.untuned_milliseconds, "{row:?}");
        if row.preferred.is_some() {
            assert_eq!(row.taken_milliseconds(), least, "{row:?}");
        }
    }

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(Tuning::file_name(gpu.info(), Precision::F32));
    let read = || Tuning::read(&path, gpu.info(), Precision::F32).unwrap();
    assert_eq!(read(), Tuning::none(gpu.info(), Precision::F32), "nothing is preferred before it was measured");
    tuning.write(&path).unwrap();
    let kept = std::fs::read_to_string(&path).unwrap();
    let preferred = rows.iter().filter(|row| row.preferred.is_some()).count();
    assert_eq!(kept.lines().filter(|line| line.starts_with('"')).count(), preferred, "{kept}");
    assert_eq!(read(), tuning);
    let other = strata::gpu::AdapterInfo { name: "another".into(), ..gpu.info().clone() };
    let refused = Tuning::read(&path, &other, Precision::F32).unwrap_err().to_string();
    assert!(refused.contains("of another adapter") && refused.contains("strata tune"), "{refused}");
    assert_ne!(Tuning::file_name(&other, Precision::F32), Tuning::file_name(gpu.info(), Precision::F32));
}

#[test]
fn a_preferred_tile_is_taken_and_changes_no_bit() {
    let net = net();
    let untuned = weights(&net, &tiled());
    for (tile, of_tile) in TILES.into_iter().enumerate() {
        let gpu = tiled();
        let products = net.program.tape(Tape::Train).iter().filter_map(|entry| entry.op.product());
        let lines: String = products.map(|product| format!("\"{product}\" = {tile}\n")).collect();
        Tuning::parse(&format!("adapter = \"x\"\n[tiles]\n{lines}")).unwrap().apply(&gpu);
        assert!(weights(&net, &gpu) == untuned, "tiles of {of_tile} change bits");
        for (shader, entry) in gpu.pipelines() {
            let own = TILES.map(|tile| tile.to_string());
            let of_tile = own.iter().position(|name| shader.ends_with(&format!("_{name}")));
            assert!(of_tile.is_none_or(|made| made == tile), "{shader}/{entry} is not of the preferred tile");
        }
    }
}
