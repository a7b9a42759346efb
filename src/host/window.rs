//! A sliding window along one axis, as convolution and pooling share it.

/// A window of `kernel` taps, `dilation` apart, moved in steps of `stride` over an axis that is
/// extended by `pad_begin` and `pad_end` positions.
///
/// Output position `p` and tap `r` look at input position `p * stride + r * dilation - pad_begin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The number of taps.
    pub kernel: usize,
    /// The step between two output positions.
    pub stride: usize,
    /// The distance between two taps.
    pub dilation: usize,
    /// Positions added in front of the axis.
    pub pad_begin: usize,
    /// Positions added after the axis.
    pub pad_end: usize,
}

impl Window {
    /// A window with equal padding on both sides and adjacent taps.
    pub const fn new(kernel: usize, stride: usize, padding: usize) -> Self {
        Self { kernel, stride, dilation: 1, pad_begin: padding, pad_end: padding }
    }

    /// The span from the first to the last tap: `dilation * (kernel - 1) + 1`.
    pub const fn extent(&self) -> usize {
        self.dilation * (self.kernel - 1) + 1
    }

    /// The number of output positions over `input` positions, or `None` where no window fits
    /// or a field that must be positive is zero.
    ///
    /// Floor mode gives `floor((input + pads - extent) / stride) + 1`. Ceil mode rounds up instead,
    /// and drops a last window that would begin at or after `input + pad_begin`, so that no window
    /// lies wholly in the padding (Caffe's `pooling_layer.cpp`, PyTorch's `pooling_output_shape`).
    /// A window that sticks out of a short input by less than a stride counts in ceil mode, as in both.
    pub const fn outputs(&self, input: usize, ceil: bool) -> Option<usize> {
        if self.kernel == 0 || self.stride == 0 || self.dilation == 0 || input == 0 {
            return None;
        }
        let padded = input + self.pad_begin + self.pad_end;
        let slack = if ceil { self.stride - 1 } else { 0 };
        if padded + slack < self.extent() {
            return None;
        }
        let outputs = (padded + slack - self.extent()) / self.stride + 1;
        if !ceil {
            return Some(outputs);
        }
        if (outputs - 1) * self.stride >= input + self.pad_begin { Some(outputs - 1) } else { Some(outputs) }
    }

    /// The input position of a tap, or `None` where it lies in the padding.
    pub const fn position(&self, output: usize, tap: usize, input: usize) -> Option<usize> {
        let at = output * self.stride + tap * self.dilation;
        if at < self.pad_begin || at - self.pad_begin >= input { None } else { Some(at - self.pad_begin) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caffe_pooling_of_32_with_3_by_2_gives_16_and_pytorch_floor_gives_15() {
        assert_eq!(Window::new(3, 2, 0).outputs(32, true), Some(16));
        assert_eq!(Window::new(3, 2, 0).outputs(32, false), Some(15));
    }

    #[test]
    fn a_window_that_would_begin_past_the_input_is_dropped() {
        assert_eq!(Window::new(1, 2, 0).outputs(2, true), Some(1));
        assert_eq!(Window::new(2, 2, 1).outputs(3, true), Some(2));
    }

    #[test]
    fn ceil_mode_keeps_a_window_that_sticks_out_of_a_short_input_by_less_than_a_stride() {
        assert_eq!(Window::new(3, 2, 0).outputs(2, true), Some(1));
        assert_eq!(Window::new(3, 2, 0).outputs(1, true), None);
        assert_eq!(Window::new(3, 2, 0).outputs(2, false), None);
    }

    #[test]
    fn a_window_larger_than_its_padded_input_has_no_output() {
        assert_eq!(Window::new(5, 1, 1).outputs(2, false), None);
        assert_eq!(Window::new(0, 1, 1).outputs(2, false), None);
    }

    #[test]
    fn taps_in_the_padding_have_no_position() {
        let window = Window { kernel: 3, stride: 2, dilation: 2, pad_begin: 1, pad_end: 1 };
        assert_eq!(window.position(0, 0, 9), None);
        assert_eq!(window.position(0, 1, 9), Some(1));
        assert_eq!(window.position(3, 2, 9), None);
    }
}
