//! How many images the halves of a study have: known from labels alone, before a pixel is read.

use super::{
    Experiment, ProtocolError, balance, degenerate,
    half_key::HalfKey,
    part::Part,
    source::Sets,
    task::{Counts, Task},
};
use std::{collections::HashMap, sync::Arc};

/// How many images a half has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    /// Training images of each class.
    pub train_of_class: Arc<[usize]>,
    /// Images for evaluation.
    pub evaluate: usize,
    /// Images held out of both.
    pub held_out: usize,
}

impl Size {
    /// Classes.
    pub fn classes(&self) -> usize {
        self.train_of_class.len()
    }

    /// Training images.
    pub fn train(&self) -> usize {
        self.train_of_class.iter().sum()
    }

    /// The size of a half whose classes have equally many images, of which none is held out. What is left over of the
    /// training images is not counted.
    pub fn even(classes: usize, train: usize, evaluate: usize) -> Self {
        let per_class = train.checked_div(classes).unwrap_or(0);
        Self { train_of_class: vec![per_class; classes].into(), evaluate, held_out: 0 }
    }

    fn of(part: &Part) -> Self {
        Self {
            train_of_class: part.train.class_counts(part.class_names.len()).into(),
            evaluate: part.evaluate.len(),
            held_out: part.held_out.as_ref().map_or(0, crate::data::ImageSet::len),
        }
    }
}

/// The images of every class of the halves of a split, which decide how large its parts are.
type Key = Vec<[Vec<usize>; 2]>;

/// Counts the images of one split after the other. Splits of a set whose classes are of one size have equal counts, and
/// only the first of them is looked at image by image.
pub(super) struct Sizing<'a> {
    experiment: &'a Experiment,
    sets: &'a Sets,
    counts: Counts,
    known: HashMap<Key, Vec<Size>>,
}

/// The sizes of the halves of one split, and what a reader should know of them.
type SizesAndNotes = (Vec<(HalfKey, Size)>, Vec<String>);

impl<'a> Sizing<'a> {
    /// The sizes of an experiment's halves.
    pub fn new(experiment: &'a Experiment, sets: &'a Sets) -> Self {
        Self { experiment, sets, counts: Counts::of(sets), known: HashMap::new() }
    }

    /// The sizes of the halves of one split, and what a reader should know of them.
    ///
    /// # Errors
    /// Too few images of a class, halves of unequal size, and what [`degenerate`] refuses.
    pub fn of_split(&mut self, split: u32, tasks: &[Task]) -> Result<SizesAndNotes, ProtocolError> {
        let keyed = |sizes: &[Size]| tasks.iter().map(|task| task.key).zip(sizes.iter().cloned()).collect();
        let key: Key = tasks.iter().map(|task| self.counts.of_task(task)).collect();
        if let Some(sizes) = self.known.get(&key) {
            return Ok((keyed(sizes), Vec::new()));
        }
        let (parts, notes) = parts(self.experiment, self.sets, split, tasks)?;
        let sizes: Vec<Size> = parts.iter().map(Size::of).collect();
        let found = keyed(&sizes);
        // Notes name classes, which another split of the same counts has others of.
        if notes.is_empty() {
            self.known.insert(key, sizes);
        }
        Ok((found, notes))
    }
}

/// The images of the halves of one split by what they are for, as many to train on of each; and what to know of them.
fn parts(
    experiment: &Experiment,
    sets: &Sets,
    split: u32,
    tasks: &[Task],
) -> Result<(Vec<Part>, Vec<String>), ProtocolError> {
    let (mut parts, mut notes) = (Vec::new(), Vec::new());
    let mut halves = Vec::new();
    for task in tasks {
        let images = task.labelled(sets)?;
        degenerate::task(&degenerate::half_name(&images.name, &task.key), &images)?;
        halves.push((task.key, images));
    }
    for (key, images) in &halves {
        parts.push(Part::of(experiment, *key, images)?);
    }
    balance::balance(experiment, split, &mut parts)?;
    for part in &parts {
        let what = degenerate::half_name(&part.name, &part.key);
        degenerate::evaluated(&what, &part.evaluate)?;
        degenerate::outputs(experiment, part.class_names.len())?;
        notes.extend(degenerate::not_evaluated(&what, &part.evaluate, &part.class_names));
    }
    Ok((parts, notes))
}
