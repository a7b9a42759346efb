//! What an executor does beside its kernels: it hands over what is read later, and refuses what it cannot divide.

use super::{Case, layers::convolution, limited, shapes::images, software};
use std::sync::Arc;
use strata::{
    host::{Stream, Window},
    ops::{Device, Executor, Step, conv2d, relu},
};

#[test]
fn what_is_read_later_arrives_in_order_as_it_was() {
    for device in [Device::Cpu, Device::Gpu(software())] {
        let dims = images(1, 4, 1, 1);
        let mut case = Case::default();
        let y = case.act("y", dims);
        case.op(relu::Forward { dims, y });
        let mut executor = case.load(&device);
        let mut arrived: Vec<f32> = Vec::new();
        // More than a ring holds, so that the oldest are waited for.
        for i in 0..30 {
            executor.write(y, &[i as f32 - 3.0; 4]).unwrap();
            executor.run(0, &Step { iteration: 0, rate: 0.0, dropout: Stream::named("ring"), first_image: 0 }).unwrap();
            executor.read_later(y).unwrap();
            arrived.extend(executor.collect(false).unwrap().iter().map(|values| values[1]));
        }
        arrived.extend(executor.collect(true).unwrap().iter().map(|values| values[1]));
        let expected: Vec<f32> = (0..30).map(|i| (i as f32 - 3.0).max(0.0)).collect();
        assert_eq!(arrived, expected, "{}", device.describe());
        assert!(executor.collect(true).unwrap().is_empty());
    }
}

#[test]
fn a_tensor_that_cannot_be_divided_is_refused_by_name() {
    let case = convolution(conv2d::dims(images(1, 40, 3, 3), 64, [Window::new(3, 1, 1); 2], 1).unwrap());
    let error = Executor::load(&limited(|limits| limits.binding_bytes = 20_000), Arc::new(case.program)).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("layer layer, tensor w") && message.contains("maxStorageBufferBindingSize"), "{message}");
}
