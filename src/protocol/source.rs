//! The data sets of an experiment.

use super::{
    Experiment, ProtocolError,
    shapes::{self, Read},
};
use crate::data::{Dataset, Source};
use std::path::Path;

/// The data sets of an experiment, of which its halves are parts that share their images.
#[derive(Debug)]
pub struct Sets {
    /// The one data set; of two the one that is A, or B where A is one source after the other.
    pub data: Dataset,
    /// The second one, where there are two.
    pub other: Option<Dataset>,
}

impl Sets {
    /// Loads the data sets of an experiment.
    ///
    /// # Errors
    /// A missing path, files that are missing or damaged, images that do not fit; two data sets whose images differ in
    /// shape.
    pub fn load(experiment: &Experiment) -> Result<Self, ProtocolError> {
        Self::read(experiment, Source::load)
    }

    /// The same for whoever counts images and looks at none ([`Source::list`]), unless a test part is drawn, which asks for
    /// the pixels.
    ///
    /// # Errors
    /// As [`Self::load`], but for files that are not decoded.
    pub fn list(experiment: &Experiment) -> Result<Self, ProtocolError> {
        Self::read(experiment, if experiment.data.test_part().is_some() { Source::load } else { Source::list })
    }

    fn read(experiment: &Experiment, how: Read) -> Result<Self, ProtocolError> {
        let settings = &experiment.data;
        let data = read(experiment, "data.path", settings.source, &settings.path, how)?;
        let other = other(experiment, &data, how)?;
        let (data, other) = with_test_parts(experiment, data, other)?;
        Ok(Self { data: data.into_shared(), other: other.map(Dataset::into_shared) })
    }

    /// The data sets in words.
    pub fn name(&self) -> String {
        let data = &self.data.name;
        self.other.as_ref().map_or_else(|| data.clone(), |other| format!("{data} and {}", other.name))
    }

    /// What was taken for what where files had to be found: for people.
    pub fn taken(&self) -> Vec<String> {
        [&self.data.taken[..], self.other.as_ref().map_or(&[][..], |other| &other.taken)].concat()
    }

    /// Whether images lie in a packed store.
    pub fn are_stored(&self) -> bool {
        [Some(&self.data), self.other.as_ref()].into_iter().flatten().any(|set| set.train.is_stored())
    }
}

/// The second data set, where there are two.
///
/// # Errors
/// As [`read`]; images whose shape is not that of the first.
fn other(experiment: &Experiment, first: &Dataset, how: Read) -> Result<Option<Dataset>, ProtocolError> {
    let data = &experiment.data;
    let Some(source) = data.other_source else { return Ok(None) };
    let other = read(experiment, "data.other_path", source, &data.other_path, how)?;
    if other.train.shape() != first.train.shape() {
        let shapes = (first.train.shape(), other.train.shape());
        return Err(ProtocolError::Value {
            experiment: experiment.name.clone(),
            key: "data.fit",
            expected: format!(
                "\"resize\" or \"pad\": images of {:?} and {:?} (H, W, C) need one shape",
                shapes.0, shapes.1
            ),
            got: "\"exact\"".into(),
        });
    }
    Ok(Some(other))
}

/// Draws the test part of each set that has none, where the experiment asks for one.
fn with_test_parts(
    experiment: &Experiment,
    data: Dataset,
    other: Option<Dataset>,
) -> Result<(Dataset, Option<Dataset>), ProtocolError> {
    let Some(part) = experiment.data.test_part() else { return Ok((data, other)) };
    let draw = |set: Dataset| if set.test.is_empty() { part.draw(set) } else { Ok(set) };
    if [Some(&data), other.as_ref()].into_iter().flatten().all(|set| !set.test.is_empty()) {
        return Err(ProtocolError::Value {
            experiment: experiment.name.clone(),
            key: "data.test_fraction",
            expected: format!("none: {} has a test part of its own, of {} images", data.name, data.test.len()),
            got: experiment.data.test_fraction.to_string(),
        });
    }
    Ok((draw(data)?, other.map(draw).transpose()?))
}

/// A data set with images of the shape that the experiment's net takes; an empty path is none.
fn read(
    experiment: &Experiment,
    key: &'static str,
    source: Source,
    path: &str,
    how: Read,
) -> Result<Dataset, ProtocolError> {
    let path = Some(Path::new(path)).filter(|path| !path.as_os_str().is_empty());
    if source.needs_path() && path.is_none() {
        let expected = format!("the path of the files that {source} reads; give it with --set {key}=PATH");
        return Err(ProtocolError::Value { experiment: experiment.name.clone(), key, expected, got: "empty".into() });
    }
    let (net, data) = (experiment.net.def()?, &experiment.data);
    shapes::fitted(how, source, path, &net, data.fit, data.on_bad_image)
}
