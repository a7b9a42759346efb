//! `Conv`.

use super::window::{outer, windows};
use crate::golden::{
    case::{Case, Stop},
    judge::{Got, Verdict, by_tolerance},
    machine::Machine,
};
use strata::ops::{Device, TensorShape, conv2d};

pub fn conv(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    let (x, w, b) = (case.required(0)?, case.required(1)?, case.slot(2));
    let kernel = w.shape.get(2..).ok_or("the weights have no window")?;
    if case.attributes.sizes("kernel_shape")?.is_some_and(|stated| stated != kernel) {
        return Err(format!("kernel_shape differs from weights of shape {:?}", w.shape).into());
    }
    let windows = windows(case, &x.shape, kernel, "Conv: three spatial dimensions")?;
    let groups = case.attributes.int("group")?.unwrap_or(1) as usize;
    let dims = conv2d::dims(windows.x, w.shape[0], windows.windows, groups)?;
    if w.shape[1] != dims.cg() {
        return Err(format!("weights of {} channels a group, expected {}", w.shape[1], dims.cg()).into());
    }
    let mut m = Machine::new();
    let xi = m.real("x", TensorShape::Activation(dims.x), x.f32s()?);
    let shape = TensorShape::Kernel { dims: [dims.k, dims.cg(), dims.r(), dims.s()], groups };
    let wi = m.real("w", shape, w.f32s()?);
    let b = match b {
        Some(b) => Some(m.real("b", TensorShape::Channels(dims.k), b.f32s()?)),
        None => None,
    };
    let y = m.result("y", TensorShape::Activation(dims.y()));
    m.call(conv2d::Forward { dims, x: xi, w: wi, b, y, relu: false });
    case.all_understood()?;
    let mut e = m.run(device)?;
    let shape = outer(windows.flat, [dims.x.n, dims.k, dims.p, dims.q]);
    by_tolerance(case, &[Got::new(&shape, e.read_f64(y)?)])
}
