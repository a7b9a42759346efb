// Operand $o: the upstream gradient as the input pixels reach it. A line is an input pixel, a vector four output channels of
// the window that has the pixel under a tap, if there is one.

alias Line_$o = Spot;
alias Vector_$o = Tap;
alias Under_$o = Tap;
const HOLES_$o: bool = true;

// The place of the group's first channel of an input pixel's first output pixel in the image, and its row and column in
// the padded input.
struct Spot { at: u32, h: u32, w: u32 }

fn line_$o(task: Task, pixel: u32) -> Spot {
    let within = pixel % (product.h * product.w);
    let image = pixel / (product.h * product.w) * product.p * product.q;
    return Spot((image * product.kp + task.group * product.kg) / unit(),
        within / product.w + product.pad_h, within % product.w + product.pad_w);
}
fn vector_$o(index: u32) -> Tap { return tap_of(index, product.kr); }
fn vector_after_$o(tap: Tap, distance: Tap) -> Tap { return tap_after(tap, distance, product.kr); }
fn next_number_$o(tap: Tap) -> Tap { return next_channel(tap, product.kr); }
fn under_$o(tap: Tap) -> Tap { return Tap(tap.down, tap.right, tap.channel / unit(), tap.number); }
fn next_vector_$o(tap: Tap) -> Tap { return next_tap(tap); }

// The number of strides in a distance that is a whole number of them, and some number where it is none: added to 2^23, a
// quotient is rounded, and is in the lowest bits.
fn strides(distance: u32, stride: u32) -> u32 {
    return bitcast<u32>(fma(f32(distance), 1.0 / f32(stride), 8388608.0)) - 0x4b000000u;
}

fn place_$o(spot: Spot, tap: Tap) -> Place {
    // Before the first output the subtraction wraps around to a number that is no whole number of strides to an output.
    let down = spot.h - tap.down;
    let right = spot.w - tap.right;
    let p = strides(down, product.stride_h);
    let q = strides(right, product.stride_w);
    let inside = (p < product.p) & (q < product.q) & (p * product.stride_h == down) & (q * product.stride_w == right);
    return Place(spot.at + (p * product.q + q) * (product.kp / unit()) + tap.channel, inside);
}
