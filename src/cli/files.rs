//! How the files of a data set are taken: bad images, and a test part that is drawn.

use super::one_of;
use crate::data::{DataError, Dataset, OnBad, Source, test_part::TestPart};
use clap::Args;
use std::path::Path;

#[derive(Args, Clone, Debug)]
pub struct FilesArgs {
    /// Choose what happens to an image of a folder that cannot be decoded
    #[arg(long, default_value = OnBad::Fail.name(), value_parser = one_of(OnBad::ALL, OnBad::name, OnBad::does))]
    pub on_bad_image: OnBad,
    /// Draw this share of each class as the test part of a data set without one, such as 0.2
    #[arg(long, value_name = "SHARE")]
    test_fraction: Option<f64>,
    /// Draw the test part by this seed
    #[arg(long, value_name = "SEED", default_value_t = 0, requires = "test_fraction")]
    test_seed: u64,
}

impl FilesArgs {
    /// The data set with the test part that is asked for.
    ///
    /// # Errors
    /// Those of [`TestPart::draw`].
    pub fn drawn(&self, data: Dataset) -> Result<Dataset, DataError> {
        match self.test_fraction {
            Some(fraction) => TestPart { fraction, seed: self.test_seed }.draw(data),
            None => Ok(data),
        }
    }
}

/// The data source and its path: a path in place of a source is a folder of image files, an archive or a packed store.
///
/// # Errors
/// [`DataError::UnknownSource`].
pub fn source_or_path<'a>(data: &'a str, data_path: Option<&'a Path>) -> Result<(Source, Option<&'a Path>), DataError> {
    let path = Path::new(data);
    let named = data.parse::<Source>();
    match (named, data_path) {
        (Ok(source), path) => Ok((source, path)),
        (Err(_), None) if path.is_dir() => Ok((Source::Folder, Some(path))),
        (Err(_), None) if path.is_file() => {
            let archive = path.extension().is_some_and(|suffix| suffix.eq_ignore_ascii_case("tar"));
            Ok((if archive { Source::Folder } else { Source::Packed }, Some(path)))
        }
        (Err(error), _) => Err(error),
    }
}
