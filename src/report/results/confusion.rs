//! What a network took its test images for, in percent.

use serde::Serialize;

use super::super::measured::Confusion;

/// The column of all outputs beyond the half's classes.
const NO_CLASS: &str = "(no class)";

/// One network's confusions.
#[derive(Clone, Debug, Serialize)]
pub struct ConfusionRows {
    /// Name of the run.
    pub run: String,
    /// What the columns stand for: the classes, and one column for all other outputs where one was ever chosen.
    pub outputs: Vec<String>,
    /// One row for each true class.
    pub classes: Vec<ClassRow>,
}

/// One true class.
#[derive(Clone, Debug, Serialize)]
pub struct ClassRow {
    /// Its name.
    pub class: String,
    /// Its test images.
    pub images: u64,
    /// How many of them the network took for each output.
    pub counts: Vec<u64>,
    /// The same in percent of the images; empty for a class without images.
    pub percent: Vec<f64>,
}

impl ClassRow {
    /// The output that most images were wrongly taken for, and how many; the class stands in column `own`.
    #[must_use]
    pub fn worst(&self, own: usize) -> Option<(usize, u64)> {
        let wrong = self.counts.iter().copied().enumerate().filter(|(to, count)| *to != own && *count > 0);
        wrong.max_by_key(|(to, count)| (*count, std::cmp::Reverse(*to)))
    }
}

pub(super) fn rows(confusion: &Confusion) -> ConfusionRows {
    let known = confusion.classes.len();
    let beyond = confusion.counts.iter().any(|row| row.iter().skip(known).any(|count| *count > 0));
    let mut outputs = confusion.classes.clone();
    outputs.extend(beyond.then(|| NO_CLASS.to_string()));
    let class = |(class, row): (&String, &Vec<u64>)| {
        let images: u64 = row.iter().sum();
        let mut counts: Vec<u64> = row.iter().copied().take(known).collect();
        counts.resize(known, 0);
        counts.extend(beyond.then(|| row.iter().skip(known).sum::<u64>()));
        let share = |count: &u64| *count as f64 / images as f64 * 100.0;
        let percent = if images > 0 { counts.iter().map(share).collect() } else { Vec::new() };
        ClassRow { class: class.clone(), images, counts, percent }
    };
    let classes = confusion.classes.iter().zip(&confusion.counts).map(class).collect();
    ConfusionRows { run: confusion.run.clone(), outputs, classes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_beyond_the_classes_share_a_column_and_empty_classes_have_no_percentages() {
        let confusion = Confusion {
            run: "s0-r0-baseA".into(),
            classes: vec!["cat".into(), "dog".into()],
            counts: vec![vec![3, 0, 1, 0], vec![0, 0, 0, 0]],
        };
        let rows = rows(&confusion);
        assert_eq!(rows.outputs, ["cat", "dog", "(no class)"]);
        assert_eq!(rows.classes[0].percent, [75.0, 0.0, 25.0]);
        assert_eq!(rows.classes[0].worst(0), Some((2, 1)));
        assert!(rows.classes[1].percent.is_empty() && rows.classes[1].worst(1).is_none());
    }
}
