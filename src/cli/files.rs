//! How the files of a data set are taken: bad images, and a test part that is drawn.

use super::one_of;
use crate::data::{DataError, Dataset, OnBad, test_part::TestPart};
use clap::Args;

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
