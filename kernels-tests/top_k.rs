//! The true class's rank.

use crate::{devices::devices, laws};
use strata::{
    host::ImageDims,
    ops::{Element, TensorId, TensorShape, check::top_k as cases, top_k::Forward},
};

#[test]
fn ranks_are_exact() {
    crate::check(cases::cases);
}

#[test]
fn the_lower_class_comes_first_among_equal_logits() {
    let logits = TensorShape::Activation(ImageDims { n: 3, c: 4, h: 1, w: 1 });
    let column = TensorShape::Rows { rows: 3, width: 1 };
    let tensors = [("x", Element::Real, logits), ("labels", Element::Word, column), ("rank", Element::Word, column)];
    let program = laws::program(&tensors, |id| {
        vec![Forward { n: 3, classes: 4, logits: id[0], labels: id[1], rank: id[2] }.into()]
    });
    for device in devices() {
        let x = [1.0, 1.0, 1.0, 1.0, 0.0, 2.0, 2.0, 1.0, 5.0, 2.0, 3.0, 4.0];
        let mut executor = laws::loaded(&device, &program, &[(TensorId(0), &x)]);
        executor.write_words(TensorId(1), &[2, 2, 0]).expect("a label an image");
        executor.run(0, &laws::step()).expect("the tape runs");
        assert_eq!(executor.read_words(TensorId(2)).expect("words"), [2, 1, 0], "{}", device.describe());
    }
}
