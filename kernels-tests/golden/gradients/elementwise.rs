//! The rectifier, normalisation and dropout.

use super::{judged, sides};
use crate::golden::{
    case::{Case, Stop, skip},
    judge::{self, Got, Verdict},
    machine::Machine,
    npy::Array,
};
use strata::{
    host::ImageDims,
    ops::{Device, TensorShape, check::Rule, dropout, lrn, relu},
};

/// An activation of any shape, for operations on single elements.
fn flat(array: &Array) -> ImageDims {
    ImageDims { n: 1, c: array.shape.iter().product(), h: 1, w: 1 }
}

pub fn relu(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    case.attributes.must_be("rule", "dx = dy where x > 0 else 0 (gradient at exactly 0 is 0)")?;
    let (x, dy) = (case.given("x")?, case.given("dy")?);
    let dims = sides(x).unwrap_or_else(|_| flat(x));
    let mut m = Machine::new();
    let y = m.real("y", TensorShape::Activation(dims), x.f32s()?);
    let dx = m.real("dx", TensorShape::Activation(dims), dy.f32s()?);
    m.call(relu::Forward { dims, y });
    m.call(relu::Backward { dims, y, dy: dx });
    let mut e = m.run(device)?;
    let results = [("y", Got::new(&x.shape, e.read_f64(y)?)), ("dx", Got::new(&x.shape, e.read_f64(dx)?))];
    judged(case, &results, |_| Rule::Exact)
}

pub fn lrn(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    case.attributes.must_be("formula", "scale=k+alpha/size*sum_{|j|<=size/2} x_{c+j}^2 ; y=x*scale^-beta")?;
    let (x, dy) = (case.given("x")?, case.given("dy")?);
    let number = |name: &str| -> Result<f64, Stop> {
        case.attributes.float(name)?.ok_or_else(|| Stop::Fail(format!("attribute {name} is missing")))
    };
    let size = number("size")? as usize;
    let parameters = lrn::Lrn { size, alpha: number("alpha")?, beta: number("beta")?, k: number("k")? };
    if size.is_multiple_of(2) {
        return Err(skip("LRN: even size"));
    }
    let dims = parameters.dims(sides(x)?)?;
    let shape = TensorShape::Activation(dims.x);
    let mut m = Machine::new();
    let (xi, dyi) = (m.real("x", shape, x.f32s()?), m.real("dy", shape, dy.f32s()?));
    let (y, dx) = (m.result("y", shape), m.result("dx", shape));
    m.call(lrn::Forward { dims, x: xi, y });
    m.call(lrn::Backward { dims, x: xi, dy: dyi, dx, rectified: false });
    let mut e = m.run(device)?;
    let results = [("y", Got::new(&x.shape, e.read_f64(y)?)), ("dx", Got::new(&x.shape, e.read_f64(dx)?))];
    judged(case, &results, |output| judge::rule_of(case, output))
}

pub fn dropout(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    case.attributes.must_be("scale", "1/(1-ratio) at training time (Caffe, torch)")?;
    let ratio = case.attributes.float("ratio")?.ok_or("attribute ratio is missing")?;
    let (x, dy) = (case.given("x")?, case.given("dy")?);
    let dims = sides(x).unwrap_or_else(|_| flat(x));
    let shape = TensorShape::Activation(dims);
    let mut m = Machine::new();
    let (y, dx) = (m.real("y", shape, x.f32s()?), m.real("dx", shape, dy.f32s()?));
    let mask = dropout::Mask::Given(m.word("mask", shape, &case.given("mask")?.words()?));
    m.call(dropout::Apply { dims, ratio, mask, x: y });
    m.call(dropout::Apply { dims, ratio, mask, x: dx });
    let mut e = m.run(device)?;
    let results = [("y", Got::new(&x.shape, e.read_f64(y)?)), ("dx", Got::new(&x.shape, e.read_f64(dx)?))];
    // The product is rounded once, and its factor once more where single precision does not hold it.
    let factor = 1.0 / (1.0 - ratio);
    let roundings = if f64::from(factor as f32) == factor { 1.0 } else { 2.0 };
    judged(case, &results, |_| Rule::Roundings(roundings))
}
