//! Experiments as files: one TOML file is one experiment, found by its name or its path, read and checked.

use super::{
    Experiment, ProtocolError, built_in::BuiltIn, defaults, experiment_data::MeanOf, keys, lengths::Lengths,
    net_choice, paths, pretrained,
};
use crate::host::bounded;
use std::path::Path;
use toml::Table;

impl Experiment {
    /// Finds an experiment by its built-in name or its file, with `key=value` overrides applied, and settles what it
    /// leaves open: `data.mean_of` is the target where A and B are different data sets.
    ///
    /// # Errors
    /// No such experiment; a file that cannot be read; an unknown key, with the nearest valid one; a bad value; lengths
    /// in epochs, for which [`super::resolve::experiment`] counts the images.
    pub fn find(name: &str, overrides: &[String]) -> Result<Self, ProtocolError> {
        Self::find_counting(name, overrides, Self::nothing_counts)
    }

    /// The same; where the number of images of an epoch needs to be known, `count` counts them.
    pub(super) fn find_counting(
        name: &str,
        overrides: &[String],
        count: impl FnOnce(&Self) -> Result<usize, ProtocolError>,
    ) -> Result<Self, ProtocolError> {
        let text = match BuiltIn::find(name) {
            Some(built_in) => built_in.text.to_string(),
            None if Path::new(name).is_file() => bounded::read_text(Path::new(name), bounded::TEXT)
                .map_err(|source| ProtocolError::Io { path: name.into(), source })?,
            None => return Err(ProtocolError::unknown_experiment(name)),
        };
        Self::read(name, &text, overrides, true, count)
    }

    /// Parses an experiment that is resolved, as run directories keep it: a key that is not there means what was done
    /// before there was this key. `origin` names it in messages.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn parse(origin: &str, text: &str, overrides: &[String]) -> Result<Self, ProtocolError> {
        Self::read(origin, text, overrides, false, Self::nothing_counts)
    }

    fn nothing_counts(&self) -> Result<usize, ProtocolError> {
        let reason = "a length in epochs needs the training images to be counted; give it in steps".to_string();
        Err(ProtocolError::Experiment { origin: self.name.clone(), reason })
    }

    /// Reads an experiment, and settles what it leaves open where it is `open` to that.
    fn read(
        origin: &str,
        text: &str,
        overrides: &[String],
        open: bool,
        count: impl FnOnce(&Self) -> Result<usize, ProtocolError>,
    ) -> Result<Self, ProtocolError> {
        let broken = |reason: String| ProtocolError::Experiment { origin: origin.into(), reason };
        let mut table: Table = text.parse().map_err(|e: toml::de::Error| broken(e.to_string()))?;
        keys::make_room(&mut table, overrides);
        if open {
            paths::beside(&mut table, origin);
        }
        for assignment in overrides {
            keys::set(&mut table, assignment)?;
            net_choice::override_others(&mut table, assignment);
        }
        keys::check(origin, &table, "")?;
        if open {
            paths::expand_home(&mut table);
        }
        pretrained::resolve(&mut table, origin)?;
        if open {
            defaults::fill_in(&mut table, origin)?;
        }
        keys::check_types(origin, &table)?;
        net_choice::resolve(&mut table, origin)?;
        if open {
            defaults::fill_in_layers(&mut table);
        }
        let read = |table: Table| table.try_into::<Self>().map_err(|e: toml::de::Error| broken(e.to_string()));
        let lengths = Lengths::take(origin, &mut table)?;
        if let Some((key, epochs)) = lengths.first() {
            // An epoch of one image, until it is known how many there are.
            let mut uncounted = table.clone();
            lengths.put(&mut uncounted, 1, 1);
            let uncounted = read(uncounted)?;
            uncounted.check_but_steps()?;
            uncounted.check_one_epoch(key, epochs)?;
            lengths.put(&mut table, count(&uncounted)?, uncounted.solver.batch_size);
        }
        let said = table.get("data").and_then(|data| data.get("mean_of")).is_some();
        let mut experiment = read(table)?;
        if open && !said && experiment.protocol.split.is_of_different_data() {
            experiment.data.mean_of = MeanOf::Target;
        }
        experiment.check()?;
        Ok(experiment)
    }
}
