//! Splits into man-made (half A) and natural (half B) classes.
//!
//! ImageNet's is the authors' own; CIFAR's follow the same idea, living things and landscapes against things
//! that people make. People count as natural. Fashion-MNIST has no natural class, so it has no such split.

use super::{
    DataError, Split,
    cifar_classes::{CIFAR100_COARSE_NAMES, CIFAR100_COARSE_OF_FINE},
};
use std::collections::HashMap;

/// CIFAR-100's man-made superclasses: food containers, household electrical devices, household furniture,
/// large man-made outdoor things, and both sets of vehicles.
const MANMADE_SUPERCLASSES: [u16; 6] = [3, 5, 6, 9, 18, 19];

static MANMADE: &str = include_str!("../../data/paper/splits/half_manmade_class_indices.txt");
static NATURAL: &str = include_str!("../../data/paper/splits/half_natural_class_indices.txt");

/// The paper's split of the 1000 ImageNet classes (in the order of their sorted identifiers):
/// 551 man-made (A) and 449 natural (B), from the authors' lists.
///
/// # Errors
/// Those of [`Split::new`], which the lists compiled in do not cause.
pub fn imagenet() -> Result<Split, DataError> {
    let numbers = |text: &str| text.lines().filter_map(|line| line.trim().parse().ok()).collect::<Vec<u16>>();
    Split::new(numbers(MANMADE), numbers(NATURAL))
}

static CLASSES: &str = include_str!("../../data/paper/splits/ilsvrc2012_classes.csv");

/// Classes that are neither artifacts nor organisms in WordNet and yet made by people: street sign and traffic light;
/// menu, plate and prepared food; dough to cup; bubble; toilet tissue. As first and last number of each run.
#[cfg(feature = "testing")]
const MADE_BY_PEOPLE: [(u16, u16); 5] = [(919, 920), (922, 935), (959, 969), (971, 971), (999, 999)];

/// The paper's split of the 1000 ImageNet classes by its rule instead of its lists: what WordNet 3.0 has below
/// *artifact* is man-made, what it has below *organism* is natural, and the 68 classes below neither were assigned by
/// hand: 29 of them man-made, the plants' fruits, landscapes and the other 39 natural.
///
/// # Errors
/// Those of [`Split::new`], which the table compiled in does not cause.
#[cfg(feature = "testing")]
pub fn imagenet_by_wordnet() -> Result<Split, DataError> {
    let by_hand = |class: u16| MADE_BY_PEOPLE.iter().any(|&(first, last)| (first..=last).contains(&class));
    let man_made = |&(class, row): &(u16, &str)| match row.split(',').skip(1).take(2).collect::<Vec<_>>()[..] {
        ["1", _] => true,
        [_, "1"] => false,
        _ => by_hand(class),
    };
    let (a, b): (Vec<_>, Vec<_>) = (0..).zip(CLASSES.lines().skip(1)).partition(man_made);
    let numbers = |rows: Vec<(u16, &str)>| rows.into_iter().map(|(class, _)| class).collect();
    Split::new(numbers(a), numbers(b))
}

/// The man-made and natural classes of a data set whose classes are named by ImageNet's identifiers (`n01440764`), as
/// its folders are: all of the 1000 or some of them. None where a class has another name.
///
/// # Errors
/// [`DataError::TooFewClasses`] where all classes belong to one half.
pub fn of_wnids(class_names: &[String]) -> Result<Option<Split>, DataError> {
    let numbers: HashMap<&str, u16> =
        CLASSES.lines().skip(1).filter_map(|row| row.split(',').next()).zip(0..).collect();
    let known: Option<Vec<u16>> = class_names.iter().map(|name| numbers.get(name.as_str()).copied()).collect();
    let Some(known) = known else { return Ok(None) };
    let whole = imagenet()?;
    let (a, b): (Vec<_>, Vec<_>) = (0u16..).zip(known).partition(|(_, number)| whole.a.binary_search(number).is_ok());
    let own = |half: Vec<(u16, u16)>| half.into_iter().map(|(class, _)| class).collect();
    Split::new(own(a), own(b)).map(Some)
}

/// CIFAR-10: airplane, automobile, ship and truck (A) against the six animals (B).
pub fn cifar10() -> Split {
    let (a, b) = (0..10).partition(|class| [0, 1, 8, 9].contains(class));
    Split { a, b }
}

/// CIFAR-100's fine classes: the 30 of the six man-made superclasses (A) against the other 70 (B).
pub fn cifar100() -> Split {
    fine_of(&cifar100_coarse())
}

/// CIFAR-100's fine classes with halves of one size: the same 30 (A) against the 30 of the first six natural
/// superclasses by name (B); 40 classes are left out.
pub fn cifar100_balanced() -> Split {
    let mut split = cifar100_coarse();
    // The superclasses are numbered in the order of their names.
    split.b.truncate(MANMADE_SUPERCLASSES.len());
    fine_of(&split)
}

/// CIFAR-100's 20 superclasses: six man-made (A) and 14 natural (B).
pub fn cifar100_coarse() -> Split {
    let (a, b) = (0..CIFAR100_COARSE_NAMES.len() as u16).partition(|class| MANMADE_SUPERCLASSES.contains(class));
    Split { a, b }
}

/// The fine classes that belong to a split of superclasses.
fn fine_of(superclasses: &Split) -> Split {
    let fine = |of: &[u16]| {
        let numbered = (0..).zip(CIFAR100_COARSE_OF_FINE);
        numbered.filter(|(_, superclass)| of.contains(superclass)).map(|(class, _)| class).collect()
    };
    Split { a: fine(&superclasses.a), b: fine(&superclasses.b) }
}
