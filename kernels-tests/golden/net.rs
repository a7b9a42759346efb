//! `grad_net_<k>`: whole small AlexNets. One program holds the forward pass, the backward pass down to the
//! lowest trainable layer, and the updates; the masks of dropout are given.

use super::{
    case::{Case, Named, Stop},
    judge::{self, Got, Verdict},
    machine::{Machine, column, step},
    npy::Array,
    onnx::softmax::mean_of,
};
use strata::{
    host::{ImageDims, LrnDims, PoolDims},
    ops::{
        Device, Executor, TensorId, TensorShape, conv2d,
        dense::{self, DenseDims},
        dropout::{Apply, Mask},
        lrn::{self, Lrn},
        max_pool::{self, MaxPool},
        relu,
        sgd::{Convention, Update},
        softmax_cross_entropy,
    },
};

/// The accepted relative error by norm: of losses, activations and gradients; of weights after the last step.
const FIRST_STEP: f64 = 7e-6;
const LAST_WEIGHTS: f64 = 3e-4;

/// The settings of a case.
struct Settings {
    norm_first: bool,
    ceil: bool,
    lrn: Lrn,
    channels: [usize; 5],
    outputs: [usize; 3],
    grouped: [usize; 5],
    ratio: f64,
    steps: usize,
    batch: usize,
    image: usize,
    frozen: usize,
    rate: f64,
    momentum: f64,
    decay: f64,
    bias_lr_mult: f64,
    bias_decay_mult: f64,
}

fn missing(name: &str) -> Stop {
    Stop::Fail(format!("attribute {name} is missing"))
}

impl Settings {
    fn read(case: &Case) -> Result<Self, Stop> {
        let a = &case.attributes;
        let size = |name: &str| a.int(name)?.map(|v| v as usize).ok_or_else(|| missing(name));
        let (norm, solver) = (a.inner("lrn")?, a.inner("sgd")?);
        let lrn_number = |name: &str| norm.float(name)?.ok_or_else(|| missing(name));
        let solver_number = |name: &str| solver.float(name)?.ok_or_else(|| missing(name));
        let norm_first = match a.text("order")?.as_deref() {
            Some("norm_pool") => true,
            Some("pool_norm") => false,
            other => return Err(format!("order is {other:?}").into()),
        };
        if solver.text("convention")?.as_deref() != Some("caffe") {
            return Err("the convention is not Caffe's".into());
        }
        let dropout = a.text("dropout")?.ok_or_else(|| missing("dropout"))?;
        let ratio = dropout.split_once(" on fc6, fc7, masks given").and_then(|(ratio, _)| ratio.parse().ok());
        let ratio = ratio.ok_or_else(|| Stop::Fail(format!("dropout is {dropout:?}")))?;
        let groups = a.text("groups")?.ok_or_else(|| missing("groups"))?;
        let grouped = grouped(&groups).ok_or_else(|| Stop::Fail(format!("groups is {groups:?}")))?;
        // The images are given as they enter the net; the scale tells how they were made.
        a.float("xscale")?;
        let settings = Self {
            norm_first,
            ceil: a.flag("ceil_mode")?.ok_or_else(|| missing("ceil_mode"))?,
            lrn: Lrn {
                size: lrn_number("size")? as usize,
                alpha: lrn_number("alpha")?,
                beta: lrn_number("beta")?,
                k: lrn_number("k")?,
            },
            channels: list(a.sizes("channels")?)?,
            outputs: list(a.sizes("fc")?)?,
            grouped,
            ratio,
            steps: size("steps")?,
            batch: size("batch")?,
            image: size("image")?,
            frozen: size("frozen_first_n")?,
            rate: solver_number("lr")?,
            momentum: solver_number("momentum")?,
            decay: solver_number("weight_decay")?,
            bias_lr_mult: solver_number("bias_lr_mult")?,
            bias_decay_mult: solver_number("bias_decay_mult")?,
        };
        norm.all_understood()?;
        solver.all_understood()?;
        Ok(settings)
    }
}

fn list<const N: usize>(sizes: Option<Vec<usize>>) -> Result<[usize; N], Stop> {
    let sizes = sizes.unwrap_or_default();
    <[usize; N]>::try_from(sizes).map_err(|sizes| Stop::Fail(format!("{sizes:?}, expected {N} sizes")))
}

