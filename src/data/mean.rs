//! Means and deviations of training images, exact until the last division.
//!
//! Compute them from one training half only. A transfer network uses those of its source's half, as the
//! authors did; a statistic over the other half or over test images would carry what it must not know.
//! Values are in the units of the bytes, 0 to 255.

use super::{DataError, ImageSet};
use rayon::prelude::*;

/// Images that one task sums up; large enough to be worth a task.
const TASK: usize = 1024;

/// The sums over images of each of the H x W x C values. 64 bits hold 2^56 images of 255.
///
/// # Errors
/// [`DataError::NoImages`] for an empty set.
pub fn sums(set: &ImageSet) -> Result<Vec<u64>, DataError> {
    if set.is_empty() {
        return Err(DataError::NoImages);
    }
    // Sums of whole numbers do not depend on their order, so that the tasks may end in any.
    let task = |first: usize| {
        let mut sums = vec![0; set.image_len()];
        for index in first..(first + TASK).min(set.len()) {
            for (sum, &value) in sums.iter_mut().zip(set.image(index)) {
                *sum += u64::from(value);
            }
        }
        sums
    };
    let add = |mut a: Vec<u64>, b: Vec<u64>| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        a
    };
    let tasks = (0..set.len()).into_par_iter().step_by(TASK);
    Ok(tasks.map(task).reduce(|| vec![0; set.image_len()], add))
}

/// The mean image, H x W x C: `sum over images of x[h, w, c] / N`.
///
/// # Errors
/// [`DataError::NoImages`] for an empty set.
pub fn mean_image(set: &ImageSet) -> Result<Vec<f32>, DataError> {
    Ok(sums(set)?.into_iter().map(|sum| (sum as f64 / set.len() as f64) as f32).collect())
}

/// The mean of each channel, C: `sum over images, rows and columns of x[h, w, c] / (N H W)`.
///
/// # Errors
/// [`DataError::NoImages`] for an empty set.
pub fn channel_mean(set: &ImageSet) -> Result<Vec<f32>, DataError> {
    let mut totals = vec![0u64; set.channels];
    for (place, sum) in sums(set)?.into_iter().enumerate() {
        totals[place % set.channels] += sum;
    }
    let values = (set.len() * set.height * set.width) as f64;
    Ok(totals.into_iter().map(|total| (total as f64 / values) as f32).collect())
}

/// The standard deviation of each channel about its mean, C: `sqrt(mean(x^2) - mean(x)^2)` over its N H W values.
///
/// # Errors
/// [`DataError::NoImages`] for an empty set.
pub fn channel_std(set: &ImageSet) -> Result<Vec<f32>, DataError> {
    let mut totals = vec![0u128; set.channels];
    for (place, sum) in sums(set)?.into_iter().enumerate() {
        totals[place % set.channels] += u128::from(sum);
    }
    // 64 bits hold the squares of 2^48 values.
    let squares_of = |index: usize| {
        let mut squares = vec![0u64; set.channels];
        for (place, &value) in set.image(index).iter().enumerate() {
            squares[place % set.channels] += u64::from(value).pow(2);
        }
        squares
    };
    let add = |mut a: Vec<u64>, b: Vec<u64>| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        a
    };
    let squares = (0..set.len()).into_par_iter().map(squares_of).reduce(|| vec![0; set.channels], add);
    let values = (set.len() * set.height * set.width) as u128;
    let of = |(square, total): (u64, u128)| {
        let spread = values * u128::from(square) - total * total;
        ((spread as f64).sqrt() / values as f64) as f32
    };
    Ok(squares.into_iter().zip(totals).map(of).collect())
}

/// The standard deviation of all values about their one mean: `sqrt(mean(x^2) - mean(x)^2)` over N H W C values.
///
/// # Errors
/// [`DataError::NoImages`] for an empty set.
pub fn std(set: &ImageSet) -> Result<f32, DataError> {
    let total: u128 = sums(set)?.into_iter().map(u128::from).sum();
    let values = set.len() as u128 * set.image_len() as u128;
    let spread = values * squares(set) - total * total;
    Ok(((spread as f64).sqrt() / values as f64) as f32)
}

/// The sum of the squares of all values.
fn squares(set: &ImageSet) -> u128 {
    let of = |index| set.image(index).iter().map(|&value| u64::from(value).pow(2)).sum::<u64>();
    (0..set.len()).into_par_iter().map(of).sum::<u64>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> ImageSet {
        // Two images of 1 x 2 pixels with 3 channels.
        ImageSet::new(1, 2, 3, vec![0, 10, 20, 30, 40, 50, 2, 10, 21, 35, 40, 255], vec![0, 0]).unwrap()
    }

    #[test]
    fn means_keep_the_order_of_rows_columns_and_channels() {
        assert_eq!(mean_image(&set()).unwrap(), [1.0, 10.0, 20.5, 32.5, 40.0, 152.5]);
        assert_eq!(channel_mean(&set()).unwrap(), [16.75, 25.0, 86.5]);
    }

    #[test]
    fn deviations_equal_the_definition() {
        let values: Vec<f64> = set().pixels.iter().map(|&value| value.into()).collect();
        let mean = values.iter().sum::<f64>() / 12.0;
        let direct = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 12.0).sqrt();
        assert!((f64::from(std(&set()).unwrap()) - direct).abs() < 1e-5);
        for (channel, std) in channel_std(&set()).unwrap().into_iter().enumerate() {
            let values: Vec<f64> = values.iter().skip(channel).step_by(3).copied().collect();
            let mean = values.iter().sum::<f64>() / 4.0;
            let direct = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 4.0).sqrt();
            assert!((f64::from(std) - direct).abs() < 1e-5, "channel {channel}: {std} instead of {direct}");
        }
    }

    #[test]
    fn no_images_have_no_mean() {
        let none = set().select(&[]).unwrap();
        assert!(matches!(mean_image(&none), Err(DataError::NoImages)));
        assert!(channel_mean(&none).is_err() && channel_std(&none).is_err());
        assert!(std(&none).is_err());
    }
}
