//! `grad_<op>_<k>`: forward and backward passes of one operation.

use super::{
    case::{Case, Stop, skip},
    judge::{self, Got, Verdict},
    machine::{Machine, column, map, step},
    npy::Array,
    onnx::softmax::{Rows, mean_of, weighted},
};
use strata::{
    host::{ImageDims, Window},
    ops::{
        Device, TensorShape,
        check::Rule,
        conv2d,
        dense::{self, DenseDims},
        dropout, lrn, max_pool, relu,
        sgd::{self, Convention},
        softmax_cross_entropy,
    },
};

/// Four sides of an activation; a matrix is one pixel an image.
pub fn sides(array: &Array) -> Result<ImageDims, Stop> {
    match array.shape[..] {
        [n, c, h, w] => Ok(ImageDims { n, c, h, w }),
        [n, c] => Ok(ImageDims { n, c, h: 1, w: 1 }),
        _ => Err(format!("shape {:?}, expected two or four sides", array.shape).into()),
    }
}

/// Judges every output of a case by its name; `scale` of a normalisation is skipped.
fn judged(case: &Case, results: &[(&str, Got)], rule: impl Fn(&super::case::Named) -> Rule) -> Result<Verdict, Stop> {
    case.all_understood()?;
    let mut verdict = Verdict::default();
    for output in &case.outputs {
        if case.op == "lrn" && output.name == "scale" {
            if !matches!(skip("lrn: the output scale"), Stop::Skip(_)) {
                return Err("the output scale is not in the table".into());
            }
            verdict.skipped_outputs += 1;
            continue;
        }
        let result = results.iter().find(|(name, _)| *name == output.name);
        let (name, got) = result.ok_or_else(|| Stop::Fail(format!("output {} is not understood", output.name)))?;
        verdict.worst = verdict.worst.max(judge::by_rule(name, got, &output.array, &rule(output))?);
        judge::exact_zeros(case, output, got)?;
    }
    if case.outputs.len() == verdict.skipped_outputs {
        return Err("the case has no outputs".into());
    }
    Ok(verdict)
}

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
    m.call(conv2d::Forward { dims, x: xi, w: wi, b, y });
    m.call(conv2d::BackwardInput { dims, w: wi, dy: dyi, dx });
    m.call(conv2d::BackwardWeight { dims, x: xi, dy: dyi, dw });
    m.call(conv2d::BackwardBias { dims, dy: dyi, db });
    let mut e = m.run(device)?;
    let results = [
        ("y", Got::new(&[dims.x.n, dims.k, dims.p, dims.q], e.read_f64(y)?)),
        ("dx", Got::new(&x.shape, e.read_f64(dx)?)),
        ("dw", Got::new(&w.shape, e.read_f64(dw)?)),
        ("db", Got::new(&[dims.k], e.read_f64(db)?)),
    ];
    judged(case, &results, |output| judge::rule_of(case, output))
}

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
    m.call(dense::Forward { dims, x: xi, w: wi, b, y });
    m.call(dense::BackwardInput { dims, w: wi, dy: dyi, dx });
    m.call(dense::BackwardWeight { dims, x: xi, dy: dyi, dw });
    m.call(dense::BackwardBias { dims, dy: dyi, db });
    let mut e = m.run(device)?;
    let results = [
        ("y", Got::new(&dy.shape, e.read_f64(y)?)),
        ("dx", Got::new(&x.shape, e.read_f64(dx)?)),
        ("dw", Got::new(&w.shape, e.read_f64(dw)?)),
        ("db", Got::new(&[k], e.read_f64(db)?)),
    ];
    judged(case, &results, |output| judge::rule_of(case, output))
}

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
    m.call(lrn::Backward { dims, x: xi, dy: dyi, dx });
    let mut e = m.run(device)?;
    let results = [("y", Got::new(&x.shape, e.read_f64(y)?)), ("dx", Got::new(&x.shape, e.read_f64(dx)?))];
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
    m.call(max_pool::Backward { dims, argmax, dy: dyi, dx });
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

