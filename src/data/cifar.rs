//! CIFAR-10 and CIFAR-100 in their binary versions.
//!
//! A record is one label byte (CIFAR-10) or two (CIFAR-100: coarse, then fine), then 3,072 bytes: the red,
//! the green and the blue plane of 32 x 32 pixels, row by row (Krizhevsky, "Learning Multiple Layers of
//! Features from Tiny Images", 2009, and the data sets' own page).

use std::{io::Read, path::Path};

use super::{
    DataError, Dataset, ImageSet,
    cifar_classes::{CIFAR10_NAMES, CIFAR100_COARSE_NAMES, CIFAR100_FINE_NAMES},
    file_bytes::{FileBytes, LIMIT},
};

const SIDE: usize = 32;
const CHANNELS: usize = 3;
const PLANE: usize = SIDE * SIDE;
const IMAGE: usize = PLANE * CHANNELS;

/// How one of the data sets is laid out in files.
#[derive(Debug, Clone, Copy)]
pub struct CifarLayout {
    /// The name that the data set gets.
    pub name: &'static str,
    /// The number of classes that each label byte of a record may name, in the order of the bytes.
    pub label_ranges: &'static [usize],
    /// Which of the label bytes becomes the class.
    pub label: usize,
    /// The names of the classes of that label byte.
    pub class_names: &'static [&'static str],
    /// The files of training images, in order.
    pub train_files: &'static [&'static str],
    /// The file of test images.
    pub test_file: &'static str,
    /// Records in each training file.
    pub train_records: usize,
    /// Records in the test file.
    pub test_records: usize,
}

/// CIFAR-10: five files of 10,000 training images, one of 10,000 test images.
pub const CIFAR10: CifarLayout = CifarLayout {
    name: "cifar-10",
    label_ranges: &[10],
    label: 0,
    class_names: &CIFAR10_NAMES,
    train_files: &["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"],
    test_file: "test_batch.bin",
    train_records: 10_000,
    test_records: 10_000,
};

/// CIFAR-100 with its 100 fine classes: 50,000 training and 10,000 test images.
pub const CIFAR100_FINE: CifarLayout = CifarLayout {
    name: "cifar-100",
    label_ranges: &[20, 100],
    label: 1,
    class_names: &CIFAR100_FINE_NAMES,
    train_files: &["train.bin"],
    test_file: "test.bin",
    train_records: 50_000,
    test_records: 10_000,
};

/// CIFAR-100 with its 20 superclasses.
pub const CIFAR100_COARSE: CifarLayout =
    CifarLayout { name: "cifar-100-coarse", label: 0, class_names: &CIFAR100_COARSE_NAMES, ..CIFAR100_FINE };

/// Reads a folder of the official files, for example `load_cifar(folder, &CIFAR100_FINE)`.
///
/// # Errors
/// [`DataError::MissingFile`] for a file that is not there, and those of [`read_records`].
pub fn load_cifar(folder: &Path, layout: &CifarLayout) -> Result<Dataset, DataError> {
    let mut train: Option<ImageSet> = None;
    for name in layout.train_files {
        let part = read_records(&find(folder, name)?, layout, Some(layout.train_records))?;
        match &mut train {
            None => train = Some(part),
            Some(whole) => {
                whole.pixels.extend(part.pixels);
                whole.labels.extend(part.labels);
            }
        }
    }
    let train = train.ok_or_else(|| DataError::MissingFile { folder: folder.into(), names: "of training".into() })?;
    let test = read_records(&find(folder, layout.test_file)?, layout, Some(layout.test_records))?;
    Dataset::new(layout.name, layout.class_names.iter().map(|&name| name.into()).collect(), train, test)
}

fn find(folder: &Path, name: &str) -> Result<std::path::PathBuf, DataError> {
    let path = folder.join(name);
    if path.is_file() { Ok(path) } else { Err(DataError::MissingFile { folder: folder.into(), names: name.into() }) }
}

/// Reads one file (plain or gzip) of exactly `records` records, or of any whole number of them from 1 up.
///
/// Every label byte is checked, not only the one in use: a record that is read at a wrong offset shows there.
///
/// # Errors
/// [`DataError::Truncated`] and [`DataError::TrailingBytes`] when the size differs from `records`,
/// [`DataError::PartialRecord`] when it is no whole number of records, [`DataError::NoPixels`] when it is empty,
/// [`DataError::LabelOutOfRange`], [`DataError::TooLarge`] above 1 GiB, [`DataError::Read`], [`DataError::Gzip`].
pub fn read_records(path: &Path, layout: &CifarLayout, records: Option<usize>) -> Result<ImageSet, DataError> {
    parse(FileBytes::open(path)?, layout, records)
}

/// The same from a stream, for example a byte slice; `path` is what errors name.
///
/// # Errors
/// Those of [`read_records`].
pub fn read_stream(
    stream: impl Read,
    path: &Path,
    layout: &CifarLayout,
    records: Option<usize>,
) -> Result<ImageSet, DataError> {
    parse(FileBytes::new(stream, path)?, layout, records)
}

fn parse(mut source: FileBytes<'_>, layout: &CifarLayout, records: Option<usize>) -> Result<ImageSet, DataError> {
    let path = &source.path().to_path_buf();
    let mut record = vec![0; layout.label_ranges.len() + IMAGE];
    let most = LIMIT as usize / record.len();
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    while records.is_none_or(|records| labels.len() < records) {
        let got = source.fill(&mut record)?;
        if got < record.len() {
            check_end(path, record.len(), labels.len(), got, records)?;
            break;
        }
        if labels.len() == most {
            return Err(DataError::TooLarge { path: path.into(), limit: LIMIT, got: LIMIT + record.len() as u64 });
        }
        let (own_labels, planes) = record.split_at(layout.label_ranges.len());
        for (&label, &classes) in own_labels.iter().zip(layout.label_ranges) {
            if usize::from(label) >= classes {
                let (path, index) = (path.into(), labels.len());
                return Err(DataError::LabelOutOfRange { path, index, label: label.into(), classes });
            }
        }
        labels.push(u16::from(own_labels[layout.label]));
        // Planes to pixels: channels last is the order of every image set.
        let (red, rest) = planes.split_at(PLANE);
        let (green, blue) = rest.split_at(PLANE);
        pixels.extend(red.iter().zip(green).zip(blue).flat_map(|((&red, &green), &blue)| [red, green, blue]));
    }
    source.expect_end()?;
    ImageSet::new(SIDE, SIDE, CHANNELS, pixels, labels)
}

/// Judges data that ended `got` bytes into the record after `done` whole ones.
fn check_end(path: &Path, record: usize, done: usize, got: usize, records: Option<usize>) -> Result<(), DataError> {
    let (path, total) = (path.to_path_buf(), (done * record + got) as u64);
    match records {
        Some(records) => Err(DataError::Truncated { path, expected: (records * record) as u64, got: total }),
        None if got > 0 => Err(DataError::PartialRecord { path, record: record as u64, got: total }),
        None if done == 0 => Err(DataError::NoPixels { path, got: vec![0, SIDE, SIDE, CHANNELS] }),
        None => Ok(()),
    }
}
