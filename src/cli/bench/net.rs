//! A net, ready to be timed on random images.

use crate::{
    host::{Precision, Stream},
    nn::{BuildOptions, Net, NetDef, zoo},
    ops::{Device, Executor, Step},
};
use anyhow::Result;

/// The random numbers of one purpose.
pub fn stream(purpose: &str) -> Stream {
    Stream::named(&format!("bench/{purpose}"))
}

/// A net by its name or file, with as many outputs as its description has.
pub fn find(name: &str) -> Result<NetDef> {
    Ok(zoo::find(name)?)
}

/// Builds a net with dropout, momentum and decay.
pub fn build(name: &str, batch: usize, freeze: Option<usize>, precision: Precision) -> Result<Net> {
    build_with(name, freeze, BuildOptions { precision, ..BuildOptions::of(batch) })
}

/// The same without fusion.
pub fn unfused(name: &str, batch: usize, freeze: Option<usize>, precision: Precision) -> Result<Net> {
    build_with(name, freeze, BuildOptions { precision, fuse: false, ..BuildOptions::of(batch) })
}

fn build_with(name: &str, freeze: Option<usize>, options: BuildOptions) -> Result<Net> {
    let mut def = find(name)?;
    if let Some(n) = freeze {
        def.freeze(n)?;
    }
    Ok(Net::build(&def, options)?)
}

/// Builds a net in the precision of a device and loads it, and gives it images, labels and weights.
pub fn load(name: &str, batch: usize, freeze: Option<usize>, device: &Device) -> Result<(Net, Executor)> {
    let net = build(name, batch, freeze, device.precision())?;
    let mut executor = Executor::load(device, net.program.clone())?;
    net.initialise(&mut executor, stream)?;
    let images = batch * net.def.input.iter().product::<usize>();
    executor.write(net.x, &stream("images").normal(images, 1.0))?;
    let labels: Vec<u32> = (0..batch).map(|i| (i % net.classes()) as u32).collect();
    executor.write_words(net.labels, &labels)?;
    Ok((net, executor))
}

/// A step of the benchmark.
pub fn step(iteration: u32) -> Step {
    Step { iteration, rate: 1e-4, dropout: stream("dropout"), first_image: 0 }
}
