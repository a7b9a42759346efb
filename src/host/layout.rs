//! The executors' inner layout and its conversion from and to the outer one.
//!
//! Outside, activations are NCHW and weights OIHW. Inside, both executors keep channels last:
//! activations `[n][h][w][c]` and weights `[r][s][c / groups][k]` ("K-major"), so that both operands of
//! every product are contiguous along channels. The gpu executor pads the last axis to a multiple of
//! four, for 16-byte loads; the padding is always zero. A dense layer's weights are those of
//! a convolution whose kernel covers its whole input.

/// An inner layout: channels last, the channel axis padded to a multiple of `align`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// 1 on the native executor, 4 on the gpu executor.
    pub align: usize,
}

impl Layout {
    /// The native executor's layout: no padding.
    pub const NATIVE: Layout = Layout { align: 1 };
    /// The gpu executor's layout: channels padded to four.
    pub const VEC4: Layout = Layout { align: 4 };

    /// A channel count rounded up to this layout's alignment.
    pub const fn padded(&self, channels: usize) -> usize {
        channels.div_ceil(self.align) * self.align
    }

    /// The stored input channels of a kernel: padded without groups, exact with them, because a group's
    /// channels must stay adjacent to the next group's as they are in the activation.
    pub const fn kernel_channels(&self, cg: usize, groups: usize) -> usize {
        if groups == 1 { self.padded(cg) } else { cg }
    }

    /// Elements of an activation.
    pub const fn activation_len(&self, [n, c, h, w]: [usize; 4]) -> usize {
        n * h * w * self.padded(c)
    }

    /// Elements of a kernel of `k` output channels, `cg` input channels a group, `r` x `s` taps.
    pub const fn kernel_len(&self, [k, cg, r, s]: [usize; 4], groups: usize) -> usize {
        r * s * self.kernel_channels(cg, groups) * self.padded(k)
    }

    /// Writes an NCHW activation into channels-last order; padding becomes zero.
    pub fn pack_activation<T: Copy + Default>(&self, [n, c, h, w]: [usize; 4], nchw: &[T]) -> Vec<T> {
        let cp = self.padded(c);
        let mut inner = vec![T::default(); n * h * w * cp];
        for ni in 0..n {
            for ci in 0..c {
                let plane = &nchw[(ni * c + ci) * h * w..][..h * w];
                for (pixel, &value) in plane.iter().enumerate() {
                    inner[(ni * h * w + pixel) * cp + ci] = value;
                }
            }
        }
        inner
    }

    /// Reads a channels-last activation back into NCHW order.
    pub fn unpack_activation<T: Copy + Default>(&self, [n, c, h, w]: [usize; 4], inner: &[T]) -> Vec<T> {
        let cp = self.padded(c);
        let mut nchw = vec![T::default(); n * c * h * w];
        for ni in 0..n {
            for ci in 0..c {
                let plane = &mut nchw[(ni * c + ci) * h * w..][..h * w];
                for (pixel, value) in plane.iter_mut().enumerate() {
                    *value = inner[(ni * h * w + pixel) * cp + ci];
                }
            }
        }
        nchw
    }

    /// Writes an OIHW kernel into `[r][s][c][k]` order; padding becomes zero.
    pub fn pack_kernel<T: Copy + Default>(&self, dims: [usize; 4], groups: usize, oihw: &[T]) -> Vec<T> {
        let mut inner = vec![T::default(); self.kernel_len(dims, groups)];
        self.each_kernel_element(dims, groups, |outer, within| inner[within] = oihw[outer]);
        inner
    }

    /// Reads a `[r][s][c][k]` kernel back into OIHW order.
    pub fn unpack_kernel<T: Copy + Default>(&self, dims: [usize; 4], groups: usize, inner: &[T]) -> Vec<T> {
        let mut oihw = vec![T::default(); dims.iter().product()];
        self.each_kernel_element(dims, groups, |outer, within| oihw[outer] = inner[within]);
        oihw
    }

    fn each_kernel_element(&self, [k, cg, r, s]: [usize; 4], groups: usize, mut visit: impl FnMut(usize, usize)) {
        let (cp, kp) = (self.kernel_channels(cg, groups), self.padded(k));
        for ki in 0..k {
            for ci in 0..cg {
                for ri in 0..r {
                    for si in 0..s {
                        visit(((ki * cg + ci) * r + ri) * s + si, ((ri * s + si) * cp + ci) * kp + ki);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_and_unpacking_an_activation_gives_it_back() {
        let dims = [2, 3, 2, 5];
        let outer: Vec<f32> = (0..60).map(|i| i as f32).collect();
        for layout in [Layout::NATIVE, Layout::VEC4] {
            let inner = layout.pack_activation(dims, &outer);
            assert_eq!(inner.len(), layout.activation_len(dims));
            assert_eq!(layout.unpack_activation(dims, &inner), outer);
        }
        let inner = Layout::VEC4.pack_activation(dims, &outer);
        assert_eq!(&inner[..8], &[0.0, 10.0, 20.0, 0.0, 1.0, 11.0, 21.0, 0.0]);
    }

    #[test]
    fn packing_and_unpacking_a_kernel_gives_it_back() {
        for groups in [1, 2] {
            let dims = [6, 3, 2, 4];
            let outer: Vec<f32> = (0..144).map(|i| i as f32).collect();
            for layout in [Layout::NATIVE, Layout::VEC4] {
                let inner = layout.pack_kernel(dims, groups, &outer);
                assert_eq!(inner.len(), layout.kernel_len(dims, groups));
                assert_eq!(layout.unpack_kernel(dims, groups, &inner), outer);
            }
        }
    }
}
