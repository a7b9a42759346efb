// A matrix product for adapters that run on a processor, where an invocation is one of the 8 SIMD lanes of a vector:
// workgroup memory and barriers are slow there, and every load is a loop over the lanes, so that what counts is how many
// products a loaded value is used for. A workgroup is one subgroup of 8 and computes 64 rows x 32 columns. An invocation
// has 8 rows, as two vectors (u) of four (e), and loads their operands. It loads four columns' operands, too, and hands
// them to all others. Only for channels that can be loaded four at a time. How operands are read, whether rows are those
// of the results, and what becomes of the sums are modules of their own: lanes_*.wgsl, and the ends as for tiles.

// Places are those of single numbers.
fn unit() -> u32 { return 1u; }

// Vectors of columns that are computed: fewer where there are no more columns.
override VECTORS: u32 = 8u;

// The sums of a row in the run at hand and in the runs before; vector v has columns 4 v to 4 v + 3.
#for u in 0..2
#for e in 0..4
#for v in 0..8
var<private> sum$u$e_$v: vec4<f32>;
var<private> total$u$e_$v: vec4<f32>;
#end
#end
#end

// Adds the products of four depths of a row.
fn multiply(a: vec4<f32>, w0: vec4<f32>, w1: vec4<f32>, w2: vec4<f32>, w3: vec4<f32>, sum: vec4<f32>) -> vec4<f32> {
    return fma(vec4<f32>(a.w), w3, fma(vec4<f32>(a.z), w2, fma(vec4<f32>(a.y), w1, fma(vec4<f32>(a.x), w0, sum))));
}

// Operands of four vectors: as they are loaded, and as they are needed.
struct Four { a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32> }

fn transposed(t: Four) -> Four {
    return Four(vec4<f32>(t.a.x, t.b.x, t.c.x, t.d.x), vec4<f32>(t.a.y, t.b.y, t.c.y, t.d.y),
        vec4<f32>(t.a.z, t.b.z, t.c.z, t.d.z), vec4<f32>(t.a.w, t.b.w, t.c.w, t.d.w));
}

// Adds the products of four depths: `upper` and `lower` are the operands of the invocation's rows along the depth,
// `across` are those of its four columns at each of the depths.
fn add_depths(upper: Four, lower: Four, across: Four) {
    #for v in 0..8
    if $vu < VECTORS {
    let w0_$v = subgroupBroadcast(across.a, $vu);
    let w1_$v = subgroupBroadcast(across.b, $vu);
    let w2_$v = subgroupBroadcast(across.c, $vu);
    let w3_$v = subgroupBroadcast(across.d, $vu);
    sum00_$v = multiply(upper.a, w0_$v, w1_$v, w2_$v, w3_$v, sum00_$v);
    sum01_$v = multiply(upper.b, w0_$v, w1_$v, w2_$v, w3_$v, sum01_$v);
    sum02_$v = multiply(upper.c, w0_$v, w1_$v, w2_$v, w3_$v, sum02_$v);
    sum03_$v = multiply(upper.d, w0_$v, w1_$v, w2_$v, w3_$v, sum03_$v);
    sum10_$v = multiply(lower.a, w0_$v, w1_$v, w2_$v, w3_$v, sum10_$v);
    sum11_$v = multiply(lower.b, w0_$v, w1_$v, w2_$v, w3_$v, sum11_$v);
    sum12_$v = multiply(lower.c, w0_$v, w1_$v, w2_$v, w3_$v, sum12_$v);
    sum13_$v = multiply(lower.d, w0_$v, w1_$v, w2_$v, w3_$v, sum13_$v);
    }
    #end
}

// Moves the sums of a run into the total.
fn close_run() {
    #for u in 0..2
    #for e in 0..4
    #for v in 0..8
    total$u$e_$v += sum$u$e_$v;
    sum$u$e_$v = vec4<f32>();
    #end
    #end
    #end
}

// Whether the last step of a stretch may have fewer than four depths.
const TAIL: bool = $TAIL != 0;

@compute @workgroup_size(8)
fn main(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let task = task_of(linear(workgroup, workgroups));
    #if CONTINUES
    if task.continued { take_totals(i, task); }
    #end
    #if WEIGHTS
    // The gradient of the bias comes with the first rows.
    let bias_column = task.column + i * 4u;
    let has_bias = task.exists && product.sums_bias != 0u && task.row == 0u && bias_column < product.columns;
    var bias = vec4<f32>();
    var bias_total = vec4<f32>();
    if has_bias && task.continued { bias_total = earlier_bias(task, bias_column); }
    #end
    begin_a(i, task);
    begin_b(i, task);
    var stretches = 0u;
    for (var run = 0u; run < product.depth; run += product.run) {
        let run_end = min(run + product.run, product.depth);
        for (var stretch = run; stretch < run_end; stretch += product.stretch) {
            let end = min(stretch + product.stretch, run_end);
            enter_a(task, stretches);
            enter_b(task, stretches);
            stretches++;
            for (var depth = stretch; depth < end; depth += 4u) {
                load_a(task, depth - stretch, end - stretch);
                load_b(task, depth - stretch, end - stretch);
                let across = four_b0();
                #if WEIGHTS
                bias += (across.a + across.b) + (across.c + across.d);
                #end
                add_depths(four_a0(), four_a1(), across);
            }
        }
        close_run();
        #if WEIGHTS
        bias_total += bias;
        bias = vec4<f32>();
        #end
    }
    #if WEIGHTS
    if has_bias { finish_bias(task, bias_column, bias_total); }
    #end
    // A folded grid may have a few workgroups too many.
    if task.exists { give_totals(i, task); }
}