pub fn softmax_ce(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    let mean = match case.attributes.text("reduction")?.as_deref() {
        Some("mean") => true,
        Some("sum") => false,
        other => return Err(format!("reduction is {other:?}").into()),
    };
    case.attributes.text("formula")?;
    if case.attributes.int("ignore_index")?.is_some() {
        return Err(skip("SoftmaxCrossEntropyLoss: ignore_index"));
    }
    if case.attributes.int("axis")?.is_some_and(|axis| axis != 1) {
        return Err("the classes are on another axis than 1".into());
    }
    let (x, labels, dy) = (case.given("x")?, case.given("labels")?, case.given("dy")?.scalar()?);
    // The upstream gradient stands twice: as it was chosen, and rounded as an input.
    let upstream = case.attributes.float("upstream")?.unwrap_or(dy);
    if f64::from(upstream as f32) != dy {
        return Err(format!("upstream is {upstream}, dy {dy}").into());
    }
    if x.shape.len() < 2 {
        return Err("the logits have no classes".into());
    }
    let rows = Rows::along(&x.shape, 1);
    let (n, classes) = (rows.count(), rows.classes);
    let weight = if mean { upstream / n as f64 } else { upstream };
    let shape = map(n, classes, 1, 1);
    let mut m = Machine::new();
    let logits = m.real("x", shape, &rows.gather(x.f32s()?));
    let labels = m.word("labels", column(n), &labels.words()?);
    let (loss, prob, dx) = (m.result("loss", column(n)), m.result("prob", shape), m.result("dx", shape));
    m.call(softmax_cross_entropy::Forward { n, classes, logits, labels, loss, prob });
    m.call(softmax_cross_entropy::Backward { n, classes, weight, prob, labels, dx });
    let mut e = m.run(device)?;
    let losses = e.read_f64(loss)?;
    let total = if mean { mean_of(device, &losses)? } else { weighted(device, &losses, 1.0)? };
    let results = [
        ("loss", Got::new(&[1], total)),
        ("prob", Got::new(&x.shape, rows.scatter(&e.read_f64(prob)?))),
        ("dx", Got::new(&x.shape, rows.scatter(&e.read_f64(dx)?))),
    ];
    judged(case, &results, |output| judge::rule_of(case, output))
}

pub fn sgd(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    let a = &case.attributes;
    for told in ["formula", "lr", "gamma", "stepsize"] {
        // The rates of the steps are listed; these say where they come from.
        a.get(told);
    }
    let convention = match a.text("convention")?.as_deref() {
        Some("caffe") => Convention::Caffe,
        Some("torch" | "pytorch") => Convention::Pytorch,
        other => return Err(format!("convention is {other:?}").into()),
    };
    if a.flag("nesterov")?.unwrap_or(false) {
        return Err(skip("sgd: nesterov"));
    }
    if a.float("dampening")?.unwrap_or(0.0) != 0.0 {
        return Err(skip("sgd: dampening"));
    }
    let number = |name: &str, default: f64| a.float(name).map(|v| v.unwrap_or(default));
    let (momentum, lr_mult) = (number("momentum", 0.0)?, number("lr_mult", 1.0)?);
    let decay = number("weight_decay", 0.0)? * number("decay_mult", 1.0)?;
    let rates = a.floats("lrs")?.ok_or("attribute lrs is missing")?;
    let (weights, gradients) = (case.given("w")?, case.given("g")?);
    let len = weights.f32s()?.len();
    if gradients.shape.first() != Some(&rates.len()) || gradients.f32s()?.len() != len * rates.len() {
        return Err(format!("{} rates, gradients of shape {:?}", rates.len(), gradients.shape).into());
    }
    let shape = TensorShape::Channels(len);
    let mut m = Machine::new();
    let (w, h) = (m.real("w", shape, weights.f32s()?), m.real("h", shape, &vec![0.0; len]));
    for (at, g) in gradients.f32s()?.chunks_exact(len).enumerate() {
        if at > 0 {
            m.next_tape();
        }
        let g = m.real("g", shape, g);
        m.call(sgd::Update { len, convention, momentum, decay, lr_mult, g, w, h });
    }
    let mut e = m.load(device)?;
    let mut after = Vec::new();
    for (tape, &rate) in rates.iter().enumerate() {
        e.run(tape, &step(rate))?;
        after.extend(e.read_f64(w)?);
    }
    let results = [
        ("w_after_each_step", Got::new(&gradients.shape, after)),
        ("velocity", Got::new(&weights.shape, e.read_f64(h)?)),
    ];
    judged(case, &results, |_| Rule::Update)
}