/// The groups of the five convolutions, told as `conv2,4,5: 2`; those that are not named have one.
fn grouped(text: &str) -> Option<[usize; 5]> {
    let (layers, groups) = text.strip_prefix("conv")?.split_once(": ")?;
    let (mut all, groups) = ([1; 5], groups.parse().ok()?);
    for layer in layers.split(',') {
        *all.get_mut(layer.parse::<usize>().ok()?.checked_sub(1)?)? = groups;
    }
    Some(all)
}

/// The layer's number in a name such as `dgrad_conv2.weight`.
fn layer_of(name: &str) -> usize {
    name.chars().find_map(|c| c.to_digit(10)).unwrap_or(0) as usize
}

/// Whether a case shows a frozen layer's gradient as zero: no gradient is computed there.
fn zero_of_frozen(output: &Named, frozen: usize) -> bool {
    let frozen = output.name.starts_with("dgrad_") && layer_of(&output.name) <= frozen;
    frozen && output.array.wide().iter().all(|&v| v == 0.0)
}

/// A tensor that a name of the case stands for.
struct Shown {
    name: String,
    id: TensorId,
    shape: Vec<usize>,
}

/// A backward pass, recorded while the forward pass is laid out.
enum Back {
    Conv { layer: usize, dims: strata::host::ConvDims, x: TensorId, w: TensorId, y: TensorId },
    Dense { layer: usize, dims: DenseDims, x: TensorId, w: TensorId, y: TensorId },
    Relu { layer: usize, dims: ImageDims, y: TensorId },
    Norm { layer: usize, dims: LrnDims, x: TensorId, y: TensorId },
    Pool { layer: usize, dims: PoolDims, argmax: TensorId, x: TensorId, y: TensorId },
    Dropout { layer: usize, dims: ImageDims, mask: TensorId, y: TensorId },
}

/// The net as it is laid out.
struct Net<'a> {
    case: &'a Case,
    s: Settings,
    m: Machine,
    shown: Vec<Shown>,
    back: Vec<Back>,
    parameters: Vec<(usize, [TensorId; 2])>,
    masks: Vec<(TensorId, &'a Array)>,
    gradients: Vec<(TensorId, TensorId)>,
}

