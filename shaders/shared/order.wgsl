// Floats as integers of the same order, so that comparisons are exact on every adapter:
// WGSL lets an implementation assume that there is no NaN, and flush small numbers to zero.

const NAN_BITS: u32 = 0x7fc00000u;

fn is_nan(bits: u32) -> bool {
    return (bits & 0x7fffffffu) > 0x7f800000u;
}

fn is_finite(bits: u32) -> bool {
    return (bits & 0x7f800000u) != 0x7f800000u;
}

// Grows with the number; both zeros are equal; a NaN is above everything, so that it cannot hide.
fn order(bits: u32) -> u32 {
    if is_nan(bits) {
        return 0xffffffffu;
    }
    let positive = select(bits, 0u, bits == 0x80000000u);
    return select(positive | 0x80000000u, ~positive, positive >= 0x80000000u);
}
