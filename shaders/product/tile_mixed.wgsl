// A tile in mixed precision, on top of tile_matrices.wgsl: operands are rounded to f16 on their way into the slabs. A run
// is summed by the matrix unit, which may round otherwise than f32 does; runs are added in f32.

fn stage_a(at: u32, v: vec4<f32>) { slab_a[at] = vec4<f16>(v); }
fn stage_b(at: u32, v: vec4<f32>) { slab_b[at] = vec4<f16>(v); }
fn stage_one_a(at: u32, n: u32, v: f32) { slab_a[at][n] = f16(v); }
fn stage_one_b(at: u32, n: u32, v: f32) { slab_b[at][n] = f16(v); }
fn staged_one_b(at: u32, n: u32) -> f32 { return f32(slab_b[at][n]); }

// Adds the product of the first (0) or the second (1) slabs.
fn add_slabs(invocation: u32, slab: u32) {
    let at_a = block_a(slab);
    let at_b = block_b(slab);
    #for d in 0..STEPS
    #for i in 0..2
    let a$d$i = coopLoad<coop_mat$MATRIXx$MATRIX<f16, A>>(&slab_a[at_a + $du * MATRIX * PITCH_a + $iu * MATRIX_ACROSS], PITCH_a);
    #end
    #for j in 0..4
    let b$d$j = coopLoadT<coop_mat$MATRIXx$MATRIX<f16, B>>(&slab_b[at_b + $du * MATRIX * PITCH_b + $ju * MATRIX_ACROSS], PITCH_b);
    #for i in 0..2
    run$i$j = coopMultiplyAdd(a$d$i, b$d$j, run$i$j);
    #end
    #end
    #end
}
