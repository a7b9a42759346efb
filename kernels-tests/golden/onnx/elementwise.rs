//! `Relu` and `LRN`.

use crate::golden::{
    case::{Case, Stop, skip},
    judge::{Got, Verdict, by_tolerance},
    machine::Machine,
};
use strata::{
    host::ImageDims,
    ops::{Device, TensorShape, lrn, relu},
};

pub fn relu(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    let x = case.required(0)?;
    case.all_understood()?;
    let dims = ImageDims { n: 1, c: x.shape.iter().product(), h: 1, w: 1 };
    let mut m = Machine::new();
    let y = m.real("y", TensorShape::Activation(dims), x.f32s()?);
    m.call(relu::Forward { dims, y });
    by_tolerance(case, &[Got::new(&x.shape, m.run(device)?.read_f64(y)?)])
}

pub fn lrn(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    let x = case.required(0)?;
    let number = |name: &str, default: f64| case.attributes.float(name).map(|v| v.unwrap_or(default));
    let size = case.attributes.int("size")?.ok_or("attribute size is missing")? as usize;
    let parameters =
        lrn::Lrn { size, alpha: number("alpha", 1e-4)?, beta: number("beta", 0.75)?, k: number("bias", 1.0)? };
    case.all_understood()?;
    if size.is_multiple_of(2) {
        return Err(skip("LRN: even size"));
    }
    let [n, c, ref pixels @ ..] = x.shape[..] else { return Err("the input has no channels".into()) };
    let dims = parameters.dims(ImageDims { n, c, h: pixels.iter().product(), w: 1 })?;
    let shape = TensorShape::Activation(dims.x);
    let mut m = Machine::new();
    let xi = m.real("x", shape, x.f32s()?);
    let y = m.result("y", shape);
    m.call(lrn::Forward { dims, x: xi, y });
    by_tolerance(case, &[Got::new(&x.shape, m.run(device)?.read_f64(y)?)])
}
