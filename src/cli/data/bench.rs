//! `strata data bench`.

use crate::cli::output::print_line;
use crate::{
    cpu,
    data::{
        OnBad,
        crop::Crop,
        folder, mean,
        prefetch::Prefetch,
        store::{PackOptions, Store, pack},
    },
    host::{ImageDims, Stream},
};
use anyhow::Result;
use clap::Args;
use mozjpeg::{ColorSpace, Compress};
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// The size of a usual ImageNet photograph, and the quality of its JPEG.
const PHOTOGRAPH: [u32; 2] = [500, 375];
const QUALITY: f32 = 85.0;

/// How long reading is measured.
const READING: Duration = Duration::from_secs(3);

#[derive(Args, Debug)]
pub struct Options {
    /// Generate, pack and read this many photographs
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(8..=1_000_000))]
    images: u32,
    /// Read batches of this many images
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4096))]
    batch: u32,
    /// Put temporary files into this folder (default: the system's folder for temporary files)
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
}

pub fn main(options: &Options) -> Result<()> {
    let scratch = options.scratch.clone().unwrap_or_else(std::env::temp_dir);
    let folder = scratch.join(format!("strata-bench-{}", std::process::id()));
    let result = measure(options, &folder);
    // The files are of no use to anyone; what was measured matters more than an error of removing them.
    let _ = fs::remove_dir_all(&folder);
    result
}

fn measure(options: &Options, folder: &Path) -> Result<()> {
    let threads = rayon::current_num_threads();
    let [width, height] = PHOTOGRAPH;
    for number in 0..options.images {
        let class = folder.join("set/train").join((number % 8).to_string());
        fs::create_dir_all(&class)?;
        fs::write(class.join(format!("{number}.jpg")), photograph(number)?)?;
    }
    let (set, out) = (folder::open(&folder.join("set"), None)?, folder.join("set.pack"));
    let start = Instant::now();
    pack(&set, &out, PackOptions { side: 256, on_bad: OnBad::Fail, max_bad: 0 }, &|_, _| true)?;
    let rate = f64::from(options.images) / start.elapsed().as_secs_f64();
    print_line!("packing {width} x {height} JPEG to 256 x 256: {rate:.0} images/s on {threads} threads")?;

    let train = Store::open(&out)?.dataset()?.train;
    let start = Instant::now();
    mean::mean_image(&train)?;
    let mean_seconds = start.elapsed().as_secs_f64();
    let start = Instant::now();
    train.verify()?;
    let (seconds, images) = (start.elapsed().as_secs_f64(), f64::from(options.images));
    print_line!(
        "verifying every image of the packed file: {:.0} images/s (its mean: {:.0} images/s)",
        images / seconds,
        images / mean_seconds
    )?;
    let (images, batch) = (train.len(), options.batch as usize);
    let order = move |number: u64| {
        let words = (0..batch).map(|place| Stream::named("bench").words(number, place as u32)[0] as usize % images);
        Some(words.collect::<Vec<_>>())
    };
    let mut ahead = Prefetch::start(&train, 0, || order);
    let (start, mut number) = (Instant::now(), 0);
    while start.elapsed() < READING {
        order(number).and_then(|indices| ahead.take(&indices));
        number += 1;
    }
    let rate = number as f64 * batch as f64 / start.elapsed().as_secs_f64();
    print_line!("reading shuffled batches of {batch} from the packed file: {rate:.0} images/s")?;

    let stored = ImageDims { n: batch, h: 256, w: 256, c: 3 };
    let (mean, scale, mut x) = (vec![120.0; 256 * 256 * 3], [1.0; 3], vec![0.0f32; batch * 227 * 227 * 3]);
    let (start, first) = (Instant::now(), number);
    while start.elapsed() < READING {
        let Some(got) = order(number).and_then(|indices| ahead.take(&indices)) else { break };
        let mut crops = Vec::with_capacity(3 * batch);
        for place in 0..batch as u32 {
            let [row, column, mirror, _] = Stream::named("crops").words(number, place);
            let crop = Crop::train(256, 256, 227, true, [row, column, mirror])?;
            crops.extend([crop.top, crop.left, u32::from(crop.mirror)]);
        }
        cpu::augment::forward(&stored, 0, &got.pixels, &crops, [&mean, &scale], [227, 227], &mut x);
        number += 1;
    }
    let rate = (number - first) as f64 * batch as f64 / start.elapsed().as_secs_f64();
    print_line!("the same, cropped to 227 x 227, mirrored, mean-subtracted (cpu executor): {rate:.0} images/s")?;
    Ok(())
}

/// A picture of waves and grain, about as large in bytes as a photograph.
fn photograph(number: u32) -> Result<Vec<u8>> {
    let [width, height] = PHOTOGRAPH;
    let grain = Stream::named("grain");
    let phase = f64::from(number);
    let pixel = |x: u32, y: u32| {
        let noise = grain.words(u64::from(y * width + x), number)[0] % 24;
        let wave =
            |k: f64| (110.0 + 90.0 * (f64::from(x) / (9.0 + k) + phase).sin() * (f64::from(y) / 17.0).cos()) as u32;
        [wave(0.0), wave(5.0), wave(11.0)].map(|value| (value + noise).min(255) as u8)
    };
    let pixels: Vec<u8> = (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect();
    let mut encoder = Compress::new(ColorSpace::JCS_RGB);
    encoder.set_size(width as usize, height as usize);
    // One baseline scan with half the columns and rows of colour, as photographs mostly are.
    encoder.set_fastest_defaults();
    encoder.set_quality(QUALITY);
    let mut encoder = encoder.start_compress(Vec::new())?;
    encoder.write_scanlines(&pixels)?;
    Ok(encoder.finish()?)
}
