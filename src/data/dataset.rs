//! Named data sets: classes with their training and their test images.

use super::{DataError, ImageSet};

/// A named data set: its classes, its training and its test images.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// The name that is printed and recorded.
    pub name: String,
    /// The name of class k at position k.
    pub class_names: Vec<String>,
    /// What networks learn from (and what images are held out of).
    pub train: ImageSet,
    /// What accuracy is measured on, and nothing else.
    pub test: ImageSet,
    /// What was taken for what where files had to be found, for people.
    pub taken: Vec<String>,
}

/// Two data sets are equal when they hold the same, however their files were found.
impl PartialEq for Dataset {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.class_names, &self.train, &self.test)
            == (&other.name, &other.class_names, &other.train, &other.test)
    }
}

impl Eq for Dataset {}

impl Dataset {
    /// Puts a data set together.
    ///
    /// # Errors
    /// [`DataError::ShapeMismatch`] when training and test images differ in shape,
    /// [`DataError::LabelOutOfRange`] when a label has no class name.
    pub fn new(
        name: impl Into<String>,
        class_names: Vec<String>,
        train: ImageSet,
        test: ImageSet,
    ) -> Result<Self, DataError> {
        let name = name.into();
        if train.shape() != test.shape() {
            return Err(DataError::ShapeMismatch { name, expected: train.shape(), got: test.shape() });
        }
        train.check_labels(class_names.len(), format!("{name} (training)"))?;
        test.check_labels(class_names.len(), format!("{name} (test)"))?;
        Ok(Self { name, class_names, train, test, taken: Vec::new() })
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.class_names.len()
    }

    /// The same set where its parts share its images: [`ImageSet::into_shared`].
    pub fn into_shared(self) -> Self {
        Self { train: self.train.into_shared(), test: self.test.into_shared(), ..self }
    }

    /// BLAKE3 over the shapes, pixels and labels of the training, then of the test images, as 64 hexadecimal
    /// digits. Names are left out: what a network learns from does not depend on them.
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        self.train.hash_into(&mut hasher);
        self.test.hash_into(&mut hasher);
        hasher.finalize().to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> ImageSet {
        ImageSet::new(1, 2, 1, vec![0, 1, 10, 11, 20, 21], vec![2, 0, 2]).unwrap()
    }

    #[test]
    fn the_digest_sees_pixels_labels_and_shape_but_not_names() {
        let names = |prefix: &str| (0..3).map(|k| format!("{prefix}{k}")).collect::<Vec<_>>();
        let set = |name: &str, train: ImageSet| Dataset::new(name, names(name), train.clone(), train).unwrap().digest();
        let digest = set("a", three());
        assert_eq!(digest.len(), 64);
        assert_eq!(digest, set("b", three()));
        let mut pixel = three();
        pixel.pixels[0] = 9;
        let mut label = three();
        label.labels[1] = 1;
        let shape = ImageSet::new(2, 1, 1, three().pixels, three().labels).unwrap();
        for other in [pixel, label, shape] {
            assert_ne!(digest, set("a", other));
        }
    }

    #[test]
    fn a_dataset_needs_a_name_for_every_label_and_one_shape() {
        let error = Dataset::new("x", vec!["only".into()], three(), three()).unwrap_err();
        assert!(matches!(error, DataError::LabelOutOfRange { index: 0, label: 2, classes: 1, .. }), "{error}");
        let tall = ImageSet::new(2, 1, 1, three().pixels, three().labels).unwrap();
        let names: Vec<String> = ["a", "b", "c"].map(String::from).into();
        assert!(matches!(Dataset::new("x", names, three(), tall), Err(DataError::ShapeMismatch { .. })));
    }
}
