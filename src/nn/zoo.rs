//! The nets of the study: CaffeNet, AlexNet in Caffe's order, and two small relatives with the same
//! sequence of eight layers with weights, so that n = 1..7 means the same in each.

use super::{Filler, Init, Kind, Layer, NetDef, NnError};
use crate::ops::{conv2d::Conv2d, lrn::Lrn, max_pool::MaxPool};

/// The names of the zoo.
pub const NAMES: [&str; 4] = ["caffenet", "alexnet", "alexnet32", "alexnet28"];

/// A net of the zoo with a number of classes.
///
/// # Errors
/// An unknown name, with the nearest known one.
pub fn net(name: &str, classes: usize) -> Result<NetDef, NnError> {
    match name {
        "caffenet" => Ok(caffenet(classes)),
        "alexnet" => Ok(alexnet(classes)),
        "alexnet32" => Ok(alexnet32(classes)),
        "alexnet28" => Ok(alexnet28(classes)),
        _ => {
            let distance = |known: &&&str| strsim::damerau_levenshtein(known, name);
            let nearest = NAMES.iter().min_by_key(distance).map_or("", |n| n);
            let known = NAMES.join(", ");
            Err(NnError::UnknownNet { name: name.into(), nearest: nearest.into(), known })
        }
    }
}

/// Which comes first behind a rectifier.
#[derive(Clone, Copy, PartialEq)]
enum Order {
    PoolNorm,
    NormPool,
}

struct Conv {
    out: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    groups: usize,
    init: Init,
}

fn conv(out: usize, kernel: usize, stride: usize, padding: usize, groups: usize, init: Init) -> Conv {
    Conv { out, kernel, stride, padding, groups, init }
}

struct Plan {
    name: &'static str,
    input: [usize; 3],
    order: Order,
    convs: [Conv; 5],
    lrn: Lrn,
    dense: [(usize, Init); 3],
}

/// Expands a plan into the paper's sequence: conv1-relu-pool-norm, conv2-relu-pool-norm, conv3-relu, conv4-relu,
/// conv5-relu-pool, fc6-relu-drop, fc7-relu-drop, fc8.
fn expand(plan: Plan) -> NetDef {
    let mut layers = Vec::new();
    let pool = MaxPool { kernel_size: [3, 3], stride: [2, 2], padding: [0, 0], ceil_mode: true };
    for (i, c) in plan.convs.iter().enumerate() {
        let number = i + 1;
        let kind = Kind::Conv2d(Conv2d {
            out_channels: c.out,
            kernel_size: [c.kernel; 2],
            stride: [c.stride; 2],
            padding: [c.padding; 2],
            dilation: [1, 1],
            groups: c.groups,
        });
        layers.push(Layer::new(&format!("conv{number}"), kind, Some(c.init)));
        layers.push(Layer::new(&format!("relu{number}"), Kind::Relu, None));
        let pooling = Layer::new(&format!("pool{number}"), Kind::MaxPool(pool), None);
        let norm = Layer::new(&format!("norm{number}"), Kind::Lrn(plan.lrn), None);
        match (number, plan.order) {
            (1 | 2, Order::PoolNorm) => layers.extend([pooling, norm]),
            (1 | 2, Order::NormPool) => layers.extend([norm, pooling]),
            (5, _) => layers.push(pooling),
            _ => {}
        }
    }
    for (i, &(out_features, init)) in plan.dense.iter().enumerate() {
        let number = i + 6;
        layers.push(Layer::new(&format!("fc{number}"), Kind::Dense { out_features }, Some(init)));
        if number < 8 {
            layers.push(Layer::new(&format!("relu{number}"), Kind::Relu, None));
            layers.push(Layer::new(&format!("drop{number}"), Kind::Dropout { ratio: 0.5 }, None));
        }
    }
    NetDef { name: plan.name.into(), input: plan.input, layers }
}

fn gaussian(std: f64, bias: f64) -> Init {
    Init { weight: Filler::Gaussian(std), bias }
}

fn he() -> Init {
    Init { weight: Filler::He, bias: 0.0 }
}

fn imagenet_plan(name: &'static str, order: Order, bias: f64, classes: usize) -> Plan {
    Plan {
        name,
        input: [3, 227, 227],
        order,
        convs: [
            conv(96, 11, 4, 0, 1, gaussian(0.01, 0.0)),
            conv(256, 5, 1, 2, 2, gaussian(0.01, bias)),
            conv(384, 3, 1, 1, 1, gaussian(0.01, 0.0)),
            conv(384, 3, 1, 1, 2, gaussian(0.01, bias)),
            conv(256, 3, 1, 1, 2, gaussian(0.01, bias)),
        ],
        lrn: Lrn { size: 5, alpha: 1e-4, beta: 0.75, k: 1.0 },
        dense: [(4096, gaussian(0.005, bias)), (4096, gaussian(0.005, bias)), (classes, gaussian(0.01, 0.0))],
    }
}

/// The paper's net (Caffe's `bvlc_reference_caffenet`): pool before norm, biases of 1, the paper's fillers.
pub fn caffenet(classes: usize) -> NetDef {
    expand(imagenet_plan("caffenet", Order::PoolNorm, 1.0, classes))
}

/// Caffe's `bvlc_alexnet`: norm before pool, biases of 0.1.
pub fn alexnet(classes: usize) -> NetDef {
    expand(imagenet_plan("alexnet", Order::NormPool, 0.1, classes))
}

/// The relative for 3x32x32. Its convolutions and dense layers start from He's filler and biases of 0:
/// the paper's standard deviations of 0.01 leave a net of this width at its first loss for thousands of steps.
pub fn alexnet32(classes: usize) -> NetDef {
    expand(Plan {
        name: "alexnet32",
        input: [3, 32, 32],
        order: Order::PoolNorm,
        convs: [
            conv(32, 5, 1, 2, 1, he()),
            conv(64, 5, 1, 2, 1, he()),
            conv(96, 3, 1, 1, 1, he()),
            conv(96, 3, 1, 1, 1, he()),
            conv(64, 3, 1, 1, 1, he()),
        ],
        lrn: Lrn { size: 3, alpha: 5e-5, beta: 0.75, k: 1.0 },
        dense: [(256, he()), (256, he()), (classes, gaussian(0.01, 0.0))],
    })
}

/// The relative for 1x28x28: 3.1 million multiply-adds, groups of 2 where CaffeNet has them.
pub fn alexnet28(classes: usize) -> NetDef {
    expand(Plan {
        name: "alexnet28",
        input: [1, 28, 28],
        order: Order::PoolNorm,
        convs: [
            conv(16, 5, 1, 2, 1, he()),
            conv(32, 5, 1, 2, 2, he()),
            conv(48, 3, 1, 1, 1, he()),
            conv(48, 3, 1, 1, 2, he()),
            conv(32, 3, 1, 1, 2, he()),
        ],
        lrn: Lrn { size: 3, alpha: 5e-5, beta: 0.75, k: 1.0 },
        dense: [(128, he()), (128, he()), (classes, gaussian(0.01, 0.0))],
    })
}