impl Net<'_> {
    fn show(&mut self, name: impl Into<String>, id: TensorId, shape: &[usize]) {
        self.shown.push(Shown { name: name.into(), id, shape: shape.to_vec() });
    }

    /// The parameters of a layer with their initial values.
    fn parameters(
        &mut self,
        name: &str,
        layer: usize,
        weight: TensorShape,
        biases: usize,
    ) -> Result<[TensorId; 2], Stop> {
        let w = self.case.given(&format!("init_{name}.weight"))?;
        let b = self.case.given(&format!("init_{name}.bias"))?;
        let ids = [
            self.m.real(&format!("{name}.weight"), weight, w.f32s()?),
            self.m.real(&format!("{name}.bias"), TensorShape::Channels(biases), b.f32s()?),
        ];
        self.show(format!("final_{name}.weight"), ids[0], &w.shape);
        self.show(format!("final_{name}.bias"), ids[1], &b.shape);
        self.parameters.push((layer, ids));
        Ok(ids)
    }

    fn conv(&mut self, layer: usize, x: TensorId, dims: ImageDims) -> Result<(TensorId, ImageDims), Stop> {
        let name = format!("conv{layer}");
        let shape = &self.case.given(&format!("init_{name}.weight"))?.shape;
        let (stride, padding) = match (layer, shape.get(2)) {
            (1, Some(11)) => (4, 0),
            (2, Some(5)) => (1, 2),
            (_, Some(3)) => (1, 1),
            _ => return Err(format!("{name} has weights of shape {shape:?}").into()),
        };
        let dims = conv2d::Conv2d {
            out_channels: self.s.channels[layer - 1],
            kernel_size: [shape[2], shape[3]],
            stride: [stride; 2],
            padding: [padding; 2],
            dilation: [1; 2],
            groups: self.s.grouped[layer - 1],
        }
        .dims(dims)?;
        let kernel = TensorShape::Kernel { dims: [dims.k, dims.cg(), dims.r(), dims.s()], groups: dims.groups };
        let [w, b] = self.parameters(&name, layer, kernel, dims.k)?;
        let out = dims.y();
        let y = self.m.result(&name, TensorShape::Activation(out));
        self.m.call(conv2d::Forward { dims, x, w, b: Some(b), y });
        self.m.call(relu::Forward { dims: out, y });
        self.show(format!("act_relu{layer}"), y, &[out.n, out.c, out.h, out.w]);
        self.back.push(Back::Conv { layer, dims, x, w, y });
        self.back.push(Back::Relu { layer, dims: out, y });
        Ok((y, out))
    }

    fn norm(&mut self, layer: usize, x: TensorId, dims: ImageDims) -> Result<(TensorId, ImageDims), Stop> {
        let norm = self.s.lrn.dims(dims)?;
        let y = self.m.result("norm", TensorShape::Activation(dims));
        self.m.call(lrn::Forward { dims: norm, x, y });
        self.show(format!("act_norm{layer}"), y, &[dims.n, dims.c, dims.h, dims.w]);
        self.back.push(Back::Norm { layer, dims: norm, x, y });
        Ok((y, dims))
    }

    fn pool(&mut self, layer: usize, x: TensorId, dims: ImageDims) -> Result<(TensorId, ImageDims), Stop> {
        let caffe = MaxPool { kernel_size: [3; 2], stride: [2; 2], padding: [0; 2], ceil_mode: self.s.ceil };
        let dims = caffe.dims(dims)?;
        let out = dims.y();
        let y = self.m.result("pool", TensorShape::Activation(out));
        let argmax = self.m.result_words("argmax", TensorShape::Activation(out));
        self.m.call(max_pool::Forward { dims, x, y, argmax });
        self.show(format!("act_pool{layer}"), y, &[out.n, out.c, out.h, out.w]);
        self.back.push(Back::Pool { layer, dims, argmax, x, y });
        Ok((y, out))
    }

    fn dense(&mut self, layer: usize, x: TensorId, dims: ImageDims) -> Result<(TensorId, ImageDims), Stop> {
        let dims = DenseDims { x: dims, k: self.s.outputs[layer - 6] };
        let kernel = TensorShape::Kernel { dims: [dims.k, dims.x.c, dims.x.h, dims.x.w], groups: 1 };
        let [w, b] = self.parameters(&format!("fc{layer}"), layer, kernel, dims.k)?;
        let out = dims.y();
        let y = self.m.result("fc", TensorShape::Activation(out));
        self.m.call(dense::Forward { dims, x, w, b: Some(b), y });
        self.back.push(Back::Dense { layer, dims, x, w, y });
        if layer == 8 {
            self.show("act_fc8", y, &[out.n, out.c]);
            return Ok((y, out));
        }
        self.m.call(relu::Forward { dims: out, y });
        self.back.push(Back::Relu { layer, dims: out, y });
        let given = self.case.given(&format!("mask_fc{layer}"))?;
        let mask = self.m.result_words("mask", TensorShape::Activation(out));
        self.masks.push((mask, given));
        self.m.call(Apply { dims: out, ratio: self.s.ratio, mask: Mask::Given(mask), x: y });
        self.show(format!("act_drop{layer}"), y, &[out.n, out.c]);
        self.back.push(Back::Dropout { layer, dims: out, mask, y });
        Ok((y, out))
    }

    /// The gradient's tensor of an activation, made when it is first asked for.
    fn gradient(&mut self, of: TensorId, dims: ImageDims) -> TensorId {
        if let Some((_, by)) = self.gradients.iter().find(|(x, _)| *x == of) {
            return *by;
        }
        let by = self.m.result("gradient", TensorShape::Activation(dims));
        self.gradients.push((of, by));
        by
    }

    /// The gradients of a layer's parameters and their updates, which wait until all gradients are computed.
    fn trained(&mut self, name: &str, layer: usize, kernel: TensorShape) -> Result<([TensorId; 2], [Update; 2]), Stop> {
        let found = self.parameters.iter().find(|(l, _)| *l == layer).map(|(_, ids)| *ids);
        let [w, b] = found.ok_or_else(|| Stop::Fail(format!("{name} has no parameters")))?;
        let [dw_shape, db_shape] = ["weight", "bias"].map(|what| self.case.given(&format!("init_{name}.{what}")));
        let biases = db_shape?.shape.clone();
        let channels = TensorShape::Channels(biases[0]);
        let gradients = [self.m.result("dw", kernel), self.m.result("db", channels)];
        self.show(format!("dgrad_{name}.weight"), gradients[0], &dw_shape?.shape.clone());
        self.show(format!("dgrad_{name}.bias"), gradients[1], &biases);
        let history = [kernel, channels].map(|shape| self.m.real("history", shape, &vec![0.0; shape.len()]));
        let (convention, momentum) = (Convention::Caffe, self.s.momentum);
        let weight = Update {
            len: kernel.len(),
            convention,
            momentum,
            decay: self.s.decay,
            lr_mult: 1.0,
            g: gradients[0],
            w,
            h: history[0],
        };
        let bias = Update {
            len: channels.len(),
            decay: self.s.decay * self.s.bias_decay_mult,
            lr_mult: self.s.bias_lr_mult,
            g: gradients[1],
            w: b,
            h: history[1],
            ..weight.clone()
        };
        Ok((gradients, [weight, bias]))
    }

    /// Lays out the backward pass, from the last operation to the lowest trainable layer, and the updates.
    fn backward(&mut self) -> Result<(), Stop> {
        // A case may show the gradients of layers that it does not train; then the pass goes on down to them.
        let shown = self.case.outputs.iter().filter(|o| o.name.starts_with("dgrad_"));
        let shown = shown.filter(|o| !zero_of_frozen(o, self.s.frozen)).map(|o| layer_of(&o.name)).min();
        let frozen = self.s.frozen.min(shown.unwrap_or(usize::MAX).saturating_sub(1));
        let mut updates: Vec<Update> = Vec::new();
        for back in std::mem::take(&mut self.back).into_iter().rev() {
            match back {
                Back::Conv { layer, dims, x, w, y } if layer > frozen => {
                    let dy = self.gradient(y, dims.y());
                    let kernel =
                        TensorShape::Kernel { dims: [dims.k, dims.cg(), dims.r(), dims.s()], groups: dims.groups };
                    let ([dw, db], both) = self.trained(&format!("conv{layer}"), layer, kernel)?;
                    updates.extend(both.into_iter().filter(|_| layer > self.s.frozen));
                    self.m.call(conv2d::BackwardWeight { dims, x, dy, dw });
                    self.m.call(conv2d::BackwardBias { dims, dy, db });
                    if layer > frozen + 1 {
                        let dx = self.gradient(x, dims.x);
                        self.m.call(conv2d::BackwardInput { dims, w, dy, dx });
                    }
                }
                Back::Dense { layer, dims, x, w, y } if layer > frozen => {
                    let dy = self.gradient(y, dims.y());
                    let kernel = TensorShape::Kernel { dims: [dims.k, dims.x.c, dims.x.h, dims.x.w], groups: 1 };
                    let ([dw, db], both) = self.trained(&format!("fc{layer}"), layer, kernel)?;
                    updates.extend(both.into_iter().filter(|_| layer > self.s.frozen));
                    self.m.call(dense::BackwardWeight { dims, x, dy, dw });
                    self.m.call(dense::BackwardBias { dims, dy, db });
                    if layer > frozen + 1 {
                        let dx = self.gradient(x, dims.x);
                        self.m.call(dense::BackwardInput { dims, w, dy, dx });
                    }
                }
                Back::Relu { layer, dims, y } if layer > frozen => {
                    let dy = self.gradient(y, dims);
                    self.m.call(relu::Backward { dims, y, dy });
                }
                Back::Dropout { layer, dims, mask, y } if layer > frozen => {
                    let x = self.gradient(y, dims);
                    self.m.call(Apply { dims, ratio: self.s.ratio, mask: Mask::Given(mask), x });
                }
                Back::Norm { layer, dims, x, y } if layer > frozen => {
                    let (dy, dx) = (self.gradient(y, dims.x), self.gradient(x, dims.x));
                    self.m.call(lrn::Backward { dims, x, dy, dx });
                }
                Back::Pool { layer, dims, argmax, x, y } if layer > frozen => {
                    let (dy, dx) = (self.gradient(y, dims.y()), self.gradient(x, dims.x));
                    self.m.call(max_pool::Backward { dims, argmax, dy, dx });
                }
                // Below the lowest trainable layer nothing is computed backward.
                _ => {}
            }
        }
        updates.into_iter().for_each(|update| self.m.call(update));
        Ok(())
    }
}

