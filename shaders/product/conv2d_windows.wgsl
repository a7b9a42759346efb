// Operand $o: the input as the windows see it. A line is an output pixel, a vector four channels under a tap.

alias Line_$o = Corner;
alias Lines_$o = vec3<u32>;
alias Vector_$o = Tap;
alias Under_$o = Channels;
const HOLES_$o: bool = true;

// Where the window of an output pixel begins: the place of the group's first channel, and the top and left in the padded
// input. Places in the padding wrap around.
struct Corner { at: u32, top: u32, left: u32 }
// The channels under a tap: their place from that of the corner, and how far below and to the right they are.
struct Channels { at: u32, down: u32, right: u32 }

fn corner_$o(task: Task, distance: vec3<u32>) -> Corner {
    let padding = (product.pad_h * product.w + product.pad_w) * product.cp / unit();
    return Corner(distance.x + task.group * product.cg / unit() - padding, distance.y, distance.z);
}
fn line_$o(task: Task, pixel: u32) -> Corner { return corner_$o(task, lines_$o(pixel)); }
// The distance from the first output pixel to another one: in memory, down, and to the right.
fn lines_$o(pixel: u32) -> vec3<u32> {
    let within = pixel % (product.p * product.q);
    let top = within / product.q * product.stride_h;
    let left = within % product.q * product.stride_w;
    let image = pixel / (product.p * product.q) * product.h;
    return vec3<u32>(((image + top) * product.w + left) * product.cp / unit(), top, left);
}
// The output pixel at a distance. A row of them ends at most once within it, and so does an image.
fn line_after_$o(corner: Corner, distance: vec3<u32>) -> Corner {
    let across = product.q * product.stride_w;
    let down = product.p * product.stride_h;
    let left = corner.left + distance.z;
    let row_ends = left >= across;
    let top = corner.top + distance.y + select(0u, product.stride_h, row_ends);
    let image_ends = top >= down;
    let channels = product.cp / unit();
    let at = corner.at + distance.x + select(0u, (product.stride_h * product.w - across) * channels, row_ends)
        + select(0u, (product.h - down) * product.w * channels, image_ends);
    return Corner(at, top - select(0u, down, image_ends), left - select(0u, across, row_ends));
}
fn vector_$o(index: u32) -> Tap { return tap_of(index, product.stored); }
fn vector_after_$o(tap: Tap, distance: Tap) -> Tap { return tap_after(tap, distance, product.stored); }
fn next_number_$o(tap: Tap) -> Tap { return next_channel(tap, product.stored); }
fn under_$o(tap: Tap) -> Channels {
    return Channels(((tap.down * product.w + tap.right) * product.cp + tap.channel) / unit(), tap.down - product.pad_h,
        tap.right - product.pad_w);
}
fn place_$o(corner: Corner, under: Channels) -> Place {
    // In the padding these are numbers below zero, which wrap around to rows and columns that no image has.
    let inside = (corner.top + under.down < product.h) & (corner.left + under.right < product.w);
    return Place(corner.at + under.at, inside);
}

// A stretch of lines is an image.
fn line_of_stretch_$o(task: Task, image: u32) -> Corner {
    return corner_$o(task, vec3<u32>(image * product.h * product.w * product.cp, 0u, 0u));
}
fn next_line_$o(corner: Corner) -> Corner {
    return line_after_$o(corner, vec3<u32>(product.stride_w * product.cp, 0u, product.stride_w));
}
fn next_vector_$o(tap: Tap) -> Tap { return next_tap(tap); }
