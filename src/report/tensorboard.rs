//! Records as files of events, which TensorBoard shows.
//!
//! A file is a chain of TFRecords: the length of the data as 8 bytes, its masked CRC-32C, the data and its masked
//! CRC-32C, all little-endian. The data are protocol buffers, `Event` of TensorFlow's `event.proto`, of which four fields
//! are used: time (1), step (2), version of the format (3) and summary (5) with tag (1) and value (2) of each scalar.

use super::{Evaluation, ReportError, Run, Study};
use crate::host::atomic;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The version that the first record of a file names.
const VERSION: &str = "brain.Event:2";

/// The name of a network's file. TensorBoard asks for `tfevents` in it; it has no time and no host, so that the file is
/// replaced by the next one.
const FILE: &str = "events.out.tfevents.0.strata";

/// Writes the evaluations of every network of some studies, `FOLDER/EXPERIMENT/NETWORK/events...`, and returns how many
/// files there are. Each is written whole and replaces the one before, of which it is the continuation. Times are the
/// seconds that the network was trained.
///
/// # Errors
/// A folder or file that cannot be written.
pub fn write_events(studies: &[Study], folder: &Path) -> Result<usize, ReportError> {
    let failed = |path: PathBuf| move |source| ReportError::Write { path, source };
    let mut count = 0;
    for study in studies {
        for run in study.runs.iter().filter(|run| !run.curve.is_empty() || !run.held_out.is_empty()) {
            let folder = folder.join(&study.experiment).join(&run.name);
            fs::create_dir_all(&folder).map_err(failed(folder.clone()))?;
            let path = folder.join(FILE);
            atomic::write(&path, &events(run)).map_err(failed(path.clone()))?;
            count += 1;
        }
    }
    Ok(count)
}

/// The file of one network: its evaluations on test and held-out images in the order of their steps.
fn events(run: &Run) -> Vec<u8> {
    let mut file = Vec::new();
    record(&mut file, &event(0.0, 0, |event| bytes(event, 3, VERSION.as_bytes())));
    let tests = run.curve.iter().map(|evaluation| (evaluation, "test"));
    let held_out = run.held_out.iter().map(|evaluation| (evaluation, "held-out"));
    let mut all: Vec<(&Evaluation, &str)> = tests.chain(held_out).collect();
    all.sort_by_key(|(evaluation, _)| evaluation.step);
    for (evaluation, images) in all {
        let Evaluation { step, seconds, train_loss, loss, top1, top5, .. } = *evaluation;
        let of_images = [("loss", loss), ("top1", top1), ("top5", top5)];
        let scalars = of_images.map(|(name, value)| (format!("{images}/{name}"), value));
        let train = train_loss.is_finite().then(|| ("train/loss".to_string(), train_loss));
        let mut summary = Vec::new();
        for (tag, value) in train.into_iter().chain(scalars) {
            let mut scalar = Vec::new();
            bytes(&mut scalar, 1, tag.as_bytes());
            key(&mut scalar, 2, FIXED_32);
            scalar.extend((value as f32).to_le_bytes());
            bytes(&mut summary, 1, &scalar);
        }
        record(&mut file, &event(seconds, step, |event| bytes(event, 5, &summary)));
    }
    file
}

const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const LENGTH: u64 = 2;
const FIXED_32: u64 = 5;

fn varint(into: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        into.push(value as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

fn key(into: &mut Vec<u8>, field: u64, kind: u64) {
    varint(into, field << 3 | kind);
}

fn bytes(into: &mut Vec<u8>, field: u64, content: &[u8]) {
    key(into, field, LENGTH);
    varint(into, content.len() as u64);
    into.extend(content);
}

fn event(seconds: f64, step: u64, content: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut event = Vec::new();
    key(&mut event, 1, FIXED_64);
    event.extend(seconds.to_le_bytes());
    key(&mut event, 2, VARINT);
    varint(&mut event, step);
    content(&mut event);
    event
}

fn record(file: &mut Vec<u8>, data: &[u8]) {
    let length = (data.len() as u64).to_le_bytes();
    file.extend(length);
    file.extend(masked(&length).to_le_bytes());
    file.extend(data);
    file.extend(masked(data).to_le_bytes());
}

/// CRC-32C of some bytes, turned and shifted as TFRecords have it, so that a sum over data with sums in it is sound.
fn masked(data: &[u8]) -> u32 {
    crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli), bit by bit: there are few bytes.
fn crc32c(data: &[u8]) -> u32 {
    let bit = |crc: u32, _| (crc >> 1) ^ (0x82f6_3b78 & 0u32.wrapping_sub(crc & 1));
    !data.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), bit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_sum_is_that_of_rfc_3720() {
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c(&(0..32).collect::<Vec<u8>>()), 0x46dd_794e);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }
}
