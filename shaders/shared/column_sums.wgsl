// Sums over rows, for the gradients of biases: a workgroup of 256 sums 4 vectors of columns with 64 invocations
// each. It goes through the images in runs; in a run, invocation i takes rows i, i + 64, ..., and the 64 sums
// are added in a fixed tree. A run's sum is added to the total, so that the bits depend on the shape alone.

struct ColumnSumsParameters {
    // Rows an image, images, and images a run.
    rows: u32,
    images: u32,
    run: u32,
    // Vectors of four columns a row.
    vectors: u32,
    // 1 where the sum continues what an earlier dispatch wrote.
    continued: u32,
}
@group(0) @binding(0) var<uniform> sums: ColumnSumsParameters;

var<workgroup> partial: array<vec4<f32>, 256>;

fn column_sums(invocation: u32, workgroup: u32) {
    let column = workgroup * 4u + invocation % 4u;
    let lane = invocation / 4u;
    let inside = column < sums.vectors;
    var total = vec4<f32>();
    if inside && sums.continued != 0u {
        total = db[column];
    }
    for (var image = 0u; image < sums.images; image += sums.run) {
        let end = min(image + sums.run, sums.images) * sums.rows;
        var sum = vec4<f32>();
        if inside {
            for (var row = image * sums.rows + lane; row < end; row += 64u) {
                sum += dy[row * sums.vectors + column];
            }
        }
        partial[invocation] = sum;
        for (var half = 32u; half > 0u; half /= 2u) {
            // The sums of the level below must have been written before they are read.
            workgroupBarrier();
            if lane < half {
                partial[invocation] += partial[invocation + half * 4u];
            }
        }
        if lane == 0u {
            total += partial[invocation];
        }
        // The next run overwrites the sums of other invocations.
        workgroupBarrier();
    }
    if inside && lane == 0u {
        db[column] = total;
    }
}
