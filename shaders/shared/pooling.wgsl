// What the poolings share: their parameters, and where windows and pixels lie. One invocation computes four channels of a
// pixel.

struct PoolParameters {
    // Vectors written in all; vectors of one pixel; real channels.
    vectors: u32, across: u32, channels: u32,
    h: u32, w: u32, p: u32, q: u32, r: u32, s: u32,
    stride_h: u32, stride_w: u32, pad_h: u32, pad_w: u32, dilation_h: u32, dilation_w: u32,
    // Height and width with the padding on both sides; 1 where padding counts in an average.
    padded_h: u32, padded_w: u32, include_pad: u32,
    // 1 where the input is the output of a rectifier, whose gradient dx is then.
    rectified: u32,
}
@group(0) @binding(0) var<uniform> pool: PoolParameters;

// The row and the column of a window's tap. In the padding before the image, they have wrapped around to numbers past
// its end.
fn row_of(p: u32, r: u32) -> u32 {
    return p * pool.stride_h + r * pool.dilation_h - pool.pad_h;
}
fn column_of(q: u32, s: u32) -> u32 {
    return q * pool.stride_w + s * pool.dilation_w - pool.pad_w;
}

// Where vector v of an input's pixel, or of an output's, lies.
fn input_at(image: u32, h: u32, w: u32, v: u32) -> u32 {
    return ((image * pool.h + h) * pool.w + w) * pool.across + v;
}
fn output_at(image: u32, p: u32, q: u32, v: u32) -> u32 {
    return ((image * pool.p + p) * pool.q + q) * pool.across + v;
}

// The windows that may hold a pixel follow one another, one stride apart: those from the first to before the end. A
// dilated one may pass over the pixel.
struct Windows { first_p: u32, end_p: u32, first_q: u32, end_q: u32 }

// `down` and `right` are the pixel's place in the padded image.
fn windows_over(down: u32, right: u32) -> Windows {
    let reach_h = (pool.r - 1u) * pool.dilation_h;
    let reach_w = (pool.s - 1u) * pool.dilation_w;
    return Windows(
        (max(down, reach_h) - reach_h + pool.stride_h - 1u) / pool.stride_h,
        min(down / pool.stride_h + 1u, pool.p),
        (max(right, reach_w) - reach_w + pool.stride_w - 1u) / pool.stride_w,
        min(right / pool.stride_w + 1u, pool.q),
    );
}
