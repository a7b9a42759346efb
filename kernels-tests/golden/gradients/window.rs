//! Convolution and pooling.

use super::{judged, sides};
use crate::golden::{
    case::{Case, Stop},
    judge::{self, Got, Verdict},
    machine::Machine,
};
use strata::{
    host::Window,
    ops::{Device, TensorShape, avg_pool, conv2d, max_pool},
};

/// The windows of a case: pads are those of both sides, or above, left, below, right.
fn windows(case: &Case) -> Result<[Window; 2], Stop> {
    let pair = |name: &str, default: usize| -> Result<[usize; 2], Stop> {
        let list = case.attributes.sizes(name)?.unwrap_or_else(|| vec![default; 2]);
        <[usize; 2]>::try_from(list).map_err(|list| Stop::Fail(format!("{name} is {list:?}, expected two sizes")))
    };
    let (kernel, stride, dilation) = (pair("kernel", 0)?, pair("strides", 1)?, pair("dilations", 1)?);
    let pads = match case.attributes.sizes("pads")?.unwrap_or_else(|| vec![0; 2])[..] {
        [h, w] => [h, w, h, w],
        [top, left, bottom, right] => [top, left, bottom, right],
        ref other => return Err(format!("pads is {other:?}, expected two or four sizes").into()),
    };
    let window = |axis: usize| Window {
        kernel: kernel[axis],
        stride: stride[axis],
        dilation: dilation[axis],
        pad_begin: pads[axis],
        pad_end: pads[axis + 2],
    };
    Ok([window(0), window(1)])
}

pub fn conv2d(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    case.attributes.must_be("layout", "NCHW")?;
    case.attributes.must_be("weight_layout", "OIHW")?;
    let (x, w, dy) = (case.given("x")?, case.given("w")?, case.given("dy")?);
    let bias = case.attributes.flag("bias")?.unwrap_or(true);
    let groups = case.attributes.int("group")?.unwrap_or(1) as usize;
    let dims = conv2d::dims(sides(x)?, w.shape.first().copied().unwrap_or(0), windows(case)?, groups)?;
    let kernel_dims = [dims.k, dims.cg(), dims.r(), dims.s()];
    if w.shape != kernel_dims {
        return Err(format!("the weights have shape {:?}, expected {kernel_dims:?}", w.shape).into());
    }
    let kernel = TensorShape::Kernel { dims: kernel_dims, groups };
    let (image, output) = (TensorShape::Activation(dims.x), TensorShape::Activation(dims.y()));
    let mut m = Machine::new();
    let (xi, wi, dyi) =
        (m.real("x", image, x.f32s()?), m.real("w", kernel, w.f32s()?), m.real("dy", output, dy.f32s()?));
    let b = if bias { Some(m.real("b", TensorShape::Channels(dims.k), case.given("b")?.f32s()?)) } else { None };
    let (y, dx, dw) = (m.result("y", output), m.result("dx", image), m.result("dw", kernel));
    let db = m.result("db", TensorShape::Channels(dims.k));
    m.call(conv2d::Forward { dims, x: xi, w: wi, b, y, relu: false });
    m.call(conv2d::BackwardInput { dims, w: wi, dy: dyi, dx, plus: None, rectified: None });
    m.call(conv2d::BackwardWeight { dims, x: xi, dy: dyi, dw: dw.into(), db, biased: true, accumulate: false });
    let mut e = m.run(device)?;
    let results = [
        ("y", Got::new(&[dims.x.n, dims.k, dims.p, dims.q], e.read_f64(y)?)),
        ("dx", Got::new(&x.shape, e.read_f64(dx)?)),
        ("dw", Got::new(&w.shape, e.read_f64(dw)?)),
        ("db", Got::new(&[dims.k], e.read_f64(db)?)),
    ];
    judged(case, &results, |output| judge::rule_of(case, output))
}

pub fn max_pool(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    case.attributes
        .must_be("tie_rule", "first maximum in row-major window order gets the whole gradient (Caffe, torch)")?;
    let (x, dy) = (case.given("x")?, case.given("dy")?);
    let ceil = case.attributes.flag("ceil_mode")?.ok_or("attribute ceil_mode is missing")?;
    let dims = max_pool::dims(sides(x)?, windows(case)?, ceil)?;
    let (image, output) = (TensorShape::Activation(dims.x), TensorShape::Activation(dims.y()));
    let mut m = Machine::new();
    let (xi, dyi) = (m.real("x", image, x.f32s()?), m.real("dy", output, dy.f32s()?));
    let (y, dx, argmax) = (m.result("y", output), m.result("dx", image), m.result_words("argmax", output));
    m.call(max_pool::Forward { dims, x: xi, y, argmax });
    m.call(max_pool::Backward { dims, argmax, dy: dyi, dx, rectified: None });
    let mut e = m.run(device)?;
    let out = [dims.x.n, dims.x.c, dims.p, dims.q];
    let places = e.read_words(argmax)?.into_iter().map(f64::from).collect();
    let results = [
        ("y", Got::new(&out, e.read_f64(y)?)),
        ("dx", Got::new(&x.shape, e.read_f64(dx)?)),
        ("argmax", Got::new(&out, places)),
    ];
    judged(case, &results, |output| judge::rule_of(case, output))
}

pub fn avg_pool(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    let (x, dy) = (case.given("x")?, case.given("dy")?);
    let flag = |name: &str| -> Result<bool, Stop> {
        case.attributes.flag(name)?.ok_or_else(|| Stop::Fail(format!("attribute {name} is missing")))
    };
    let dims = avg_pool::dims(sides(x)?, windows(case)?, flag("ceil_mode")?, flag("count_include_pad")?)?;
    let (image, output) = (TensorShape::Activation(dims.pool.x), TensorShape::Activation(dims.pool.y()));
    let mut m = Machine::new();
    let (xi, dyi) = (m.real("x", image, x.f32s()?), m.real("dy", output, dy.f32s()?));
    let (y, dx) = (m.result("y", output), m.result("dx", image));
    m.call(avg_pool::Forward { dims, x: xi, y });
    m.call(avg_pool::Backward { dims, dy: dyi, dx, rectified: None });
    let mut e = m.run(device)?;
    let out = [dims.pool.x.n, dims.pool.x.c, dims.pool.p, dims.pool.q];
    let results = [("y", Got::new(&out, e.read_f64(y)?)), ("dx", Got::new(&x.shape, e.read_f64(dx)?))];
    judged(case, &results, |output| judge::rule_of(case, output))
}
