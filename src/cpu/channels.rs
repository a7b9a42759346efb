//! Loops over channels, with as many of them in registers as there are.
//!
//! A loop over `W` channels writes to an array of its own, which is then copied to where it belongs. A loop of sixteen
//! that stores to a slice is unrolled before it is made of vectors, and stays scalar: six times as slow.

/// Calls `$channels` for all channels of a pixel: sixteen at a time in registers, then eight, then the rest. With
/// `wide` thirty-two come first, so that two sums of each kind wait for their operands instead of one; choices of
/// maxima would leave their registers. The sums of a channel do not depend on how many are beside it.
macro_rules! by_channels {
    (wide $channels:ident, $c:expr, ($($argument:expr),*)) => {{
        let mut first = 0;
        while first + 32 <= $c {
            $channels::<T, 32>($($argument),*, first);
            first += 32;
        }
        by_channels!(@ first, $channels, $c, ($($argument),*));
    }};
    ($channels:ident, $c:expr, ($($argument:expr),*)) => {{
        let mut first = 0;
        by_channels!(@ first, $channels, $c, ($($argument),*));
    }};
    (@ $first:ident, $channels:ident, $c:expr, ($($argument:expr),*)) => {{
        while $first + 16 <= $c {
            $channels::<T, 16>($($argument),*, $first);
            $first += 16;
        }
        if $first + 8 <= $c {
            $channels::<T, 8>($($argument),*, $first);
            $first += 8;
        }
        for first in $first..$c {
            $channels::<T, 1>($($argument),*, first);
        }
    }};
}

pub(super) use by_channels;
