//! Everything that can go wrong with data, in one type.

use super::{fetch::FetchError, folder::FolderError, image_file::ImageFileError, store::StoreError};
use std::{io, path::PathBuf};

/// What was wrong with a file, a data set or a request, and what to do about it.
///
/// `path` is the file as it was given; data compiled into the binary has a path starting with `embedded:`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The operating system refused to open or read a file.
    #[error("{}: cannot be read ({source}); check the path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A folder lacks a file of the data set.
    #[error("{}: has none of the files {names}; give the folder that holds the unpacked official \
        files", folder.display())]
    MissingFile {
        /// The folder that was searched.
        folder: PathBuf,
        /// The names that would have been accepted, separated by commas.
        names: String,
    },
    /// An unknown source of images.
    #[error("no data source {name:?}; the nearest is {nearest:?}, and there are {known}")]
    UnknownSource {
        /// The name asked for.
        name: String,
        /// The nearest name.
        nearest: &'static str,
        /// All names.
        known: String,
    },
    /// A source that reads files, without a path to them.
    #[error("the data source {source_name} reads files; give their path")]
    NoPath {
        /// The name of the source.
        source_name: &'static str,
    },
    /// A gzip stream is damaged or ends early.
    #[error("{}: damaged or incomplete gzip data ({source}); download the file again", path.display())]
    Gzip {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        source: io::Error,
    },
    /// The first four bytes are not those of the expected IDX file.
    #[error("{}: starts with {got:#010x}, not with {expected:#010x} (IDX, unsigned bytes); images and labels may be \
        swapped, or this is another format", path.display())]
    WrongMagic {
        /// The file.
        path: PathBuf,
        /// The magic number of unsigned bytes with the expected number of dimensions.
        expected: u32,
        /// The magic number found.
        got: u32,
    },
    /// A file ends before the data that its format promises.
    #[error("{}: holds {got} bytes (unpacked) where {expected} are needed; download the file again", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// The bytes needed.
        expected: u64,
        /// The bytes found.
        got: u64,
    },
    /// A file continues after the data that its format promises.
    #[error("{}: continues after the {expected} bytes (unpacked) that belong to it; it is another file, or was joined \
        to one", path.display())]
    TrailingBytes {
        /// The file.
        path: PathBuf,
        /// The bytes that belong to the file.
        expected: u64,
    },
    /// A file is not a whole number of records.
    #[error("{}: {got} bytes are not a whole number of records of {record} bytes; check that it is the right variant \
        (CIFAR-10 or CIFAR-100), else download it again", path.display())]
    PartialRecord {
        /// The file.
        path: PathBuf,
        /// The bytes of one record.
        record: u64,
        /// The bytes found.
        got: u64,
    },
    /// A file asks for more memory than this program grants one file.
    #[error("{}: would need {got} bytes, above the limit of {limit}; split the file", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The largest number of bytes granted.
        limit: u64,
        /// The bytes that the file would need (`u64::MAX` when the count overflows).
        got: u64,
    },
    /// A file holds no image at all, or images without pixels.
    #[error("{}: holds no pixels (dimensions {got:?}); a data set needs at least one image", path.display())]
    NoPixels {
        /// The file.
        path: PathBuf,
        /// The dimensions in the header.
        got: Vec<usize>,
    },
    /// A label names a class that the data set does not have.
    #[error("{}: label {label} of record {index} is not below {classes}, the number of classes; check that the labels \
        belong to this data set", path.display())]
    LabelOutOfRange {
        /// The file, or the name of the set in memory.
        path: PathBuf,
        /// The position of the label, counted from 0.
        index: usize,
        /// The label.
        label: u16,
        /// The number of classes.
        classes: usize,
    },
    /// The files of images and of labels have different lengths.
    #[error("{}: holds {got} labels for {expected} images; the two files must belong together", path.display())]
    CountMismatch {
        /// The file of labels.
        path: PathBuf,
        /// The number of images.
        expected: usize,
        /// The number of labels.
        got: usize,
    },
    /// A buffer of pixels does not have the length that its shape gives.
    #[error(
        "{images} images of {height} x {width} x {channels} need {expected} bytes, got {got}; pass N x H x W x C \
         bytes and N labels, no size being 0"
    )]
    PixelCount {
        /// The number of images, taken from the labels.
        images: usize,
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// Channels.
        channels: usize,
        /// The bytes that the shape gives.
        expected: usize,
        /// The bytes passed.
        got: usize,
    },
    /// The training and the test images of one data set have different shapes.
    #[error("{name}: test images are {got:?} (H, W, C), training images {expected:?}; convert them to one shape")]
    ShapeMismatch {
        /// The data set.
        name: String,
        /// The shape of the training images.
        expected: [usize; 3],
        /// The shape of the test images.
        got: [usize; 3],
    },
    /// An image was asked for that is not there.
    #[error("image {index} was asked for, but there are {images}; indices count from 0")]
    NoSuchImage {
        /// The index asked for.
        index: usize,
        /// The number of images.
        images: usize,
    },
    /// A split names a class that is not there.
    #[error("class {class} was asked for, but there are {classes}; classes count from 0")]
    NoSuchClass {
        /// The class asked for.
        class: u16,
        /// The number of classes.
        classes: usize,
    },
    /// A split names a class twice.
    #[error("class {class} is named twice; a class belongs to one half, once")]
    RepeatedClass {
        /// The class.
        class: u16,
    },
    /// A split would leave one half without a class.
    #[error("{got} classes cannot be split into two halves; at least {expected} are needed")]
    TooFewClasses {
        /// The least number of classes.
        expected: usize,
        /// The number of classes given.
        got: usize,
    },
    /// An invalid line of a file of halves.
    #[error("{}, line {line}: {reason}; write one class and its half a line, as CLASS,A", path.display())]
    SplitLine {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Images cannot be given the shape of a net.
    #[error("{name}: images of {got:?} (H, W, C) cannot become {expected:?}: {reason}")]
    NoFit {
        /// The data set.
        name: String,
        /// The shape asked for.
        expected: [usize; 3],
        /// The shape of the images.
        got: [usize; 3],
        /// Why, and what to do instead.
        reason: &'static str,
    },
    /// A class has fewer images than were asked for.
    #[error(
        "class {} has {got} images where {expected} are needed; ask for fewer images per class \
         (data.train_per_class, which --quick sets to 20 where it is not given, and data.held_out_per_class)",
        name.as_ref().map_or(class.to_string(), |name| format!("{name:?}"))
    )]
    TooFewImages {
        /// The class.
        class: u16,
        /// Its name, where whoever asked knows it.
        name: Option<String>,
        /// The number asked for.
        expected: usize,
        /// The number there is.
        got: usize,
    },
    /// Images from which nothing can be learned or measured.
    #[error("{what}: {reason}")]
    Degenerate {
        /// The data set, and the half of it.
        what: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A share of images that is none.
    #[error("{got} is no share of images to test on; give a number above 0 and below 1, such as 0.2")]
    Fraction {
        /// The number.
        got: f64,
    },
    /// A test part was to be drawn from a data set that has one.
    #[error("{name}: has a test part of its own, of {images} images; leave out the share of images to test on")]
    OwnTestPart {
        /// The data set.
        name: String,
        /// The images of its test part.
        images: usize,
    },
    /// A class of which no test image can be drawn.
    #[error(
        "{name}: no test image can be drawn from the {images} images of class {class:?}; a class needs at least two \
         images of different pixels, which no other class has"
    )]
    Indivisible {
        /// The data set.
        name: String,
        /// The class.
        class: String,
        /// Its images.
        images: usize,
    },
    /// A statistic of no images was asked for.
    #[error("a mean of no images was asked for; select at least one training image")]
    NoImages,
    /// A mean or deviation has not one number per channel.
    #[error("{what} has {got} numbers, the images have {expected} channels; give one number per channel")]
    Channels {
        /// Which of the two.
        what: &'static str,
        /// Channels.
        expected: usize,
        /// Numbers.
        got: usize,
    },
    /// A channel has the same value in every pixel of every training image.
    #[error("channel {channel} has the same value everywhere, and no deviation to divide by; give numbers, or no std")]
    NoDeviation {
        /// The channel, counted from 0.
        channel: usize,
    },
    /// A crop does not fit into the image.
    #[error(
        "a crop of {expected} pixels does not fit into images of {height} x {width}; choose a size from 1 to the \
         shorter side"
    )]
    CropTooLarge {
        /// The side of the crop.
        expected: usize,
        /// Rows of the image.
        height: usize,
        /// Columns of the image.
        width: usize,
    },
    /// NumPy's generator was to be seeded with a list without entries.
    #[error("the seed is an empty list; give at least one number")]
    EmptySeed,
    /// One image file is bad.
    #[error(transparent)]
    ImageFile(#[from] ImageFileError),
    /// A folder of images, an archive of it or its file of labels is wrong.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A packed store, or building one, is wrong.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file could not be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
}

impl DataError {
    /// The same with the name of the class, which a set of images does not know: within a half, classes have numbers
    /// that say nothing to a reader.
    pub fn of_classes(self, names: &[String]) -> Self {
        match self {
            Self::TooFewImages { class, expected, got, .. } => {
                Self::TooFewImages { class, name: names.get(usize::from(class)).cloned(), expected, got }
            }
            other => other,
        }
    }
}
