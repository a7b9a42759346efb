//! What can be wrong with a folder of images.

use std::path::PathBuf;

/// What was wrong with a folder of images, an archive of it or its file of labels.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// There is no class in a folder or archive.
    #[error("{}: holds no class folder; put each image into a folder named after its class", path.display())]
    NoClasses {
        /// The folder or archive.
        path: PathBuf,
    },
    /// One class alone.
    #[error(
        "{}: holds only one class, {class:?}, and a classifier needs two; give the folder of the class folders, or of \
         train and val",
        path.display()
    )]
    OneClass {
        /// The training part.
        path: PathBuf,
        /// The class.
        class: String,
    },
    /// Folders that are called as parts of a data set are, where classes are looked for.
    #[error(
        "{}: its folders would be classes, but {names} look like parts of a data set; call the training part {train} \
         and the test part one of {test}, or give the folder of the class folders",
        path.display()
    )]
    PartsAsClasses {
        /// The folder or archive.
        path: PathBuf,
        /// The folders, separated by commas.
        names: String,
        /// How training parts are called.
        train: String,
        /// How test parts are called.
        test: String,
    },
    /// Two folders that could be the same part.
    #[error("{}: {names} could both be the same part; remove or rename one", path.display())]
    PartTwice {
        /// The folder or archive.
        path: PathBuf,
        /// The two.
        names: String,
    },
    /// Classes without an image.
    #[error(
        "{}: no image in the classes {classes}; remove these folders, or put images in ({suffixes})",
        path.display()
    )]
    EmptyClasses {
        /// The folder or archive.
        path: PathBuf,
        /// The classes, separated by commas.
        classes: String,
        /// The suffixes of images.
        suffixes: String,
    },
    /// The test part has other classes than the training part.
    #[error(
        "{}: other classes than in training (missing: {missing}; only here: {added}); both parts need the same",
        path.display()
    )]
    OtherClasses {
        /// The test part.
        path: PathBuf,
        /// Classes that only training has.
        missing: String,
        /// Classes that only the test part has.
        added: String,
    },
    /// More classes than labels can number.
    #[error("{}: holds {got} classes, above the limit of {limit}; is it one folder an image?", path.display())]
    TooManyClasses {
        /// The folder or archive.
        path: PathBuf,
        /// The classes found.
        got: usize,
        /// The most classes.
        limit: usize,
    },
    /// More files than a data set has.
    #[error(
        "{}: holds more than {limit} files and folders, the limit of one data set; give a folder of images only",
        path.display()
    )]
    TooManyFiles {
        /// The folder or archive.
        path: PathBuf,
        /// The most files and folders.
        limit: usize,
    },
    /// A name that is no text.
    #[error("{}: is not valid UTF-8; rename it, since class and image names are recorded as text", path.display())]
    NotText {
        /// The file or folder, as near as it can be printed.
        path: PathBuf,
    },
    /// A link that leads back to a folder around it.
    #[error(
        "{}: a link to a folder that holds it; remove it, since its images would be read many times",
        path.display()
    )]
    LinkLoop {
        /// The link.
        path: PathBuf,
    },
    /// A pipe, a device or the like under the name of an image.
    #[error("{}: is not a regular file; remove it", path.display())]
    NotRegular {
        /// The path.
        path: PathBuf,
    },
    /// An archive that cannot be read as tar.
    #[error(
        "{}: cannot be read as tar ({source}); it must not be compressed; copy or download it again",
        path.display()
    )]
    Archive {
        /// The archive.
        path: PathBuf,
        /// What the reader said.
        source: std::io::Error,
    },
    /// An entry of an archive that is never read.
    #[error("{}: the entry {entry:?} {reason}; make the archive from plain files with relative names", path.display())]
    Entry {
        /// The archive.
        path: PathBuf,
        /// The entry.
        entry: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A flat test part without a file of labels.
    #[error(
        "{}: its images are in no class folder and there is no file of labels; put one of {names} beside it",
        path.display()
    )]
    NoLabels {
        /// The test part.
        path: PathBuf,
        /// The names that would have been read.
        names: String,
    },
    /// A line of a file of labels that cannot be read.
    #[error("{}, line {line}: {reason}", path.display())]
    Label {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong and what to do.
        reason: String,
    },
    /// An image that the file of labels does not name.
    #[error("{}: has no label for {image}; the file must belong to these images", path.display())]
    Unlabelled {
        /// The file of labels.
        path: PathBuf,
        /// The image.
        image: String,
    },
    /// More pixels than are kept in memory.
    #[error(
        "{}: {images} images of {side} x {side} need {got} bytes, above the {limit} kept in memory; pack them: strata \
         data pack DIR --out FILE",
        path.display()
    )]
    TooMuchMemory {
        /// The folder.
        path: PathBuf,
        /// The images.
        images: usize,
        /// The side they would be resized to.
        side: u32,
        /// The bytes they need.
        got: u64,
        /// The most bytes kept.
        limit: u64,
    },
}
