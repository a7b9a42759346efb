// The parameters of a matrix product, whatever its operands are: those of conv2d and dense.
// Rows and columns are those of the results; an operand's numbers are multiplied along the depth.

struct ProductParameters {
    // Rows and columns of the results of one group, and the groups. Tiles of one group: all, and side by side.
    rows: u32, columns: u32, groups: u32, tiles: u32, across: u32,
    // The depth that is summed here, and what of it lies before.
    depth: u32, before: u32,
    // The depth of a part of a sum that is split, or 0 where it is whole; the parts that are summed here.
    split: u32, parts: u32,
    // The depth of a run, whose sum is added to those of the runs before; and that of a stretch, within which an operand
    // that lies along the depth is contiguous.
    run: u32, stretch: u32,
    // Where the first result lies, the distance of rows, and that of parts.
    origin: u32, pitch: u32, part_pitch: u32,
    // Of every so many columns, counted from a first, how many are real: the others pad an input pixel's channels.
    column_first: u32, column_period: u32, column_real: u32,
    // The same for the rows of a gradient of weights.
    row_first: u32, row_period: u32, row_real: u32,
    // 1 where the sums go on from what is there; 1 where there is a bias; 1 where y goes through a rectifier, or where
    // x came out of one, whose gradient dx is then; 1 where the gradient of the bias is summed, too.
    continued: u32, biased: u32, rectified: u32, sums_bias: u32,
    // Where the first line of an operand that is a plain matrix lies, and the distance of its lines.
    a_origin: u32, a_pitch: u32, b_origin: u32, b_pitch: u32,
    // How the weights follow their gradient: what stands in shared/momentum.wgsl, and which formula of it.
    momentum: f32, decay: f32, lr_mult: f32, formula: u32,
    // Output channels of all groups, padded.
    kp: u32,
    // Of a convolution: input height, width and padded channels; output height and width.
    h: u32, w: u32, cp: u32, p: u32, q: u32,
    // Kernel width; stored and real input channels a group; real output channels a group, and those that a sum over
    // them runs through: with the padding where there is one group.
    s: u32, stored: u32, cg: u32, kg: u32, kr: u32,
    stride_h: u32, stride_w: u32, pad_h: u32, pad_w: u32, dilation_h: u32, dilation_w: u32,
    // The depth of a slab.
    slab: u32,
}
@group(0) @binding(0) var<uniform> product: ProductParameters;
