//! Studies of distance: one target, B, and sources of growing distance from it, each of which is A in turn.
//!
//! The classes of B, and the new layers, batch order and dropout of the networks on it, are the same whatever A is, so
//! that two sources are compared on equal terms. All sources have as many classes as B and start their bases alike.

use super::{
    Experiment, Half, ProtocolError, SourceTask,
    half_key::HalfKey,
    task::{Images, Task},
};
use crate::data::{Dataset, Split, split};
use std::collections::BTreeSet;

/// The man-made and natural classes where they are known, and the classes that targets are drawn from.
fn kinds_and_near(experiment: &Experiment, data: &Dataset) -> Result<(Option<Split>, Vec<u16>), ProtocolError> {
    let kinds = experiment.data.source.man_made_and_natural(&data.class_names)?;
    let near = kinds.as_ref().map_or_else(|| (0..data.classes() as u16).collect(), |kinds| kinds.b.clone());
    Ok((kinds, near))
}

/// The classes of the target in the split of a seed, in rising order.
///
/// # Errors
/// Fewer classes than are asked for.
pub(super) fn target(experiment: &Experiment, data: &Dataset, seed: u32) -> Result<Vec<u16>, ProtocolError> {
    let (_, near) = kinds_and_near(experiment, data)?;
    let mut target = match experiment.protocol.classes_per_half {
        0 => (0..data.classes() as u16).collect(),
        count => split::choice(&near, count, [seed, 1])?,
    };
    target.sort_unstable();
    Ok(target)
}

/// B, and A of each of some sources, in the split of a seed.
///
/// B's classes are natural where the data set knows kinds, and any else; those of the opposite kind are the ones that
/// `man-made-natural` draws beside them. NumPy's legacy choice draws B under the list `[seed, 1]`, what is of the
/// opposite kind or of another set under `[seed, 0]`, and other classes under `[seed, 2]`.
///
/// # Errors
/// A data set without the classes that are asked for.
pub(super) fn tasks(
    experiment: &Experiment,
    data: &Dataset,
    other: Option<&Dataset>,
    seed: u32,
    sources: &BTreeSet<SourceTask>,
) -> Result<Vec<Task>, ProtocolError> {
    let count = experiment.protocol.classes_per_half;
    let refuse = |expected: &str, task: SourceTask| ProtocolError::Value {
        experiment: experiment.name.clone(),
        key: "protocol.sources",
        expected: expected.into(),
        got: format!("{:?} with data.source = \"{}\"", task.name(), experiment.data.source),
    };
    let (kinds, near) = kinds_and_near(experiment, data)?;
    let target = target(experiment, data, seed)?;
    let rest: Vec<u16> = near.iter().copied().filter(|class| !target.contains(class)).collect();
    let other_classes = || split::choice(&rest, count, [seed, 2]);

    let key = |half, source_task| HalfKey { split: seed, half, source_task };
    let mut tasks = vec![Task::new(key(Half::B, None), Images::Data, target)];
    for &source in sources {
        let (images, classes) = match source {
            SourceTask::OtherClasses => (Images::Data, other_classes()?),
            SourceTask::OppositeKind => {
                let Some(Split { a: man_made, .. }) = &kinds else {
                    return Err(refuse(
                        "sources without it: man-made and natural classes are not known of this set",
                        source,
                    ));
                };
                (Images::Data, split::choice(man_made, count, [seed, 0])?)
            }
            SourceTask::OtherData => {
                let other = other.ok_or_else(|| refuse("a second data set, data.other_source", source))?;
                let classes: Vec<u16> = (0..other.classes() as u16).collect();
                (Images::Other, split::choice(&classes, count, [seed, 0])?)
            }
            SourceTask::Shuffled => (Images::Shuffled, other_classes()?),
            SourceTask::Noise => (Images::Noise, (0..count as u16).collect()),
            // A file has no images.
            SourceTask::Pretrained => continue,
        };
        tasks.push(Task::new(key(Half::A, Some(source)), images, classes));
    }
    Ok(tasks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::{ImageSet, natural},
        protocol::source::Sets,
    };

    #[test]
    fn targets_are_natural_where_kinds_are_known_and_the_opposite_kind_is_man_made() {
        // Ten of each kind by the names that ImageNet gives them, one image of each.
        let names: Vec<&str> = include_str!("../../data/paper/splits/ilsvrc2012_classes.csv").lines().skip(1).collect();
        let whole = natural::imagenet().unwrap();
        let some: Vec<u16> = whole.a[..10].iter().chain(&whole.b[..10]).copied().collect();
        let names =
            some.iter().map(|&class| names[usize::from(class)].split(',').next().unwrap().to_string()).collect();
        let images = ImageSet::new(4, 4, 1, vec![1; 20 * 16], (0..20).collect()).unwrap();
        let data = Dataset::new("folder", names, images.clone(), images).unwrap();
        let sets = ["protocol.split=distance", "protocol.sources=[\"noise\"]", "protocol.classes_per_half=4"];
        let experiment = Experiment::find("default", &sets.map(String::from)).unwrap();
        let sources = BTreeSet::from([SourceTask::OtherClasses, SourceTask::OppositeKind, SourceTask::Shuffled]);
        let sets = Sets { data, other: None };
        for seed in 0..5 {
            let data = &sets.data;
            let tasks = tasks(&experiment, data, None, seed, &sources).unwrap();
            let halves: Vec<Dataset> = tasks.iter().map(|task| task.dataset(&sets).unwrap()).collect();
            let kinds = |at: usize| {
                let half: &Dataset = &halves[at];
                natural::of_wnids(&[&half.class_names[..], &data.class_names[..1]].concat()).unwrap_or(None)
            };
            // The first class of all is man-made: beside natural classes alone it is the only one of its kind.
            assert_eq!(kinds(0).unwrap().a, [4], "the target");
            assert_eq!(kinds(1).unwrap().a, [4], "other classes");
            assert!(kinds(2).is_none(), "the opposite kind is all man-made");
            let names = |at: usize| &halves[at].class_names;
            assert_eq!(tasks[3].class_names(&sets), *names(3));
            assert!(names(0).iter().all(|name| !names(1).contains(name)));
            assert_eq!(names(1), names(3));
        }
    }
}
