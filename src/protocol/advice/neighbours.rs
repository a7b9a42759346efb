//! Scores of the source's blocks without training a network: k nearest neighbours, and a ridge regression in closed form.

use super::{
    blocks::Blocks,
    outcome::score,
    parts::Split,
    record::{Measure, Neighbours},
};
use rayon::prelude::*;

/// How many neighbours vote.
const K: usize = 5;
/// The ridge, as a share of the mean of the centred products' diagonal.
const RIDGE: f64 = 0.1;
/// The most images that are compared with each other: of more, the first of each class.
const MOST: usize = 2000;

/// The classes that images to train on, by their places, give others.
type Classes<'a> = dyn Fn(&[usize], &[usize]) -> Vec<u16> + Sync + 'a;

/// The scores of every n whose blocks are kept, as means over splits, in percent.
pub fn scores(
    blocks: &Blocks,
    most_n: usize,
    (labels, classes): (&[u16], usize),
    splits: &[Split],
    measure: Measure,
) -> Vec<Neighbours> {
    let kept = kept(labels, classes);
    let mut place = vec![None; labels.len()];
    kept.iter().enumerate().for_each(|(at, &index)| place[index] = Some(at));
    let labels: Vec<u16> = kept.iter().map(|&index| labels[index]).collect();
    let within = |indices: &[usize]| indices.iter().filter_map(|&index| place[index]).collect::<Vec<usize>>();
    let splits: Vec<[Vec<usize>; 2]> =
        splits.iter().map(|split| [within(&split.train), within(&split.validation)]).collect();
    let mean = |of: &Classes<'_>| {
        let each = splits.par_iter().map(|[train, validation]| {
            let truth: Vec<u16> = validation.iter().map(|&at| labels[at]).collect();
            let right: Vec<bool> = of(train, validation).iter().zip(&truth).map(|(got, label)| got == label).collect();
            100.0 * score(&right, &truth, measure)
        });
        let each: Vec<f64> = each.collect();
        each.iter().sum::<f64>() / each.len().max(1) as f64
    };
    let of_n = |n: usize| {
        let (features, values) = blocks.at(n)?;
        let products = cosines(&kept, features, values);
        let count = kept.len();
        let knn = mean(&|train, validation| {
            validation.iter().map(|&at| nearest(&products[at * count..(at + 1) * count], train, &labels)).collect()
        });
        let ridge = mean(&|train, validation| ridge(&products, count, (train, validation), &labels, classes));
        Some(Neighbours { n, knn, k: K, ridge: Some(ridge) })
    };
    (1..=most_n).filter_map(of_n).collect()
}

/// The images that are compared, at most [`MOST`], as many of each class as its size allows, in their order.
fn kept(labels: &[u16], classes: usize) -> Vec<usize> {
    let mut seen = vec![0usize; classes];
    let mut order: Vec<(usize, u16, usize)> = Vec::with_capacity(labels.len());
    for (index, &label) in labels.iter().enumerate() {
        order.push((seen[usize::from(label)], label, index));
        seen[usize::from(label)] += 1;
    }
    order.sort_unstable();
    let mut kept: Vec<usize> = order.into_iter().take(MOST).map(|(.., index)| index).collect();
    kept.sort_unstable();
    kept
}

/// The product of two vectors, in 16 sums of fixed order.
fn product(a: &[f32], b: &[f32]) -> f64 {
    let mut sums = [0f32; 16];
    let (whole, rest) = (a.chunks_exact(16), a.chunks_exact(16).remainder());
    for (a, b) in whole.zip(b.chunks_exact(16)) {
        for lane in 0..16 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let tail = rest.iter().zip(&b[a.len() - rest.len()..]).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    sums.iter().map(|&sum| f64::from(sum)).sum::<f64>() + tail
}

/// The cosines between images, a row each.
fn cosines(kept: &[usize], features: usize, values: &[f32]) -> Vec<f64> {
    let of = |index: usize| &values[index * features..(index + 1) * features];
    let norms: Vec<f64> =
        kept.par_iter().map(|&index| product(of(index), of(index)).sqrt().max(f64::MIN_POSITIVE)).collect();
    let rows = (0..kept.len()).into_par_iter().map(|row| {
        let cosine = |column: usize| product(of(kept[row]), of(kept[column])) / (norms[row] * norms[column]);
        (0..=row).map(cosine).collect::<Vec<f64>>()
    });
    let rows: Vec<Vec<f64>> = rows.collect();
    let at = |row: usize, column: usize| if column <= row { rows[row][column] } else { rows[column][row] };
    (0..kept.len()).flat_map(|row| (0..kept.len()).map(move |column| (row, column))).map(|(r, c)| at(r, c)).collect()
}

/// The class that most of the nearest images have, of equal ones that whose images are nearer in sum.
fn nearest(cosines: &[f64], train: &[usize], labels: &[u16]) -> u16 {
    let mut order: Vec<usize> = train.to_vec();
    order.sort_by(|&a, &b| cosines[b].total_cmp(&cosines[a]).then(a.cmp(&b)));
    let mut votes: Vec<(usize, f64, u16)> = Vec::new();
    for &at in order.iter().take(K) {
        match votes.iter_mut().find(|vote| vote.2 == labels[at]) {
            Some(vote) => (vote.0, vote.1) = (vote.0 + 1, vote.1 + cosines[at]),
            None => votes.push((1, cosines[at], labels[at])),
        }
    }
    votes.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)));
    votes.first().map_or(0, |vote| vote.2)
}

