//! The images of a page, as bytes.

use super::{
    Binary, WebError,
    format::{ImageList, Images},
};
use crate::{
    data::{Dataset, ImageSet, mean, subset},
    protocol::Experiment,
};

/// The images that an experiment trains and evaluates on, of all classes, in the order of the data set: a half is what
/// is left of it without the other's classes.
pub(super) fn of(experiment: &Experiment, data: &Dataset, binary: &mut Binary) -> Result<Images, WebError> {
    let classes = data.classes();
    if !classes.is_multiple_of(2) || !(2..=256).contains(&classes) {
        return Err(WebError::Classes { name: data.name.clone(), got: classes });
    }
    let keys = &experiment.data;
    let (train, _) = subset::hold_out(&data.train, keys.train_per_class, keys.held_out_per_class)
        .map_err(|error| error.of_classes(&data.class_names))?;
    let test = subset::first_per_class(&data.test, keys.test_per_class)?;
    let side = experiment.net.def()?.input[1];
    let window = keys.reading().centre_window(&train, side)?;
    let mut sums = Vec::new();
    for class in 0..classes {
        let own: Vec<usize> = (0..train.len()).filter(|&i| usize::from(train.labels[i]) == class).collect();
        sums.extend(mean::sums(&train.select(&own)?)?.into_iter().map(|sum| sum as u32));
    }
    Ok(Images {
        name: data.name.clone(),
        classes: data.class_names.clone(),
        classes_per_half: classes / 2,
        shape: train.shape(),
        scale: keys.scale as f32,
        window: [window.top, window.left],
        train: list(&train, binary),
        test: list(&test, binary),
        sums: binary.add(bytemuck::cast_slice(&sums)),
    })
}

fn list(set: &ImageSet, binary: &mut Binary) -> ImageList {
    let pixels: Vec<u8> = set.images().flatten().copied().collect();
    let labels: Vec<u8> = set.labels.iter().map(|&label| label as u8).collect();
    ImageList { count: set.len(), pixels: binary.add(&pixels), labels: binary.add(&labels) }
}
