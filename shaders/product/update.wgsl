// The end of a gradient of weights that is no tensor: the weights, which are the result, follow it. Sums that go on do so
// from those that an earlier dispatch has left.

@group(0) @binding(8) var<uniform> step: StepValues;

fn updated(g: vec4<f32>, w: vec4<f32>, h: vec4<f32>) -> Updated {
    let rate = step.rate * product.lr_mult;
    return updated_weights(product.formula, g, w, h, product.momentum, product.decay, rate);
}

fn term_of(task: Task, column: u32) -> vec4<f32> { return vec4<f32>(); }
#if CONTINUES
fn earlier(task: Task, row: u32, column: u32) -> vec4<f32> {
    return get_partial(place_of(task, row, column), real_columns(column));
}
#end
fn finish(task: Task, row: u32, column: u32, sum: vec4<f32>, term: vec4<f32>) {
    let at = place_of(task, row, column);
    let real = real_columns(column);
    if is_real(row) && real > 0u {
        // What pads the gradient counts as zero.
        let u = updated(first_of(sum, real), get_result(at, real), get_history(at, real));
        put_history(at, real, u.h);
        put_result(at, real, u.w);
    }
}
fn earlier_bias(task: Task, column: u32) -> vec4<f32> {
    return get_db(task.group * product.columns + column, real_columns(column));
}
fn finish_bias(task: Task, column: u32, sum: vec4<f32>) {
    put_db(task.group * product.columns + column, real_columns(column), sum);
}
