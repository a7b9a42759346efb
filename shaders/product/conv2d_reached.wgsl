// Operand $o: the upstream gradient as the input pixels reach it. A line is an input pixel, a vector four output channels of
// the window that has the pixel under a tap, if there is one.

alias Line_$o = Spot;
alias Vector_$o = Tap;
const HOLES_$o: bool = true;

// An input pixel's first output pixel of the image, and its row and column in the padded input.
struct Spot { image: u32, h: u32, w: u32 }

fn line_$o(pixel: u32) -> Spot {
    let within = pixel % (product.h * product.w);
    return Spot(pixel / (product.h * product.w) * product.p * product.q,
        within / product.w + product.pad_h, within % product.w + product.pad_w);
}
fn vector_$o(index: u32) -> Tap { return tap_of(index, product.kr); }
fn next_vector_$o(tap: Tap) -> Tap { return next_tap(tap); }

fn divided(distance: u32, stride: u32) -> u32 {
    if stride == 1u { return distance; }
    return distance / stride;
}

fn place_$o(task: Task, spot: Spot, tap: Tap, exists: bool) -> u32 {
    // Before the first output the subtraction wraps around to a number after the last.
    let down = spot.h - tap.down;
    let right = spot.w - tap.right;
    let p = divided(down, product.stride_h);
    let q = divided(right, product.stride_w);
    let inside = (p < product.p) & (q < product.q) & (p * product.stride_h == down) & (q * product.stride_w == right);
    let at = (spot.image + p * product.q + q) * product.kp + task.group * product.kg + tap.channel;
    return select(NOWHERE, at, exists & inside);
}
