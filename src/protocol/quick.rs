//! Plans cut down by `--quick`.

use super::{Experiment, ProtocolError};

/// The steps of a network that `--quick` cuts down.
const QUICK_STEPS: u64 = 10;

impl Experiment {
    /// The same plan cut down to seconds natively and to minutes on a software adapter: one split, few images,
    /// ten steps, under a name of its own. Its numbers mean nothing; every part of the program runs. Keys that
    /// `overrides` give keep the values that they give.
    ///
    /// # Errors
    /// [`ProtocolError::Value`] where what is given and what is cut do not fit together.
    pub fn quick(mut self, overrides: &[String]) -> Result<Self, ProtocolError> {
        let given = |keys: &[&str]| {
            let mut names = overrides.iter().filter_map(|assignment| assignment.split_once('='));
            names.any(|(key, _)| keys.contains(&key.trim()))
        };
        self.name.push_str("-quick");
        self.report.quick = true;
        let (data, protocol) = (&mut self.data, &mut self.protocol);
        let sizes_given = given(&["protocol.train_sizes"]);
        if !given(&["data.train_per_class"]) && !sizes_given {
            data.train_per_class = 20;
        }
        if !given(&["data.held_out_per_class"]) {
            data.held_out_per_class = data.held_out_per_class.min(10);
        }
        if !given(&["data.test_per_class"]) {
            data.test_per_class = 10;
        }
        if !given(&["protocol.splits"]) {
            protocol.splits.truncate(1);
        }
        if !sizes_given && data.train_per_class > 0 {
            protocol.train_sizes.retain(|&size| size < data.train_per_class);
        }
        if !given(&["protocol.similarity_images"]) {
            protocol.similarity_images = protocol.similarity_images.min(50);
        }
        if !given(&["protocol.replicates"]) {
            protocol.replicates = 1;
        }
        if !given(&["solver.batch_size"]) {
            self.solver.batch_size = self.solver.batch_size.min(16);
        }
        if !given(&["solver.batch_parts"]) && !self.solver.batch_size.is_multiple_of(self.solver.batch_parts) {
            self.solver.batch_parts = 1;
        }
        if !given(&["solver.max_iter", "solver.max_epochs"]) {
            self.solver.schedule = self.solver.schedule.within(QUICK_STEPS);
        }
        let steps = self.solver.schedule.max_iter;
        if !given(&["protocol.evaluations"]) {
            protocol.evaluations = 1;
        }
        if !given(&["protocol.held_out_evaluations"]) {
            protocol.held_out_evaluations = protocol.held_out_evaluations.min(3).min(steps);
        }
        self.check()?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quick(overrides: &[&str]) -> Result<Experiment, ProtocolError> {
        let overrides: Vec<String> = overrides.iter().map(ToString::to_string).collect();
        Experiment::find("default", &overrides)?.quick(&overrides)
    }

    #[test]
    fn what_is_given_wins_over_the_cuts_of_a_quick_plan() {
        let cut = quick(&[]).unwrap();
        assert!(cut.report.quick && cut.name == "default-quick");
        assert_eq!((cut.data.train_per_class, cut.solver.schedule.max_iter, cut.protocol.splits.len()), (20, 10, 1));
        let given = quick(&[
            "data.train_per_class=30",
            "data.test_per_class=7",
            "solver.max_iter=40",
            "solver.batch_size=24",
            "protocol.splits=[3, 4]",
            "protocol.replicates=2",
            "protocol.evaluations=4",
        ]);
        let given = given.unwrap();
        assert_eq!((given.data.train_per_class, given.data.test_per_class), (30, 7));
        assert_eq!((given.solver.schedule.max_iter, given.solver.batch_size), (40, 24));
        let protocol = &given.protocol;
        assert_eq!((protocol.splits.len(), protocol.replicates, protocol.evaluations), (2, 2, 4));
        // What is derived from a value that is given follows it.
        let sizes = quick(&["protocol.train_sizes=[40, 80]"]).unwrap();
        assert_eq!(sizes.protocol.train_sizes, [40, 80]);
        assert!(sizes.data.train_per_class > 80);
    }

    #[test]
    fn what_is_given_and_what_is_cut_are_checked_together() {
        let message = quick(&["protocol.evaluations=11"]).unwrap_err().to_string();
        assert!(message.contains("protocol.evaluations"), "{message}");
    }
}
