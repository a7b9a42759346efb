//! The task of a half: which classes it has, and of which images.

use super::{ProtocolError, half_key::HalfKey, source::Sets};
use crate::data::{Dataset, ImageSet, noise, shuffle, split};

/// What the images of a half are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Images {
    /// Those of the data set.
    Data,
    /// Those of the second one.
    Other,
    /// Those of the data set, with the pixels of each image shuffled.
    Shuffled,
    /// Noise.
    Noise,
}

/// The task of a half.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Task {
    /// The half.
    pub key: HalfKey,
    /// What its images are.
    pub images: Images,
    /// Its classes among those of the images, in rising order.
    pub classes: Vec<u16>,
}

impl Task {
    /// A task; its classes may come in any order.
    pub fn new(key: HalfKey, images: Images, mut classes: Vec<u16>) -> Self {
        classes.sort_unstable();
        Self { key, images, classes }
    }

    fn set<'a>(&self, sets: &'a Sets) -> Option<&'a Dataset> {
        match self.images {
            Images::Data | Images::Shuffled => Some(&sets.data),
            Images::Other => Some(sets.other.as_ref().unwrap_or(&sets.data)),
            Images::Noise => None,
        }
    }

    /// The images of the task with labels of its own. Only shuffled images and noise are made; all others are shared.
    ///
    /// # Errors
    /// A class that is not there; images that cannot be shuffled or made.
    pub fn dataset(&self, sets: &Sets) -> Result<Dataset, ProtocolError> {
        let half = self.labelled(sets)?;
        Ok(if self.images == Images::Shuffled { shuffle::shuffled(half)? } else { half })
    }

    /// The same before pixels are shuffled, which is enough to count images: no pixel is looked at.
    ///
    /// # Errors
    /// A class that is not there; noise that cannot be made.
    pub fn labelled(&self, sets: &Sets) -> Result<Dataset, ProtocolError> {
        match self.set(sets) {
            Some(set) => Ok(split::half(set, &self.classes)?),
            None => Ok(noise::noise(sets.data.train.shape(), self.classes.len())?),
        }
    }

    /// The names of its classes.
    pub fn class_names(&self, sets: &Sets) -> Vec<String> {
        let name = |&class: &u16| match self.set(sets) {
            Some(set) => set.class_names.get(usize::from(class)).cloned().unwrap_or_default(),
            None => noise::class_name(class),
        };
        self.classes.iter().map(name).collect()
    }
}

/// How many images each class of the data sets has, to train on and to test on.
#[derive(Debug)]
pub(super) struct Counts {
    data: [Vec<usize>; 2],
    other: [Vec<usize>; 2],
}

impl Counts {
    /// Counts labels.
    pub fn of(sets: &Sets) -> Self {
        let of = |set: &Dataset| {
            let count = |images: &ImageSet| images.class_counts(set.classes());
            [count(&set.train), count(&set.test)]
        };
        Self { data: of(&sets.data), other: sets.other.as_ref().map_or_else(Default::default, of) }
    }

    /// Those of a task's classes.
    pub fn of_task(&self, task: &Task) -> [Vec<usize>; 2] {
        let of = |counts: &[Vec<usize>; 2]| {
            let count = |part: &Vec<usize>| {
                task.classes.iter().map(|&class| part.get(usize::from(class)).copied().unwrap_or(0)).collect()
            };
            [count(&counts[0]), count(&counts[1])]
        };
        match task.images {
            Images::Data | Images::Shuffled => of(&self.data),
            Images::Other => of(&self.other),
            Images::Noise => {
                [noise::TRAIN_PER_CLASS, noise::TEST_PER_CLASS].map(|count| vec![count; task.classes.len()])
            }
        }
    }
}
