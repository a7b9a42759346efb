//! `strata bench step`: training steps with dropout, momentum and decay, and inference, in images per second.

use super::{super::Format, layers, net};
use crate::{
    cli::json,
    cli::{DeviceArgs, PrecisionArgs, at_least_one, device},
    nn::{Net, Tape},
    ops::{Executor, OpsError, median},
    report::statistics::mean,
};
use anyhow::{Result, anyhow};
use clap::Args;
use serde_json::json;
use std::{
    io::Write,
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

/// Steps that come first to warm up.
const WARM_UP: u32 = 2;

#[derive(Args, Debug)]
pub struct Options {
    /// Time this net (`strata net list`) or net file
    #[arg(long, value_name = "NAME|FILE", default_value = "alexnet32")]
    net: String,
    /// Use this many images per step
    #[arg(long, default_value_t = 128, value_parser = at_least_one::<usize>())]
    batch: usize,
    /// Time this many steps, after two to warm up
    #[arg(long, default_value_t = 5, value_parser = at_least_one::<u32>())]
    steps: u32,
    /// Train this many networks side by side, as `reproduce --jobs` does, with one thread each where there are
    /// several. Images per second, GFLOP/s and memory are totals; milliseconds are those of one network's step
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least_one::<usize>())]
    jobs: usize,
    /// Freeze the first n blocks
    #[arg(long, value_name = "N")]
    freeze: Option<usize>,
    /// Print the time of every operation in a step of a single network, and how many operations and dispatches fusion
    /// saves
    #[arg(long)]
    layers: bool,
    /// Print text, or json: one object
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    precision: PrecisionArgs,
}

/// The times of a tape of several networks side by side.
struct Timed {
    /// Seconds of a step of one network: the median, or the mean where there are more networks than cores.
    seconds: f64,
    /// Steps per second of all networks together.
    rate: f64,
}

/// Times the steps of some networks side by side, each on a thread of its own.
fn time(networks: &mut [(Net, Executor)], tape: Tape, steps: u32) -> Result<Timed> {
    let jobs = networks.len();
    let (ready, done) = (Barrier::new(jobs), AtomicUsize::new(0));
    let step = |net: &Net, executor: &mut Executor, iteration: u32| -> Result<f64, OpsError> {
        let start = Instant::now();
        executor.run(tape, &net::step(iteration))?;
        // Reading the loss waits for a GPU to end.
        executor.read(net.loss)?;
        Ok(start.elapsed().as_secs_f64())
    };
    let all = |net: &Net, executor: &mut Executor| -> Result<Vec<f64>, OpsError> {
        let warm = (0..WARM_UP).try_for_each(|iteration| step(net, executor, iteration).map(drop));
        // Nobody waits for one that has failed.
        ready.wait();
        let timed = warm.and_then(|()| (0..steps).map(|i| step(net, executor, WARM_UP + i)).collect());
        done.fetch_add(1, Ordering::Relaxed);
        // Every step is timed beside those of all others.
        while timed.is_ok() && done.load(Ordering::Relaxed) < jobs {
            step(net, executor, WARM_UP + steps)?;
        }
        timed
    };
    if let [(net, executor)] = networks {
        let seconds = median(all(net, executor)?);
        return Ok(Timed { seconds, rate: 1.0 / seconds });
    }
    let all = &all;
    let pools = networks.iter().map(|_| rayon::ThreadPoolBuilder::new().num_threads(1).build());
    let pools = pools.collect::<Result<Vec<_>, _>>()?;
    let timed: Vec<Vec<f64>> = thread::scope(|scope| {
        let working = networks.iter_mut().zip(pools);
        let working = working.map(|((net, executor), pool)| scope.spawn(move || pool.install(|| all(net, executor))));
        // All are begun before the first is waited for.
        let working: Vec<_> = working.collect();
        let ended =
            working.into_iter().map(|one| one.join().map_err(|_| anyhow!("a thread broke off"))?.map_err(Into::into));
        ended.collect::<Result<_>>()
    })?;
    // Where networks share a core, most steps do not wait at all and a few wait for long: only the mean tells.
    let shared = thread::available_parallelism().is_ok_and(|cores| jobs > cores.get());
    let typical = |seconds: Vec<f64>| if shared { mean(&seconds).unwrap_or(f64::NAN) } else { median(seconds) };
    let rate = timed.iter().map(|seconds| 1.0 / typical(seconds.clone())).sum();
    Ok(Timed { seconds: typical(timed.concat()), rate })
}

pub fn main(options: &Options) -> Result<()> {
    let &Options { batch, steps, jobs, .. } = options;
    let device = device::open(&options.device.device, options.precision.precision.unwrap_or_default())?;
    let networks = (0..jobs).map(|_| net::load(&options.net, batch, options.freeze, &device));
    let mut networks = networks.collect::<Result<Vec<_>>>()?;
    let (train, inference) = (time(&mut networks, Tape::Train, steps)?, time(&mut networks, Tape::Evaluate, steps)?);
    let memory: u64 = networks.iter().map(|(_, executor)| executor.bytes()).sum();
    let (net, executor) = &mut networks[0];
    let macs = [Tape::Train, Tape::Evaluate].map(|tape| net.program.macs(tape) as f64);
    let images = |timed: &Timed| batch as f64 * timed.rate;
    let gflops = |macs: f64, timed: &Timed| 2e-9 * macs * timed.rate;
    let mut out = std::io::stdout().lock();
    if let Format::Json = options.format {
        let record = json!({
            "net": net.def.name, "batch": batch, "jobs": jobs, "device": device.describe(),
            "threads": if jobs > 1 { 1 } else { rayon::current_num_threads() },
            "steps": steps, "frozen": options.freeze, "version": env!("CARGO_PKG_VERSION"),
            "milliseconds": 1e3 * train.seconds, "images_per_second": images(&train),
            "gflops": gflops(macs[0], &train),
            "inference_milliseconds": 1e3 * inference.seconds, "inference_images_per_second": images(&inference),
            "inference_gflops": gflops(macs[1], &inference), "memory_bytes": memory,
        });
        json::write(&mut out, "bench-step", record)?;
        return Ok(());
    }
    let beside = if jobs > 1 { format!(", {jobs} networks side by side") } else { String::new() };
    writeln!(out, "{} batch {batch} on {}{beside}", net.def.name, device.describe())?;
    for (what, macs, timed) in [("training", macs[0], &train), ("inference", macs[1], &inference)] {
        let (ms, rate, gflops) = (1e3 * timed.seconds, images(timed), gflops(macs, timed));
        writeln!(out, "{what:<10} {ms:9.2} ms {rate:9.1} images/s {gflops:8.1} GFLOP/s")?;
    }
    writeln!(out, "memory     {:9.1} MiB, flat from the first step on", memory as f64 / f64::from(1 << 20))?;
    if options.layers {
        let apart = net::unfused(&options.net, batch, options.freeze, device.precision())?;
        let count = |net: &Net| net.program.tape(Tape::Train).len();
        writeln!(out, "operations {:9} in a step, {} without fusion", count(net), count(&apart))?;
        if let Some(dispatches) = executor.dispatches(Tape::Train) {
            let apart = Executor::load(&device, apart.program)?.dispatches(Tape::Train).unwrap_or_default();
            writeln!(out, "dispatches {dispatches:9} in a step, {apart} without fusion")?;
        }
        let rows = layers::measure(executor, steps)?;
        layers::print(&rows, None, &mut out)?;
    }
    Ok(())
}
