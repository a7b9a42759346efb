// Operand $o: the input as the windows see it. A line is an output pixel, a vector four channels under a tap.

alias Line_$o = Corner;
alias Vector_$o = Tap;
const HOLES_$o: bool = true;

// Where the window of an output pixel begins: its image's first pixel, and its top and left. In the padding these are
// numbers below zero, which wrap around to rows and columns that no image has.
struct Corner { image: u32, top: u32, left: u32 }

fn line_$o(pixel: u32) -> Corner {
    let within = pixel % (product.p * product.q);
    return Corner(pixel / (product.p * product.q) * product.h * product.w,
        within / product.q * product.stride_h - product.pad_h, within % product.q * product.stride_w - product.pad_w);
}
fn vector_$o(index: u32) -> Tap { return tap_of(index, product.stored); }
fn place_$o(task: Task, corner: Corner, tap: Tap, exists: bool) -> u32 {
    let h = corner.top + tap.down;
    let w = corner.left + tap.right;
    let at = (corner.image + h * product.w + w) * product.cp + task.group * product.cg + tap.channel;
    return select(NOWHERE, at, exists & (h < product.h) & (w < product.w));
}

// A stretch of lines is an image.
fn line_of_stretch_$o(image: u32) -> Corner {
    return Corner(image * product.h * product.w, 0u - product.pad_h, 0u - product.pad_w);
}
fn next_line_$o(corner: Corner) -> Corner {
    let left = corner.left + product.stride_w;
    let wraps = left == product.q * product.stride_w - product.pad_w;
    return Corner(corner.image, corner.top + select(0u, product.stride_h, wraps), select(left, 0u - product.pad_w, wraps));
}
fn next_vector_$o(tap: Tap) -> Tap { return next_tap(tap); }
