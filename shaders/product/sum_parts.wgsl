// The end of sums that were split: an invocation has four results, and adds their parts in their order.

const TILE_ROWS: u32 = 1u;
const TILE_COLUMNS: u32 = 4u;

@group(0) @binding(2) var<storage, read> parts: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let i = linear(workgroup, workgroups) * 64u + invocation;
    // A part's vectors of a row, and its vectors: a gradient's rows have that of the bias after them.
    let vectors = product.part_pitch / 4u;
    if i >= vectors { return; }
    let row = i / product.across;
    let column = i % product.across * 4u;
    let task = Task(true, 0u, 0u, 0u, 0u, 0u, 0u, false);
    var sum = vec4<f32>();
    #if CONTINUES
    if product.continued != 0u {
        if row < product.rows { sum = earlier(task, row, column); } else { sum = earlier_bias(task, column); }
    }
    #end
    for (var part = 0u; part < product.parts; part++) { sum += parts[part * vectors + i]; }
    #if WEIGHTS
    if row == product.rows {
        finish_bias(task, column, sum);
        return;
    }
    #end
    finish(task, row, column, sum, term_of(task, column));
}
