//! `strata data pack`.

use super::bar;
use crate::cli::output::{note, print_line};
use crate::{
    cli::{Format, exit_code, interrupt::Interrupt, json, one_of},
    data::{
        DataError, OnBad, folder,
        image_file::take_remarks,
        store::{PackOptions, StoreError, pack},
    },
};
use anyhow::Result;
use clap::Args;
use std::{path::PathBuf, time::Instant};

#[derive(Args, Debug)]
pub struct Options {
    /// Pack a folder with train/ and val/ (class folders, a flat val, or tar archives), or a tar archive of both
    #[arg(allow_hyphen_values = true)]
    dir: PathBuf,
    /// Write the packed file here
    #[arg(long, value_name = "FILE", allow_hyphen_values = true)]
    out: PathBuf,
    /// Resize images to this many rows and columns; proportions are not kept
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=4096))]
    size: u32,
    /// Choose what happens to an image that cannot be decoded
    #[arg(long, default_value = OnBad::Fail.name(), value_parser = one_of(OnBad::ALL, OnBad::name, OnBad::does))]
    on_bad_image: OnBad,
    /// Skip at most this many bad images
    #[arg(long, default_value_t = 100)]
    max_bad: usize,
    /// Read the classes of a flat val folder from this file (default: val.txt, LOC_val_solution.csv or the development
    /// kit's file)
    #[arg(long, value_name = "FILE", allow_hyphen_values = true)]
    val_labels: Option<PathBuf>,
    /// Print text or json
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn main(options: &Options) -> Result<()> {
    let interrupt = Interrupt::listen()?;
    let set = folder::open(&options.dir, options.val_labels.as_deref())?;
    let (train, test) = (&set.train, &set.test);
    let (images, ignored) = (train.items.len() + test.items.len(), train.ignored + test.ignored);
    note!(
        "{}: {} classes, {} training and {} test images, {ignored} other files ignored",
        set.name(),
        train.class_names.len(),
        train.items.len(),
        test.items.len()
    );
    set.taken.iter().for_each(|line| note!("{line}"));
    let on_bad = options.on_bad_image;
    interrupt.ask_first();
    let bar = bar("{bar:24} {pos}/{len} images, {per_sec}, {eta} left");
    bar.set_length(images as u64);
    let start = Instant::now();
    let pack_options = PackOptions { side: options.size, on_bad, max_bad: options.max_bad };
    let result = pack(&set, &options.out, pack_options, &|done, _| {
        bar.set_position(done as u64);
        interrupt.asked().is_none()
    });
    bar.finish_and_clear();
    let packed = match (result, interrupt.asked()) {
        (Err(DataError::Store(StoreError::Stopped { .. })), Some(code)) => {
            return Err(exit_code::Stopped(code).into());
        }
        (result, _) => result?,
    };
    let seconds = start.elapsed().as_secs_f64();
    let rate = (packed.images - packed.resumed) as f64 / seconds;
    if packed.replaced {
        note!("{}: its files have changed since it was packed; it was packed again", options.out.display());
    }
    for skipped in &packed.skipped {
        note!("skipped {}: {}", skipped.name, skipped.reason);
    }
    let remarks = take_remarks();
    if let Some(remarks) = &remarks {
        note!("{} images with faults that leave their pixels alone, such as {}", remarks.images, remarks.first);
    }
    let (kept, skipped, out) = (packed.images, packed.skipped.len(), options.out.display());
    match options.format {
        Format::Text => print_line!(
            "{kept} images of {0} x {0} in {out}: {1} packed before, {seconds:.1} s, {rate:.0} images/s, {skipped} \
             skipped",
            options.size,
            packed.resumed
        )?,
        Format::Json => json::print(
            "data-pack",
            serde_json::json!({
                "file": options.out.display().to_string(), "images": kept, "resumed": packed.resumed,
                "seconds": seconds, "images_per_second": rate, "skipped": packed.skipped,
                "remarked": remarks.map_or(0, |remarks| remarks.images),
            }),
        )?,
    }
    Ok(())
}