/// Runs the net's steps and judges what the case shows.
pub fn net(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    let (m, s) = (Machine::new(), Settings::read(case)?);
    let mut net = Net {
        case,
        s,
        m,
        shown: Vec::new(),
        back: Vec::new(),
        parameters: Vec::new(),
        masks: Vec::new(),
        gradients: Vec::new(),
    };
    let (images, labels) = (case.given("x")?, case.given("labels")?);
    let image = ImageDims { n: net.s.batch, c: 3, h: net.s.image, w: net.s.image };
    let x = net.m.result("x", TensorShape::Activation(image));
    let (mut at, mut dims) = (x, image);
    for layer in 1..=5 {
        (at, dims) = net.conv(layer, at, dims)?;
        if layer <= 2 && net.s.norm_first {
            (at, dims) = net.norm(layer, at, dims)?;
        }
        if [1, 2, 5].contains(&layer) {
            (at, dims) = net.pool(layer, at, dims)?;
        }
        if layer <= 2 && !net.s.norm_first {
            (at, dims) = net.norm(layer, at, dims)?;
        }
    }
    for layer in 6..=8 {
        (at, dims) = net.dense(layer, at, dims)?;
    }
    let (n, classes) = (dims.n, dims.c);
    let label = net.m.result_words("labels", column(n));
    let (loss, prob) = (net.m.result("loss", column(n)), net.m.result("prob", TensorShape::Activation(dims)));
    net.m.call(softmax_cross_entropy::Forward { n, classes, logits: at, labels: label, loss, prob });
    let dx = net.gradient(at, dims);
    net.m.call(softmax_cross_entropy::Backward { n, classes, weight: 1.0 / n as f64, prob, labels: label, dx });
    net.backward()?;
    case.all_understood()?;

    let Net { s, m, shown, masks, .. } = net;
    let mut e = m.load(device)?;
    let mut losses = Vec::new();
    let mut verdict = Verdict::default();
    for at in 0..s.steps {
        e.write(x, part(images.f32s()?, at, s.steps)?)?;
        e.write_words(label, part(&labels.words()?, at, s.steps)?)?;
        for (id, mask) in &masks {
            e.write_words(*id, part(&mask.words()?, at, s.steps)?)?;
        }
        e.run(0, &step(s.rate))?;
        losses.extend(mean_of(device, &e.read_f64(loss)?)?);
        for output in case.outputs.iter().filter(|o| !o.name.starts_with("final_") && o.name != "loss_each_step") {
            if at == 0 && !zero_of_frozen(output, s.frozen) {
                verdict.worst = verdict.worst.max(judged(&shown, &mut e, output, FIRST_STEP)?);
            }
        }
    }
    for output in &case.outputs {
        let share = if output.name == "loss_each_step" {
            judge::by_norm(&output.name, &Got::new(&[s.steps], losses.clone()), &output.array, FIRST_STEP)?
        } else if output.name.starts_with("final_") {
            judged(&shown, &mut e, output, LAST_WEIGHTS)?
        } else {
            continue;
        };
        verdict.worst = verdict.worst.max(share);
    }
    frozen_are_untouched(case, &shown, &mut e, s.frozen)?;
    if case.outputs.is_empty() {
        return Err("the case has no outputs".into());
    }
    Ok(verdict)
}

