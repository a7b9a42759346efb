// The end of an input's gradient: dx is the sum, but 0 where x came out of a rectifier and is not positive.
// What pads dx is not written from the sums: a weight of zero times an infinite gradient would not be zero.

fn term_of(task: Task, column: u32) -> vec4<f32> { return vec4<f32>(); }
fn finish(task: Task, row: u32, column: u32, sum: vec4<f32>, term: vec4<f32>) {
    let at = place_of(task, row, column);
    let real = real_columns(column);
    var dx = sum;
    if product.rectified != 0u && real > 0u { dx = where_positive_if(1u, get_x(at, real), dx); }
    put_result(at, real, dx);
}
