// A tile whose operands are pairs of numbers of f16, on top of tile_matrices.wgsl: x = high + low / 2048, where high is x
// rounded to f16 and low 2048 times what that leaves, rounded again. Of the four products of two pairs three are
// summed, high high + (low high + high low) / 2048: the fourth is below 2^-22 of the product, as is what the pairs leave.
// The factor keeps low among the numbers that f16 has all eleven digits of for operands down to 2^-14; below it they
// are off by up to 2^-36, and from 65,520 on their products are not finite.
// See Ootomo and Yokota, Recovering single precision accuracy from Tensor Cores while surpassing the FP32 theoretical
// peak performance (2022), section 4; like theirs, sums leave the matrix unit, which may cut where f32 rounds, slab by
// slab.

const SCALE: f32 = 2048.0;

// The slabs have the high halves, and these the low ones.
var<workgroup> low_a: array<vec4<f16>, 2u * SLAB_a>;
var<workgroup> low_b: array<vec4<f16>, 2u * SLAB_b>;

fn stage_a(at: u32, v: vec4<f32>) {
    let high = high_of(v);
    slab_a[at] = vec4<f16>(high);
    low_a[at] = vec4<f16>((v - high) * SCALE);
}
fn stage_b(at: u32, v: vec4<f32>) {
    let high = high_of(v);
    slab_b[at] = vec4<f16>(high);
    low_b[at] = vec4<f16>((v - high) * SCALE);
}
fn stage_one_a(at: u32, n: u32, v: f32) {
    let high = high_of(vec4<f32>(v)).x;
    slab_a[at][n] = f16(high);
    low_a[at][n] = f16((v - high) * SCALE);
}
fn stage_one_b(at: u32, n: u32, v: f32) {
    let high = high_of(vec4<f32>(v)).x;
    slab_b[at][n] = f16(high);
    low_b[at][n] = f16((v - high) * SCALE);
}
fn staged_one_b(at: u32, n: u32) -> f32 { return f32(slab_b[at][n]) + f32(low_b[at][n]) / SCALE; }

// Numbers of f16, by way of their bits: a driver may take a conversion there and back for none.
fn high_of(v: vec4<f32>) -> vec4<f32> {
    return vec4<f32>(unpack2x16float(pack2x16float(v.xy)), unpack2x16float(pack2x16float(v.zw)));
}

// Adds the product of the first (0) or the second (1) slabs.
fn add_slabs(invocation: u32, slab: u32) {
    let at_a = block_a(slab);
    let at_b = block_b(slab);
    #for d in 0..STEPS
    #for i in 0..2
    let a$d$i = coopLoad<coop_mat$MATRIXx$MATRIX<f16, A>>(&slab_a[at_a + $du * MATRIX * PITCH_a + $iu * MATRIX_ACROSS], PITCH_a);
    let a_low$d$i = coopLoad<coop_mat$MATRIXx$MATRIX<f16, A>>(&low_a[at_a + $du * MATRIX * PITCH_a + $iu * MATRIX_ACROSS], PITCH_a);
    #end
    #end
    #for j in 0..4
    #for d in 0..STEPS
    let b$d$j = coopLoadT<coop_mat$MATRIXx$MATRIX<f16, B>>(&slab_b[at_b + $du * MATRIX * PITCH_b + $ju * MATRIX_ACROSS], PITCH_b);
    let b_low$d$j = coopLoadT<coop_mat$MATRIXx$MATRIX<f16, B>>(&low_b[at_b + $du * MATRIX * PITCH_b + $ju * MATRIX_ACROSS], PITCH_b);
    #end
    #for i in 0..2
    var high$i$j = coop_mat$MATRIXx$MATRIX<f32, C>();
    var low$i$j = coop_mat$MATRIXx$MATRIX<f32, C>();
    #for d in 0..STEPS
    high$i$j = coopMultiplyAdd(a$d$i, b$d$j, high$i$j);
    low$i$j = coopMultiplyAdd(a_low$d$i, b$d$j, low$i$j);
    low$i$j = coopMultiplyAdd(a$d$i, b_low$d$j, low$i$j);
    #end
    run$i$j = run$i$j + (high$i$j + low$i$j * (1.0 / SCALE));
    #end
    #end
}
