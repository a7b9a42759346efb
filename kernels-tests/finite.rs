//! The search for non-finite values.

use crate::{devices::devices, laws};
use strata::{
    host::ImageDims,
    ops::{Element, TensorId, TensorShape, check::finite as cases, finite::Forward},
};

#[test]
fn every_kind_of_number_that_is_none_is_found_and_no_other() {
    crate::check(cases::cases);
}

#[test]
fn a_flag_stays_set_and_others_stay_as_they_were() {
    let shape = TensorShape::Activation(ImageDims { n: 2, c: 3, h: 2, w: 2 });
    let flags = TensorShape::Rows { rows: 1, width: 2 };
    let tensors = [("x", Element::Real, shape), ("flags", Element::Word, flags)];
    let program =
        laws::program(&tensors, |id| vec![Forward { len: shape.len(), place: 0, x: id[0], flags: id[1] }.into()]);
    for device in devices() {
        for (value, before, after) in
            [(f32::NAN, [0, 7], [1, 7]), (1.0, [0, 7], [0, 7]), (1.0, [1, 0], [1, 0]), (f32::INFINITY, [1, 0], [1, 0])]
        {
            let mut x = vec![0.5; shape.len()];
            x[17] = value;
            let mut executor = laws::loaded(&device, &program, &[(TensorId(0), &x)]);
            executor.write_words(TensorId(1), &before).expect("two words");
            executor.run(0, &laws::step()).expect("the tape runs");
            assert_eq!(executor.read_words(TensorId(1)).expect("words"), after, "{}: {value}", device.describe());
        }
    }
}
