// Operand $o: the weights for the gradient of the input. A line is an input channel of the group, a vector four output
// channels of a tap.

// The place of the channel's first number.
alias Line_$o = u32;
alias Vector_$o = Tap;
alias Under_$o = u32;
const HOLES_$o: bool = false;

fn line_$o(task: Task, channel: u32) -> u32 {
    return (channel * product.kp + task.group * product.kg) / unit();
}
fn vector_$o(index: u32) -> Tap { return tap_of(index, product.kr); }
fn vector_after_$o(tap: Tap, distance: Tap) -> Tap { return tap_after(tap, distance, product.kr); }
fn next_number_$o(tap: Tap) -> Tap { return next_channel(tap, product.kr); }
fn next_vector_$o(tap: Tap) -> Tap { return next_tap(tap); }
fn under_$o(tap: Tap) -> u32 { return (tap.number * product.stored * product.kp + tap.channel) / unit(); }
fn place_$o(line: u32, under: u32) -> Place { return Place(line + under, true); }
