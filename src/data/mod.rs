//! Image sources, class splits, subsets and the description of crops.
//!
//! A data set is bytes in memory ([`Dataset`]: a training and a test [`ImageSet`]) with class names.
//! A [`Source`] says where it comes from: IDX files ([`idx`]), CIFAR's binary files ([`cifar`]), folders or archives of
//! image files ([`folder`], decoded by [`image_file`]), a packed store ([`store`]: mapped, not copied), the binary
//! itself ([`fashion::embedded`]) or a stream ([`mod@noise`]). [`shuffle`] takes the shapes out of images, [`mod@fit`]
//! gives two sets one shape, [`split`] says which classes belong to which half, [`subset`] which images
//! are trained on and which are held out, [`test_part`] draws a test part where there is none, [`mean`] computes means
//! and deviations, [`normalisation`] says what becomes of a pixel, [`crop`] describes the window that a network sees, [`region`]
//! resizes parts of an image to that window.
//! Nothing here knows of devices, networks or learning.

pub mod cifar;
pub mod cifar_classes;
pub mod crop;
mod csv_fields;
mod dataset;
mod error;
pub mod fashion;
pub mod fetch;
mod file_bytes;
pub mod fit;
pub mod folder;
mod gzip;
pub mod idx;
pub mod image_file;
mod image_set;
pub mod inspect;
pub mod mean;
pub mod mt19937;
pub mod natural;
pub mod noise;
pub mod normalisation;
mod on_bad;
pub mod prefetch;
pub mod region;
pub mod shuffle;
mod source;
pub mod split;
pub mod store;
pub mod subset;
pub mod test_part;

pub use dataset::Dataset;
pub use error::DataError;
pub use image_set::ImageSet;
pub use normalisation::Normalisation;
pub use on_bad::OnBad;
pub use source::Source;
pub use split::Split;