fn judged(shown: &[Shown], e: &mut Executor, output: &Named, tolerance: f64) -> Result<f64, Stop> {
    let tensor = shown.iter().find(|shown| shown.name == output.name);
    let tensor = tensor.ok_or_else(|| Stop::Fail(format!("output {} is not understood", output.name)))?;
    let got = Got::new(&tensor.shape, e.read_f64(tensor.id)?);
    judge::by_norm(&output.name, &got, &output.array, tolerance)
}

/// The parameters of frozen layers keep every bit.
fn frozen_are_untouched(case: &Case, shown: &[Shown], e: &mut Executor, frozen: usize) -> Result<(), Stop> {
    for tensor in shown {
        let Some(name) = tensor.name.strip_prefix("final_") else { continue };
        if layer_of(name) <= frozen && e.read(tensor.id)? != case.given(&format!("init_{name}"))?.f32s()? {
            return Err(format!("{name} is frozen, and changed").into());
        }
    }
    Ok(())
}

/// The values of one step.
fn part<T>(values: &[T], step: usize, steps: usize) -> Result<&[T], Stop> {
    if steps == 0 || values.len() % steps != 0 {
        return Err(format!("{} values for {steps} steps", values.len()).into());
    }
    let len = values.len() / steps;
    Ok(&values[step * len..][..len])
}
