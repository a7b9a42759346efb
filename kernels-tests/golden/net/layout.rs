//! The forward pass, layer by layer, with what the backward pass will need.

use super::settings::Settings;
use crate::golden::{
    case::{Case, Stop},
    machine::Machine,
    npy::Array,
};
use strata::{
    host::{ConvDims, ImageDims, LrnDims, PoolDims},
    ops::{
        TensorId, TensorShape, conv2d,
        dense::{self, DenseDims},
        dropout::{Apply, Mask},
        lrn,
        max_pool::{self, MaxPool},
    },
};

/// A tensor that a name of the case stands for.
pub struct Shown {
    pub name: String,
    pub id: TensorId,
    pub shape: Vec<usize>,
}

/// A backward pass, recorded while the forward pass is laid out.
pub enum Back {
    Conv { layer: usize, dims: ConvDims, x: TensorId, w: TensorId, y: TensorId },
    Dense { layer: usize, dims: DenseDims, x: TensorId, w: TensorId, y: TensorId },
    Norm { layer: usize, dims: LrnDims, x: TensorId, y: TensorId },
    Pool { layer: usize, dims: PoolDims, argmax: TensorId, x: TensorId, y: TensorId },
    Dropout { layer: usize, dims: ImageDims, mask: TensorId, y: TensorId },
}

/// The net as it is laid out.
pub struct Net<'a> {
    pub case: &'a Case,
    pub s: Settings,
    pub m: Machine,
    pub shown: Vec<Shown>,
    pub back: Vec<Back>,
    pub parameters: Vec<(usize, [TensorId; 2])>,
    pub masks: Vec<(TensorId, &'a Array)>,
    pub gradients: Vec<(TensorId, TensorId)>,
    /// The tensors that rectifiers have written, in place dropout or not.
    pub rectified: Vec<TensorId>,
}

impl Net<'_> {
    pub fn show(&mut self, name: impl Into<String>, id: TensorId, shape: &[usize]) {
        self.shown.push(Shown { name: name.into(), id, shape: shape.to_vec() });
    }

    /// The parameters of a layer with their initial values.
    pub fn parameters(
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

    pub fn conv(&mut self, layer: usize, x: TensorId, dims: ImageDims) -> Result<(TensorId, ImageDims), Stop> {
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
        self.m.call(conv2d::Forward { dims, x, w, b: Some(b), y, relu: true });
        self.rectified.push(y);
        self.show(format!("act_relu{layer}"), y, &[out.n, out.c, out.h, out.w]);
        self.back.push(Back::Conv { layer, dims, x, w, y });
        Ok((y, out))
    }

    pub fn norm(&mut self, layer: usize, x: TensorId, dims: ImageDims) -> Result<(TensorId, ImageDims), Stop> {
        let norm = self.s.lrn.dims(dims)?;
        let y = self.m.result("norm", TensorShape::Activation(dims));
        self.m.call(lrn::Forward { dims: norm, x, y });
        self.show(format!("act_norm{layer}"), y, &[dims.n, dims.c, dims.h, dims.w]);
        self.back.push(Back::Norm { layer, dims: norm, x, y });
        Ok((y, dims))
    }

    pub fn pool(&mut self, layer: usize, x: TensorId, dims: ImageDims) -> Result<(TensorId, ImageDims), Stop> {
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

    pub fn dense(&mut self, layer: usize, x: TensorId, dims: ImageDims) -> Result<(TensorId, ImageDims), Stop> {
        let dims = DenseDims { x: dims, k: self.s.outputs[layer - 6] };
        let kernel = TensorShape::Kernel { dims: [dims.k, dims.x.c, dims.x.h, dims.x.w], groups: 1 };
        let [w, b] = self.parameters(&format!("fc{layer}"), layer, kernel, dims.k)?;
        let out = dims.y();
        let y = self.m.result("fc", TensorShape::Activation(out));
        self.m.call(dense::Forward { dims, x, w, b: Some(b), y, relu: layer < 8 });
        self.back.push(Back::Dense { layer, dims, x, w, y });
        if layer == 8 {
            self.show("act_fc8", y, &[out.n, out.c]);
            return Ok((y, out));
        }
        self.rectified.push(y);
        let given = self.case.given(&format!("mask_fc{layer}"))?;
        let mask = self.m.result_words("mask", TensorShape::Activation(out));
        self.masks.push((mask, given));
        self.m.call(Apply { dims: out, ratio: self.s.ratio, mask: Mask::Given(mask), x: y });
        self.show(format!("act_drop{layer}"), y, &[out.n, out.c]);
        self.back.push(Back::Dropout { layer, dims: out, mask, y });
        Ok((y, out))
    }
}
