//! Every operation of a training step by itself, under Criterion, which separates a change from noise.
//!
//! ```sh
//! cargo bench --bench operations                      # alexnet32, 32 images, on the cpu
//! cargo bench --bench operations -- conv2             # one layer
//! STRATA_BENCH="caffenet 8 software" cargo bench --bench operations
//! ```
//!
//! An operation runs again and again on the same tensors, so that its operands lie in whatever cache holds them;
//! `strata bench kernels` times them inside a step. Whether they are right is the business of the tests.

use criterion::{Criterion, Throughput};
use std::{sync::Arc, time::Duration};
use strata::{
    gpu::{Choice, Gpu},
    host::Stream,
    nn::{BuildOptions, Net, Tape, zoo},
    ops::{Device, Executor, Step},
};

type Failure = Box<dyn std::error::Error>;

fn stream(purpose: &str) -> Stream {
    Stream::named(&format!("operations/{purpose}"))
}

fn device(name: &str) -> Result<Device, Failure> {
    Ok(match name {
        "cpu" => Device::Cpu,
        "gpu" => Device::Gpu(Gpu::open(&Choice::Hardware)?),
        "software" => Device::Gpu(Gpu::open(&Choice::Software)?),
        other => return Err(format!("no device {other:?}; choose cpu, gpu or software").into()),
    })
}

fn measure(criterion: &mut Criterion, name: &str, batch: usize, device: &Device) -> Result<(), Failure> {
    let options = BuildOptions::of(batch);
    let net = Net::build(&zoo::net(name, 100)?, options)?;
    // Behind the tapes of the net comes one of its own for each operation of a step.
    let mut program = (*net.program).clone();
    let (entries, first) = (program.tape(Tape::Train).to_vec(), program.tapes.len());
    program.tapes.extend(entries.iter().map(|entry| vec![entry.clone()]));
    let mut executor = Executor::load(device, Arc::new(program))?;
    net.initialise(&mut executor, stream)?;
    let values = batch * net.def.input.iter().product::<usize>();
    executor.write(net.x, &stream("images").normal(values, 1.0))?;
    executor.write_words(net.labels, &(0..batch as u32).map(|i| i % 100).collect::<Vec<_>>())?;
    // A rate of zero, so that weights stay what they are however often they are updated.
    let step = Step { iteration: 0, rate: 0.0, dropout: stream("dropout"), first_image: 0 };
    executor.run(Tape::Train, &step)?;

    let mut group = criterion.benchmark_group(format!("{name}-{batch}"));
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    for (place, entry) in entries.iter().enumerate() {
        let cost = entry.op.cost();
        group.throughput(match cost.macs {
            0 => Throughput::Bytes(4 * cost.elements),
            macs => Throughput::Elements(2 * macs),
        });
        let mut failed = None;
        group.bench_function(
            format!("{place:02} {} {} {}", entry.layer, entry.op.stem(), entry.op.pass()),
            |bencher| {
                bencher.iter(|| {
                    // Reading the losses waits for a device to end.
                    let done = executor.run(first + place, &step).and_then(|()| executor.read(net.loss));
                    failed = failed.take().or(done.err());
                });
            },
        );
        failed.map_or(Ok(()), Err)?;
    }
    group.finish();
    Ok(())
}

fn main() -> Result<(), Failure> {
    let wanted = std::env::var("STRATA_BENCH").unwrap_or_else(|_| "alexnet32 32 cpu".into());
    let [net, batch, on] = wanted.split_whitespace().collect::<Vec<_>>()[..] else {
        return Err(format!("STRATA_BENCH is NET BATCH DEVICE, such as \"alexnet32 32 cpu\", not {wanted:?}").into());
    };
    let mut criterion = Criterion::default().configure_from_args();
    measure(&mut criterion, net, batch.parse()?, &device(on)?)?;
    criterion.final_summary();
    Ok(())
}
