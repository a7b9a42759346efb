//! Where the images of a data set come from: the list of all sources, each with its name, what it reads and how.
//!
//! Experiments (`data.source`), the arguments of commands, their help and `docs/data.md` take their names from here.

use super::{DataError, Dataset, OnBad, Split, cifar, fashion, folder, idx, natural, noise, store::Store};
use serde::{Deserialize, Serialize};
use std::{fmt, path::Path, str::FromStr};

macro_rules! sources {
    ($($variant:ident = $name:literal, $reads:literal;)+) => {
        /// A source of images.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "&'static str")]
        pub enum Source {
            $(#[doc = $reads] $variant,)+
        }

        impl Source {
            /// All of them, in the order of the documents.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// The name in experiments and arguments.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What is read, for people.
            pub const fn reads(self) -> &'static str {
                match self { $(Self::$variant => $reads,)+ }
            }
        }
    };
}

sources! {
    FashionMnist = "fashion-mnist", "Fashion-MNIST: a folder of its four files or, without a path, the embedded part \
        (600 training images per class, all test images)";
    Idx = "idx", "a folder of the four files of MNIST and its relatives, plain or gzip";
    Cifar10 = "cifar10", "a folder of CIFAR-10's binary files";
    Cifar100 = "cifar100", "a folder of CIFAR-100's binary files";
    Cifar100Coarse = "cifar100-coarse", "the same files with the 20 superclasses as classes";
    Folder = "folder", "image files: one folder per class, or tar archives of the same";
    Packed = "packed", "one file that `strata data pack` made of a folder";
    Noise = "noise", "generated images without a path: ten classes, each a pattern of random bytes under noise of \
        each image's own";
}

impl Source {
    /// Whether there is nothing to read without a path.
    pub const fn needs_path(self) -> bool {
        !matches!(self, Self::FashionMnist | Self::Noise)
    }

    /// Reads the data set at a path. `shape`, `[height, width, channels]`, is what noise gets and, by its height, what
    /// the files of a folder are warped to; other sources have shapes of their own. `on_bad` is for the files of a
    /// folder.
    ///
    /// # Errors
    /// [`DataError::NoPath`]; files that are missing or damaged.
    pub fn load(self, path: Option<&Path>, shape: [usize; 3], on_bad: OnBad) -> Result<Dataset, DataError> {
        let files = || path.ok_or(DataError::NoPath { source_name: self.name() });
        match self {
            Self::FashionMnist => path.map_or_else(fashion::embedded, fashion::load_fashion_folder),
            Self::Idx => idx::load_idx_folder(files()?),
            Self::Cifar10 => cifar::load_cifar(files()?, &cifar::CIFAR10),
            Self::Cifar100 => cifar::load_cifar(files()?, &cifar::CIFAR100_FINE),
            Self::Cifar100Coarse => cifar::load_cifar(files()?, &cifar::CIFAR100_COARSE),
            Self::Folder => folder::load_good(&mut folder::open(files()?, None)?, shape[0] as u32, on_bad),
            Self::Packed => Store::open(files()?)?.dataset(),
            Self::Noise => noise::noise(shape, noise::CLASSES),
        }
    }

    /// The data set at a path for whoever counts images and looks at none: the files of a folder are listed, and decoded
    /// only where bad ones are left out, because they are not counted then. Other sources are read as [`Self::load`]
    /// reads them.
    ///
    /// # Errors
    /// As [`Self::load`], but for image files that are damaged.
    pub fn list(self, path: Option<&Path>, shape: [usize; 3], on_bad: OnBad) -> Result<Dataset, DataError> {
        match (self, path, on_bad) {
            (Self::Folder, Some(path), OnBad::Fail) => folder::list(&folder::open(path, None)?, shape[0] as u32),
            _ => self.load(path, shape, on_bad),
        }
    }

    /// The man-made (A) and the natural (B) classes of a data set of this source, where they are known.
    ///
    /// # Errors
    /// Classes that are named by ImageNet's identifiers and are all of one kind.
    pub fn man_made_and_natural(self, class_names: &[String]) -> Result<Option<Split>, DataError> {
        Ok(match self {
            Self::Cifar10 => Some(natural::cifar10()),
            Self::Cifar100 => Some(natural::cifar100()),
            Self::Cifar100Coarse => Some(natural::cifar100_coarse()),
            Self::FashionMnist | Self::Idx | Self::Folder | Self::Packed | Self::Noise => {
                natural::of_wnids(class_names)?
            }
        })
    }
}

impl FromStr for Source {
    type Err = DataError;

    /// The source of a name.
    ///
    /// # Errors
    /// [`DataError::UnknownSource`] with the nearest name.
    fn from_str(name: &str) -> Result<Self, DataError> {
        if let Some(source) = Self::ALL.into_iter().find(|source| source.name() == name) {
            return Ok(source);
        }
        let names = Self::ALL.map(Self::name);
        let distance = |known: &&str| strsim::damerau_levenshtein(known, name);
        let nearest = names.into_iter().min_by_key(distance).unwrap_or("");
        Err(DataError::UnknownSource { name: name.into(), nearest, known: names.join(", ") })
    }
}

impl TryFrom<String> for Source {
    type Error = DataError;

    fn try_from(name: String) -> Result<Self, DataError> {
        name.parse()
    }
}

impl From<Source> for &'static str {
    fn from(source: Source) -> Self {
        source.name()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_without_its_path_is_refused_by_name() {
        for source in Source::ALL {
            let loaded = source.load(None, [4, 4, 1], OnBad::Fail);
            match source.needs_path() {
                true => assert!(loaded.unwrap_err().to_string().contains(source.name())),
                false => assert!(!loaded.unwrap().train.is_empty()),
            }
        }
    }

    #[test]
    fn an_unknown_source_is_refused_with_the_nearest_and_all_others() {
        for source in Source::ALL {
            assert_eq!(source.name().parse::<Source>().unwrap(), source);
        }
        let message = "cifra10".parse::<Source>().unwrap_err().to_string();
        assert!(message.contains("\"cifar10\"") && message.contains("fashion-mnist, idx"), "{message}");
    }
}
