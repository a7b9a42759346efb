//! Which classes a network takes for which.

use serde::{Deserialize, Serialize};

/// Counts of evaluated images by true class and by the class with the greatest score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// The names of the classes, in the order of the rows.
    pub classes: Vec<String>,
    /// Images of the true class `row` whose greatest score is that of the output `column`. There are as many
    /// columns as outputs: more than rows where a net has more outputs than classes.
    pub counts: Vec<Vec<u64>>,
}

impl Confusion {
    /// No image counted yet.
    pub fn new(classes: &[String], outputs: usize) -> Self {
        Self { classes: classes.to_vec(), counts: vec![vec![0; outputs]; classes.len()] }
    }

    /// Counts an image by its scores: of equal ones the first is taken, as in the ranks that top-1 is counted from.
    /// An image with a score that is not a number is left out, since no class can be said to be its.
    pub fn count(&mut self, label: usize, scores: &[f32]) {
        if scores.iter().any(|score| score.is_nan()) {
            return;
        }
        let best = scores.iter().enumerate().fold(0, |best, (i, &score)| if score > scores[best] { i } else { best });
        if let Some(place) = self.counts.get_mut(label).and_then(|row| row.get_mut(best)) {
            *place += 1;
        }
    }

    /// Images counted right.
    pub fn right(&self) -> u64 {
        self.counts.iter().enumerate().filter_map(|(class, row)| row.get(class)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_counts_in_the_row_of_its_class_and_the_column_of_the_first_greatest_score() {
        let mut confusion = Confusion::new(&["a".into(), "b".into()], 3);
        confusion.count(0, &[1.0, 2.0, 2.0]);
        confusion.count(1, &[-1.0, -0.5, -0.75]);
        confusion.count(1, &[0.0, 0.0, 5.0]);
        confusion.count(1, &[0.0, f32::NAN, 5.0]);
        assert_eq!(confusion.counts, [[0, 1, 0], [0, 1, 1]]);
        assert_eq!(confusion.right(), 1);
    }
}
