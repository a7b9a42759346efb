// Where the operands of a grouped convolution lie. Group g is the output channels from g * kg on. Divisions are slow on
// every device: what is the same for many numbers is divided once, and stepped where that is possible.

// A tap's distance from its window's corner, its number, and a channel; `channels` of them belong to a tap.
struct Tap { down: u32, right: u32, channel: u32, number: u32 }

fn tap_of(index: u32, channels: u32) -> Tap {
    let number = index / channels;
    return Tap(number / product.s * product.dilation_h, number % product.s * product.dilation_w, index % channels, number);
}
fn next_tap(tap: Tap) -> Tap {
    let right = tap.right + product.dilation_w;
    let wraps = right == product.s * product.dilation_w;
    return Tap(tap.down + select(0u, product.dilation_h, wraps), select(right, 0u, wraps), tap.channel, tap.number + 1u);
}
