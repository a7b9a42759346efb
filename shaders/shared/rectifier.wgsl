// The rectifier on the bits of four numbers: exact on every adapter, and a NaN passes through.

// max(y, 0)
fn rectify(y: vec4<u32>) -> vec4<u32> {
    // Negative numbers, -0 and -infinity have bits from 0x80000000 to 0xff800000; NaNs with a sign are above.
    return select(y, vec4<u32>(), (y >= vec4<u32>(0x80000000u)) & (y <= vec4<u32>(0xff800000u)));
}

// dy where y > 0, else 0
fn where_positive(y: vec4<u32>, dy: vec4<u32>) -> vec4<u32> {
    // Positive numbers and infinity have bits from 1 to 0x7f800000.
    return select(vec4<u32>(), dy, (y != vec4<u32>()) & (y <= vec4<u32>(0x7f800000u)));
}

// The same for numbers: y through the rectifier where `follows`, dy through that of y where `came`.
fn rectify_if(follows: u32, y: vec4<f32>) -> vec4<f32> {
    return select(y, bitcast<vec4<f32>>(rectify(bitcast<vec4<u32>>(y))), follows != 0u);
}
fn where_positive_if(came: u32, y: vec4<f32>, dy: vec4<f32>) -> vec4<f32> {
    return select(dy, bitcast<vec4<f32>>(where_positive(bitcast<vec4<u32>>(y), bitcast<vec4<u32>>(dy))), came != 0u);
}
