// The end of a gradient of weights that is kept, and of a part of one whose sum is split: the gradient of the bias is
// the last row of a part.

fn term_of(task: Task, column: u32) -> vec4<f32> { return vec4<f32>(); }
fn earlier(task: Task, row: u32, column: u32) -> vec4<f32> {
    return get_result(place_of(task, row, column), real_columns(column));
}
fn finish(task: Task, row: u32, column: u32, sum: vec4<f32>, term: vec4<f32>) {
    if is_real(row) { put_result(place_of(task, row, column), real_columns(column), sum); }
}
fn earlier_bias(task: Task, column: u32) -> vec4<f32> {
    return get_db(task.group * product.columns + column, real_columns(column));
}
fn finish_bias(task: Task, column: u32, sum: vec4<f32>) {
    let real = real_columns(column);
    if product.split == 0u {
        put_db(task.group * product.columns + column, real, sum);
    } else {
        put_result(place_of(task, product.rows, column), real, sum);
    }
}
