//! Guards around tensors: that a change of one is reported, and that no operation changes one.

use crate::{devices::guarded, laws};
use strata::{
    host::ImageDims,
    ops::{
        Element, TensorId, TensorShape,
        check::OPERATIONS,
        dropout::{Apply, Mask},
    },
};

#[test]
fn an_out_of_bounds_write_after_a_tensor_is_reported_with_its_name() {
    let run = |features: usize| {
        let dims = |c: usize| ImageDims { n: 2, c, h: 1, w: 1 };
        let program = laws::program(&[("x", Element::Real, TensorShape::Activation(dims(8)))], |id| {
            vec![Apply { dims: dims(features), ratio: 0.5, mask: Mask::Drawn { layer: 0 }, x: id[0] }.into()]
        });
        let mut executor = laws::loaded(&guarded(true), &program, &[(TensorId(0), &[1.0; 16])]);
        executor.run(0, &laws::step())
    };
    run(8).expect("the operation is as large as its tensor");
    // One image more than there is: a mistake in an operation's dimensions.
    let message = run(12).expect_err("the operation is larger than its tensor").to_string();
    assert!(message.contains("tensor x") && message.contains("after"), "{message}");
}

#[test]
fn no_case_of_any_operation_writes_beside_its_tensors_in_the_kernels_for_gpus() {
    let device = guarded(false);
    let mut run = 0;
    for (stem, cases) in OPERATIONS {
        for case in cases().expect("the configurations fit their inputs") {
            let outcome = case.run(&device).unwrap_or_else(|error| panic!("{stem}, {}: {error}", case.configuration));
            assert!(outcome.changed.is_empty(), "{stem}, {}: {:?}", case.configuration, outcome.changed);
            run += 1;
        }
    }
    println!("{run} cases");
}
