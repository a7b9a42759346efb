// Where the operands of a grouped convolution lie. Group g is the output channels from g * kg on. Divisions are slow on
// every device: what is the same for many numbers is divided once, and then stepped.

// A tap's distance from its window's corner, a channel, and the tap's number; `channels` of them belong to a tap.
struct Tap { down: u32, right: u32, channel: u32, number: u32 }

fn tap_of(index: u32, channels: u32) -> Tap {
    let number = index / channels;
    return Tap(number / product.s * product.dilation_h, number % product.s * product.dilation_w, index % channels, number);
}
// The tap and channel at a distance, which is that of the first tap and channel to one of the first `channels`.
fn tap_after(tap: Tap, distance: Tap, channels: u32) -> Tap {
    let channel = tap.channel + distance.channel;
    let ends = channel >= channels;
    let right = tap.right + distance.right + select(0u, product.dilation_w, ends);
    let wraps = right >= product.s * product.dilation_w;
    return Tap(tap.down + distance.down + select(0u, product.dilation_h, wraps),
        right - select(0u, product.s * product.dilation_w, wraps), channel - select(0u, channels, ends),
        tap.number + distance.number + select(0u, 1u, ends));
}
fn next_channel(tap: Tap, channels: u32) -> Tap {
    let next = next_tap(tap);
    let ends = tap.channel + 1u == channels;
    return Tap(select(tap.down, next.down, ends), select(tap.right, next.right, ends),
        select(tap.channel + 1u, 0u, ends), select(tap.number, next.number, ends));
}
fn next_tap(tap: Tap) -> Tap {
    let right = tap.right + product.dilation_w;
    let wraps = right == product.s * product.dilation_w;
    return Tap(tap.down + select(0u, product.dilation_h, wraps), select(right, 0u, wraps), tap.channel, tap.number + 1u);
}
