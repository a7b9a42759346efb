// The end of a forward pass: y is the sum and the bias, through the rectifier where one follows.

@group(0) @binding(3) var<storage, read> b: array<f32>;

// What all rows of four columns add: the bias.
fn term_of(task: Task, column: u32) -> vec4<f32> {
    if product.biased == 0u { return vec4<f32>(); }
    let k = task.group * product.columns + column;
    let last = product.kp - 1u;
    return vec4<f32>(b[min(k, last)], b[min(k + 1u, last)], b[min(k + 2u, last)], b[min(k + 3u, last)]);
}
fn earlier(task: Task, row: u32, column: u32) -> vec4<f32> {
    return get_result(place_of(task, row, column), real_columns(column));
}
fn finish(task: Task, row: u32, column: u32, sum: vec4<f32>, term: vec4<f32>) {
    put_result(place_of(task, row, column), real_columns(column), rectify_if(product.rectified, sum + term));
}
