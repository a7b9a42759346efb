// The operands of a grouped convolution, and where they lie: for all its kernels. Group g is the output channels from
// g * kg on.

// Whether the channels a group allow loads of four at a time; else they are loaded one by one.
override ALIGNED: bool = true;

struct Conv2dParameters {
    // Images here; input height, width and padded channels; output height, width and padded channels.
    n: u32, h: u32, w: u32, cp: u32,
    p: u32, q: u32, kp: u32,
    // Kernel height and width; stored input channels a group; real input and output channels a group.
    r: u32, s: u32, stored: u32, cg: u32, kg: u32,
    // Output channels a group that a sum over them runs through: with the padding where there is one group.
    kr: u32,
    stride_h: u32, stride_w: u32, pad_h: u32, pad_w: u32, dilation_h: u32, dilation_w: u32,
    // Rows and columns of one group's product, its tiles, tiles across, and groups.
    rows: u32, columns: u32, tiles: u32, across: u32, groups: u32,
    // The weight gradient's images a run, and 1 where it continues an earlier dispatch; 1 where there is a bias;
    // 1 where y goes through a rectifier, or where x came out of one, whose gradient dx is then.
    run: u32, continued: u32, biased: u32, rectified: u32,
    // Images of a part of the weight gradient's sum, or 0 where it is not split (the number of parts in the sum over
    // them), and the number of the first part here.
    split: u32, first_split: u32,
    // How the weights follow their gradient: what stands in shared/momentum.wgsl, and which formula of it.
    momentum: f32, decay: f32, lr_mult: f32, formula: u32,
}
@group(0) @binding(0) var<uniform> conv: Conv2dParameters;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> w: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> b: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> result: array<f32>;
@group(0) @binding(5) var<storage, read_write> results: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> db: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> one_db: array<f32>;
// Sums that an update continues; the weights that it updates are the result.
@group(0) @binding(3) var<storage, read> partial: array<f32>;
@group(0) @binding(3) var<storage, read> partials: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> history: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> one_history: array<f32>;
@group(0) @binding(8) var<uniform> step: StepValues;

fn updated(g: vec4<f32>, w: vec4<f32>, h: vec4<f32>) -> Updated {
    return updated_weights(conv.formula, g, w, h, conv.momentum, conv.decay, step.rate * conv.lr_mult);
}

// A tile of one group's product: its first row and column.
struct Tile { group: u32, row: u32, column: u32 }

const NOWHERE: u32 = 0xffffffffu;
// Added to a row or column that does not exist: no sum of it with a kernel's extent comes back into an image.
const OUTSIDE: u32 = 0x40000000u;

// Where the window of an output pixel begins: its image's first pixel, and its top and left. Divisions are slow
// on every device; what is the same for all slabs is divided once.
struct Corner { image: u32, top: u32, left: u32 }

fn corner_of(pixel: u32) -> Corner {
    let within = pixel % (conv.p * conv.q);
    let outside = select(0u, OUTSIDE, pixel >= conv.n * conv.p * conv.q);
    // In the padding the subtraction wraps around to a number that is no row or column either.
    return Corner((pixel / (conv.p * conv.q)) * conv.h * conv.w,
        (within / conv.q) * conv.stride_h - conv.pad_h + outside, (within % conv.q) * conv.stride_w - conv.pad_w);
}

// A tap's distance from its window's corner, and a channel; `channels` of them belong to a tap.
struct Tap { down: u32, right: u32, channel: u32, number: u32 }

fn tap_of(index: u32, channels: u32) -> Tap {
    let number = index / channels;
    let outside = select(0u, OUTSIDE, number >= conv.r * conv.s);
    return Tap((number / conv.s) * conv.dilation_h + outside, (number % conv.s) * conv.dilation_w,
        index % channels, number);
}

fn x_place(corner: Corner, tap: Tap, group: u32) -> u32 {
    let h = corner.top + tap.down;
    let at_w = corner.left + tap.right;
    let at = (corner.image + h * conv.w + at_w) * conv.cp + group * conv.cg + tap.channel;
    return select(NOWHERE, at, (h < conv.h) & (at_w < conv.w));
}
// Where an input pixel lies: its image's first output pixel, and its row and column in the padded input.
struct Spot { image: u32, h: u32, w: u32 }

fn spot_of(pixel: u32) -> Spot {
    let within = pixel % (conv.h * conv.w);
    let outside = select(0u, OUTSIDE, pixel >= conv.rows);
    return Spot((pixel / (conv.h * conv.w)) * conv.p * conv.q,
        within / conv.w + conv.pad_h + outside, within % conv.w + conv.pad_w);
}

fn divided(distance: u32, stride: u32) -> u32 {
    if stride == 1u { return distance; }
    return distance / stride;
}

// The row of dy that a tap of an input pixel comes from.
fn dy_row(spot: Spot, tap: Tap) -> u32 {
    // Before the first output the subtraction wraps around to a number behind the last.
    let down = spot.h - tap.down;
    let right = spot.w - tap.right;
    let p = divided(down, conv.stride_h);
    let q = divided(right, conv.stride_w);
    let inside = (p < conv.p) & (q < conv.q) & (p * conv.stride_h == down) & (q * conv.stride_w == right);
    return select(NOWHERE, spot.image + p * conv.q + q, inside);
}
