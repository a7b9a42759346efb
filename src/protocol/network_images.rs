//! The images of one network: its target half, or a reduced set of it, and how it normalises them.

use super::{
    Experiment, Node, ProtocolError, SourceTask, experiment::Kept, experiment_data::MeanOf, halves::Halves,
    part::HalfData, streams,
};
use crate::data::Normalisation;
use std::sync::Arc;

impl Halves {
    /// What a network is trained and evaluated on, and how it normalises pixels: by the statistics of its training
    /// images, or, of a transfer network where `data.mean_of` is the source, by its source's, as the authors' did.
    ///
    /// # Errors
    /// A split that is not one of these halves; a reduced set of more images than any class has; images that have
    /// changed since they were packed.
    pub fn of_node(
        &self,
        experiment: &Experiment,
        node: &Node,
    ) -> Result<(Arc<HalfData>, Normalisation), ProtocolError> {
        let half = |half| self.half(experiment, node.key_of(half));
        let target = match node.train_size {
            Some(size) => {
                let drawn = experiment.protocol.train_sizes_of == Kept::Random;
                let key = (node.key_of(node.target), size, drawn.then_some(node.replicate));
                let whole = half(node.target)?;
                let stream = drawn.then(|| streams::kept(experiment.seed, node));
                self.reduced.get(key, || whole.reduced(&experiment.data, size, stream))?
            }
            None => half(node.target)?,
        };
        let normalisation = match (experiment.data.mean_of, node.source) {
            // What the experiment says is the file's already.
            _ if node.source_task == Some(SourceTask::Pretrained) => target.normalisation.clone(),
            (MeanOf::Source, Some(source)) if source != node.target => half(source)?.normalisation.clone(),
            _ => target.normalisation.clone(),
        };
        Ok((target, normalisation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Arm, Half, NodeKind, default_experiment::experiment};

    fn halves(overrides: &[&str]) -> (Experiment, Halves) {
        let experiment = experiment(overrides).quick(&[]).unwrap();
        let halves = Halves::of(&experiment).unwrap();
        (experiment, halves)
    }

    fn node(arm: Arm, n: usize, source_task: Option<SourceTask>) -> Node {
        let n = arm.has_n().then_some(n);
        let target = Half::B;
        Node::of(NodeKind { arm, n, split: 0, replicate: 0, target, source_task, train_size: None, draw: 0 })
    }

    #[test]
    fn a_transfer_network_subtracts_the_mean_that_is_asked_for_and_all_others_their_own() {
        for (mean_of, of_source) in [("source", true), ("target", false)] {
            let (experiment, halves) = halves(&[&format!("data.mean_of={mean_of}")]);
            let mean = |arm| halves.of_node(&experiment, &node(arm, 3, None)).unwrap().1;
            let of = |half| {
                let key = node(Arm::Transfer, 3, None).key_of(half);
                halves.half(&experiment, key).unwrap().normalisation.clone()
            };
            assert_ne!(of(Half::A), of(Half::B));
            let expected = if of_source { of(Half::A) } else { of(Half::B) };
            assert_eq!((&mean(Arm::Transfer), &mean(Arm::TransferPlus)), (&expected, &expected), "{mean_of}");
            for arm in [Arm::Base, Arm::Selffer, Arm::Continue, Arm::Restart, Arm::RandomHe] {
                assert_eq!(mean(arm), of(Half::B), "{mean_of}, {}", arm.name());
            }
        }
    }

    #[test]
    fn the_target_is_the_same_whatever_the_source_is_and_all_have_as_many_images_and_classes() {
        let sources = "protocol.sources=[\"other-classes\", \"other-data\", \"shuffled\", \"noise\"]";
        let sets = ["protocol.split=distance", sources, "data.other_source=noise", "protocol.classes_per_half=4"];
        let (experiment, halves) = halves(&sets);
        let base = halves.of_node(&experiment, &node(Arm::Base, 0, None)).unwrap();
        for task in [SourceTask::OtherClasses, SourceTask::OtherData, SourceTask::Shuffled, SourceTask::Noise] {
            let transfer = node(Arm::Transfer, 3, Some(task));
            let (target, mean) = halves.of_node(&experiment, &transfer).unwrap();
            assert_eq!((&target.digest, &mean), (&base.0.digest, &base.1), "the target's mean");
            let source = halves.half(&experiment, transfer.key_of(Half::A)).unwrap();
            assert_eq!((source.train.len(), source.classes), (target.train.len(), target.classes));
            assert!(source.class_names.iter().all(|name| !target.class_names.contains(name)));
        }
        let source = |task| {
            let key = node(Arm::Transfer, 3, Some(task)).key_of(Half::A);
            halves.half(&experiment, key).unwrap()
        };
        let [whole, shuffled] = [SourceTask::OtherClasses, SourceTask::Shuffled].map(source);
        assert_eq!(whole.class_names, shuffled.class_names);
        let sorted = |half: &HalfData| {
            let mut pixels = half.train.image(5).to_vec();
            pixels.sort_unstable();
            pixels
        };
        assert!(whole.train != shuffled.train && sorted(&whole) == sorted(&shuffled));
        // A study with fewer sources has the same target.
        let fewer = [&sets[..1], &["protocol.sources=[\"noise\"]", sets[3]]].concat();
        let (experiment, halves) = self::halves(&fewer);
        assert_eq!(halves.of_node(&experiment, &node(Arm::Base, 0, None)).unwrap().0.digest, base.0.digest);
    }
}
