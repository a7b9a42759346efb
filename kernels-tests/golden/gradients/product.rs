//! The fully connected layer.

use super::{judged, sides};
use crate::golden::{
    case::{Case, Stop},
    judge::{self, Got, Verdict},
    machine::Machine,
};
use strata::ops::{
    Device, TensorShape,
    dense::{self, DenseDims},
};

pub fn dense(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    // Maps are flattened in the order of their sides, as the weights' kernel is.
    case.attributes.text("x")?;
    case.attributes.must_be("weight_layout", "[out,in]")?;
    case.attributes.must_be("formula", "y = x w^T + b")?;
    let (x, w, dy) = (case.given("x")?, case.given("w")?, case.given("dy")?);
    let [k, inputs] = w.shape[..] else { return Err("the weights are no matrix".into()) };
    let dims = DenseDims { x: sides(x)?, k };
    if dims.x.features() != inputs {
        return Err(format!("{} features, weights for {inputs}", dims.x.features()).into());
    }
    let kernel = TensorShape::Kernel { dims: [k, dims.x.c, dims.x.h, dims.x.w], groups: 1 };
    let (image, output) = (TensorShape::Activation(dims.x), TensorShape::Activation(dims.y()));
    let mut m = Machine::new();
    let (xi, wi, dyi) =
        (m.real("x", image, x.f32s()?), m.real("w", kernel, w.f32s()?), m.real("dy", output, dy.f32s()?));
    let b = match case.attributes.flag("bias")? {
        Some(false) => None,
        _ => Some(m.real("b", TensorShape::Channels(k), case.given("b")?.f32s()?)),
    };
    let (y, dx, dw) = (m.result("y", output), m.result("dx", image), m.result("dw", kernel));
    let db = m.result("db", TensorShape::Channels(k));
    m.call(dense::Forward { dims, x: xi, w: wi, b, y, relu: false });
    m.call(dense::BackwardInput { dims, w: wi, dy: dyi, dx, rectified: None });
    m.call(dense::BackwardWeight { dims, x: xi, dy: dyi, dw: dw.into(), db, accumulate: false });
    let mut e = m.run(device)?;
    let results = [
        ("y", Got::new(&dy.shape, e.read_f64(y)?)),
        ("dx", Got::new(&x.shape, e.read_f64(dx)?)),
        ("dw", Got::new(&w.shape, e.read_f64(dw)?)),
        ("db", Got::new(&[k], e.read_f64(db)?)),
    ];
    judged(case, &results, |output| judge::rule_of(case, output))
}
