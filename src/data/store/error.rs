//! What can be wrong with a packed store.

use std::path::PathBuf;

/// What was wrong with a packed store or with building one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file that is no packed store, or a damaged or unfinished one.
    #[error("{}: is not a complete packed store ({reason}); build it with strata data pack", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Pixels that are not those that were packed.
    #[error(
        "{}: {changed} of {of} images are not what was packed, {name} the first of them; remove the store and build \
         it again",
        path.display()
    )]
    ChangedImage {
        /// The store.
        path: PathBuf,
        /// The first such image.
        name: String,
        /// How many such images there are.
        changed: usize,
        /// The images that were looked at.
        of: usize,
    },
    /// A file system without locks, or one that refuses them.
    #[error(
        "{}: cannot be locked ({source}); build the store on a file system with locks, and copy it",
        path.display()
    )]
    Lock {
        /// The unfinished store.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A finished store that lacks images, where none may be left out.
    #[error(
        "{}: {got} bad images are left out of it, the first one {first}; repair the data, or accept that with \
         --on-bad-image skip",
        path.display()
    )]
    LeftOut {
        /// The store.
        path: PathBuf,
        /// Images left out.
        got: usize,
        /// The first one, with what is wrong with it.
        first: String,
    },
    /// A file that cannot be written.
    #[error(
        "{}: cannot be written ({source}); what is packed so far is kept, and the same command resumes",
        path.display()
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A store of other images or another size lies where one should go.
    #[error("{}: belongs to {what}; remove it or choose another file", path.display())]
    OtherContents {
        /// The store or the journal of an unfinished one.
        path: PathBuf,
        /// What it belongs to.
        what: &'static str,
    },
    /// Another process builds the same store.
    #[error("{}: another process is building it; wait for it", path.display())]
    Busy {
        /// The unfinished store.
        path: PathBuf,
    },
    /// More bad images than may be skipped.
    #[error(
        "{got} bad images are more than the {limit} that may be skipped; the last one: {last}; raise --max-bad or \
         repair the data"
    )]
    TooManyBad {
        /// Bad images so far.
        got: usize,
        /// The most that may be skipped.
        limit: usize,
        /// What the last one's error says.
        last: String,
    },
    /// Skipping bad images left a class without any.
    #[error("every training image of class {class} is bad; repair the data")]
    EmptiedClass {
        /// The class.
        class: String,
    },
    /// The build was asked to stop.
    #[error("stopped after {done} of {total} images; the same command resumes from there")]
    Stopped {
        /// Images done.
        done: usize,
        /// All images.
        total: usize,
    },
}