/// The classes of a ridge regression of centred cosines to one number a class.
fn ridge(
    products: &[f64],
    count: usize,
    (train, validation): (&[usize], &[usize]),
    labels: &[u16],
    classes: usize,
) -> Vec<u16> {
    let size = train.len();
    let at = |row: usize, column: usize| products[row * count + column];
    let means: Vec<f64> =
        train.iter().map(|&row| train.iter().map(|&column| at(row, column)).sum::<f64>() / size as f64).collect();
    let mean = means.iter().sum::<f64>() / size as f64;
    let mut kernel: Vec<f64> = Vec::with_capacity(size * size);
    for (i, &row) in train.iter().enumerate() {
        kernel.extend(train.iter().enumerate().map(|(j, &column)| at(row, column) - means[i] - means[j] + mean));
    }
    let diagonal = (0..size).map(|i| kernel[i * size + i]).sum::<f64>() / size as f64;
    let ridge = (RIDGE * diagonal).max(1e-12);
    (0..size).for_each(|i| kernel[i * size + i] += ridge);
    factor(&mut kernel, size);
    let shares: Vec<f64> = (0..classes)
        .map(|class| train.iter().filter(|&&at| usize::from(labels[at]) == class).count() as f64 / size as f64)
        .collect();
    let weights: Vec<Vec<f64>> = (0..classes)
        .map(|class| {
            let one = |&at: &usize| f64::from(u8::from(usize::from(labels[at]) == class)) - shares[class];
            solve(&kernel, size, train.iter().map(one).collect())
        })
        .collect();
    let class_of = |&row: &usize| {
        let own = train.iter().map(|&column| at(row, column)).sum::<f64>() / size as f64;
        let centred: Vec<f64> =
            train.iter().enumerate().map(|(j, &column)| at(row, column) - own - means[j] + mean).collect();
        let score = |class: usize| {
            shares[class] + weights[class].iter().zip(&centred).map(|(weight, value)| weight * value).sum::<f64>()
        };
        let scores: Vec<f64> = (0..classes).map(score).collect();
        let mut best = 0;
        (1..classes).for_each(|class| {
            if scores[class] > scores[best] {
                best = class;
            }
        });
        best as u16
    };
    validation.iter().map(class_of).collect()
}

/// Cholesky's factor of a positive matrix, in its lower half.
fn factor(matrix: &mut [f64], size: usize) {
    for row in 0..size {
        for column in 0..=row {
            let (left, right) =
                (&matrix[row * size..row * size + column], &matrix[column * size..column * size + column]);
            let sum: f64 = left.iter().zip(right).map(|(a, b)| a * b).sum();
            let rest = matrix[row * size + column] - sum;
            matrix[row * size + column] = match row == column {
                true => rest.max(1e-300).sqrt(),
                false => rest / matrix[column * size + column],
            };
        }
    }
}

/// Solves with a factor: forwards, then backwards.
fn solve(factor: &[f64], size: usize, mut values: Vec<f64>) -> Vec<f64> {
    for row in 0..size {
        let sum: f64 = (0..row).map(|column| factor[row * size + column] * values[column]).sum();
        values[row] = (values[row] - sum) / factor[row * size + row];
    }
    for row in (0..size).rev() {
        values[row] /= factor[row * size + row];
        let value = values[row];
        (0..row).for_each(|column| values[column] -= factor[row * size + column] * value);
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Stream;

    #[test]
    fn a_factor_solves_what_it_is_a_factor_of() {
        let matrix = [4.0, 2.0, 0.6, 2.0, 5.0, 1.0, 0.6, 1.0, 3.0];
        let mut lower = matrix;
        factor(&mut lower, 3);
        let solution = solve(&lower, 3, vec![1.0, 2.0, 3.0]);
        for (row, expected) in matrix.chunks(3).zip([1.0, 2.0, 3.0]) {
            let got: f64 = row.iter().zip(&solution).map(|(a, b)| a * b).sum();
            assert!((got - expected).abs() < 1e-12, "{got} {expected}");
        }
    }

    #[test]
    fn classes_that_lie_apart_are_told_apart_and_noise_is_not() {
        let (classes, images, features) = (4, 120, 20);
        let labels: Vec<u16> = (0..images).map(|i| (i % classes) as u16).collect();
        let noise = Stream::named("neighbours").normal(images * features, 1.0);
        let apart = |strength: f32| {
            let mut values = noise.clone();
            (0..images).for_each(|i| values[i * features + i % classes] += strength);
            let all: Vec<usize> = (0..images).collect();
            let products = cosines(&all, features, &values);
            let (train, validation): (Vec<usize>, Vec<usize>) = all.iter().partition(|&&i| i < 80);
            let truth: Vec<u16> = validation.iter().map(|&at| labels[at]).collect();
            let share = |got: Vec<u16>| got.iter().zip(&truth).filter(|(a, b)| a == b).count() as f64 / 40.0;
            let knn = validation.iter().map(|&at| nearest(&products[at * images..(at + 1) * images], &train, &labels));
            [share(knn.collect()), share(ridge(&products, images, (&train, &validation), &labels, classes))]
        };
        assert!(apart(8.0).iter().all(|&share| share > 0.9), "{:?}", apart(8.0));
        assert!(apart(0.0).iter().all(|&share| share < 0.55), "{:?}", apart(0.0));
    }

    #[test]
    fn of_many_images_as_many_of_each_class_are_compared() {
        let labels: Vec<u16> = (0..5000).map(|i| u16::from(i % 10 == 0)).collect();
        let kept = kept(&labels, 2);
        assert_eq!(kept.len(), MOST);
        assert_eq!(kept.iter().filter(|&&index| labels[index] == 1).count(), 500);
        assert!(kept.is_sorted());
    }
}
