// Operand $o: the weights for the gradient of the input. A line is an input channel of the group, a vector four output
// channels of a tap.

alias Line_$o = u32;
alias Vector_$o = Tap;
const HOLES_$o: bool = false;

fn line_$o(channel: u32) -> u32 { return channel; }
fn vector_$o(index: u32) -> Tap { return tap_of(index, product.kr); }
fn next_vector_$o(tap: Tap) -> Tap { return next_tap(tap); }
fn place_$o(task: Task, channel: u32, tap: Tap, exists: bool) -> u32 {
    let at = (tap.number * product.stored + channel) * product.kp + task.group * product.kg + tap.channel;
    return select(NOWHERE, at, exists);
}
