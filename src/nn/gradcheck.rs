//! The gradients of a whole net on a device against those of the reference in `f64`, and these against central
//! differences of the loss: what the operations' own checks cannot see is how a net puts them together.

use super::{BuildOptions, Net, NetDef, NnError, Param, Tape};
use crate::{
    host::Stream,
    ops::{
        Device, Executor, Step,
        check::{Line, ROUNDING, Summary},
    },
};

/// The accepted error of a gradient, as a share of its norm: 256 roundings of single precision. Correct gradients of
/// nets of five to 45 layers stay below 25; a term that is missing changes one by a large part of it.
const LIMIT: f64 = 256.0 * ROUNDING;
/// The accepted error of the reference against central differences, as a share of the derivative.
const CENTRAL_LIMIT: f64 = 1e-5;
/// The step of central differences, as a share of the parameter's root mean square: so small that hardly any rectifier
/// changes its mind within it.
const STEP: f64 = 1e-6;

/// A loaded net with its weights, images and labels.
struct Loaded {
    net: Net,
    executor: Executor,
}

fn stream(purpose: &str) -> Stream {
    Stream::named(&format!("gradcheck/{purpose}"))
}

/// Rate 0, so that weights stay what they are.
fn step() -> Step {
    Step { iteration: 0, rate: 0.0, dropout: stream("dropout"), first_image: 0 }
}

impl Loaded {
    fn new(def: &NetDef, batch: usize, device: &Device) -> Result<Self, NnError> {
        let net = Net::build(def, BuildOptions { keep_gradients: true, weight_decay: 0.0, ..BuildOptions::of(batch) })?;
        let mut executor = Executor::load(device, net.program.clone())?;
        net.initialise(&mut executor, stream)?;
        for param in net.params.iter().filter(|param| param.is_bias()) {
            executor.write(param.w, &stream(&param.name).normal(param.shape[0], 0.1))?;
        }
        let features: usize = def.input.iter().product();
        executor.write(net.x, &stream("images").normal(batch * features, 1.0))?;
        let labels: Vec<u32> = (0..batch).map(|image| (image % net.classes()) as u32).collect();
        executor.write_words(net.labels, &labels)?;
        Ok(Self { net, executor })
    }

    fn gradient(&mut self, param: &Param) -> Result<Vec<f64>, NnError> {
        Ok(match param.g {
            Some(gradient) => self.executor.read_f64(gradient)?,
            None => Vec::new(),
        })
    }

    /// The mean loss where a parameter has moved along a direction.
    fn loss_at(&mut self, param: &Param, values: &[f64], along: &[f64], by: f64) -> Result<f64, NnError> {
        let moved: Vec<f64> = values.iter().zip(along).map(|(value, along)| value + by * along).collect();
        self.executor.write_f64(param.w, &moved)?;
        self.executor.run(Tape::Train, &step())?;
        let losses = self.executor.read_f64(self.net.loss)?;
        Ok(losses.iter().sum::<f64>() / losses.len() as f64)
    }

    /// The relative error of a gradient against `(4 D(h / 2) - D(h)) / 3` along a direction of random signs, D(h) being
    /// the central difference of step h.
    fn central(&mut self, param: &Param, gradient: &[f64]) -> Result<f64, NnError> {
        let values = self.executor.read_f64(param.w)?;
        let signs = stream(&format!("signs of {}", param.name));
        let sign = |i: usize| if signs.words(i as u64, 0)[0] >> 31 == 0 { 1.0 } else { -1.0 };
        let along: Vec<f64> = (0..values.len()).map(sign).collect();
        let h = STEP * (values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64).sqrt().max(1e-3);
        let mut difference = |h: f64| -> Result<f64, NnError> {
            Ok((self.loss_at(param, &values, &along, h)? - self.loss_at(param, &values, &along, -h)?) / (2.0 * h))
        };
        let numeric = (4.0 * difference(0.5 * h)? - difference(h)?) / 3.0;
        self.executor.write_f64(param.w, &values)?;
        let exact: f64 = gradient.iter().zip(&along).map(|(g, along)| g * along).sum();
        // Where terms cancel, they and not their sum say how exact a difference can be.
        let scale = exact.abs().max(gradient.iter().map(|g| g * g).sum::<f64>().sqrt());
        Ok(if scale > 0.0 { (numeric - exact).abs() / scale } else { numeric.abs() })
    }
}

/// Checks the gradient of every parameter of a net over a batch of random images, and reports a line for each.
///
/// # Errors
/// A net that cannot be built, or an error of the device; a wrong gradient is a line that is not `ok`.
pub fn gradcheck(
    def: &NetDef,
    batch: usize,
    device: &Device,
    mut report: impl FnMut(&Line),
) -> Result<Summary, NnError> {
    let [mut loaded, mut reference] = [Loaded::new(def, batch, device)?, Loaded::new(def, batch, &Device::Reference)?];
    for one in [&mut loaded, &mut reference] {
        one.executor.run(Tape::Train, &step())?;
    }
    let mut summary = Summary::default();
    let params = loaded.net.params.clone();
    let learned = params.iter().filter(|param| param.h.is_some());
    // All are read before the first difference runs other steps.
    let mut gradients = Vec::new();
    for param in learned {
        gradients.push((param, loaded.gradient(param)?, reference.gradient(param)?));
    }
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    for (param, got, want) in gradients {
        let off = norm(&mut got.iter().zip(&want).map(|(got, want)| got - want));
        let share = off / norm(&mut want.iter().copied()).max(f64::MIN_POSITIVE);
        let central = reference.central(param, &want)?;
        let mut complaints = Vec::new();
        if share.is_nan() || share > LIMIT {
            complaints
                .push(format!("{}: the gradient is off by {share:e} of its norm, accepted {LIMIT:e}", param.name));
        }
        if central.is_nan() || central > CENTRAL_LIMIT {
            complaints.push(format!("the reference differs from central differences by {central:e} relative"));
        }
        let line = Line {
            op: "net",
            configuration: format!("{}, {batch} images: {} {:?}", def.name, param.name, param.shape),
            passes: vec!["train"],
            worst: format!("d({})", param.name),
            error: share / ROUNDING,
            limit: LIMIT / ROUNDING,
            central_difference: Some(central),
            ok: complaints.is_empty(),
            complaint: if complaints.is_empty() { None } else { Some(complaints.join("; ")) },
        };
        report(&line);
        summary.count(&line);
    }
    Ok(summary)
}
