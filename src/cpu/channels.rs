//! Loops over channels, with as many of them in registers as there are.

/// Calls `$channels` for all channels of a pixel: sixteen at a time in registers, then eight, then the rest.
macro_rules! by_channels {
    ($channels:ident, $c:expr, ($($argument:expr),*)) => {{
        let mut first = 0;
        while first + 16 <= $c {
            $channels::<T, 16>($($argument),*, first);
            first += 16;
        }
        if first + 8 <= $c {
            $channels::<T, 8>($($argument),*, first);
            first += 8;
        }
        for first in first..$c {
            $channels::<T, 1>($($argument),*, first);
        }
    }};
}

pub(super) use by_channels;
