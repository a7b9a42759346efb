//! The transforms of Winograd's minimal filtering, one axis at a time (Lavin and Gray, 2016).
//!
//! A correlation `y_j = sum over i of x_(j+i) g_i` with `L` taps and `M` outputs is a product of polynomials, taken at
//! `N = M + L - 1` points: `y = A^T [(G g) * (B^T x)]`. With `N = 4` the points are 0, 1, -1 and infinity, which serve
//! 3 taps and 2 outputs, or 2 taps and 3 outputs. The same for 5 taps would need the points 2 and -2, whose powers lose
//! more than the bounds allow. So 5 taps are 3 and 2: with `N = 7`, four points for the first three taps and, for
//! the other two, 0, 1 and infinity. All factors are 1 or 1/2.

use crate::host::Real;
use pulp::Simd;

/// `B^T x` of the inputs under a tile, where `L` is their number (4 for 4 points, 6 for 7); `G g` of fewer taps.
#[inline(always)]
pub fn at_points<T: Real, S: Simd, const N: usize, const L: usize>(simd: S, x: [T::Vector<S>; L]) -> [T::Vector<S>; N] {
    let mut points = [x[0]; N];
    if L == 4 || L == 6 {
        points[0] = T::minus(simd, x[0], x[2]);
        points[1] = T::plus(simd, x[2], x[1]);
        points[2] = T::minus(simd, x[2], x[1]);
        points[3] = T::minus(simd, x[3], x[1]);
        if N == 7 {
            points[4] = T::minus(simd, x[3], x[4]);
            points[5] = x[4];
            points[6] = T::minus(simd, x[5], x[4]);
        }
        return points;
    }
    // Five taps are three and two; two taps meet the inputs of both.
    let (first, after) = match (N, L) {
        (7, 5) => (3, 3),
        _ => (L, 0),
    };
    let even = if first == 3 { T::plus(simd, x[0], x[2]) } else { x[0] };
    let [even, odd] =
        [even, x[1]].map(|part| T::fused(simd, part, T::splat(simd, T::of(0.5)), T::splat(simd, T::zero())));
    points[1] = T::plus(simd, even, odd);
    points[2] = T::minus(simd, even, odd);
    points[3] = x[first - 1];
    if N == 7 {
        points[4] = x[after];
        points[5] = T::plus(simd, x[after], x[after + 1]);
        points[6] = x[after + 1];
    }
    points
}

/// `A^T m`: two outputs, or three (5 for 7 points).
#[inline(always)]
pub fn outputs<T: Real, S: Simd, const N: usize, const M: usize>(simd: S, m: [T::Vector<S>; N]) -> [T::Vector<S>; M] {
    let (sum, difference) = (T::plus(simd, m[1], m[2]), T::minus(simd, m[1], m[2]));
    let mut y = [T::plus(simd, m[0], sum); M];
    if M == 2 {
        y[1] = T::plus(simd, difference, m[3]);
    } else {
        y[1] = difference;
        y[2] = T::plus(simd, sum, m[3]);
    }
    if N == 7 {
        let after = [T::plus(simd, m[4], m[5]), T::plus(simd, m[5], m[6])];
        for (i, after) in after.into_iter().enumerate() {
            if M == 2 { y[i] = T::plus(simd, y[i], after) } else { y[3 + i] = after }
        }
    }
    y
}

/// The same transform along both axes of a square: `load(i, j)` gives its elements, `store(i, line)` takes the lines
/// of the result. What lies between lives in `lines`, made once for many squares: arrays of registers that are
/// returned or filled at each would cost more than the sums.
#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "the loops have fixed bounds, and go over columns")]
pub fn both<V: Copy, const A: usize, const B: usize>(
    lines: &mut [[V; A]; B],
    load: impl Fn(usize, usize) -> V,
    along: impl Fn([V; A]) -> [V; B],
    mut store: impl FnMut(usize, [V; B]),
) {
    for j in 0..A {
        // No `array::from_fn`: its closure is not compiled into the loop, and returns registers by way of memory.
        let mut column = [load(0, j); A];
        for i in 1..A {
            column[i] = load(i, j);
        }
        let column = along(column);
        for i in 0..B {
            lines[i][j] = column[i];
        }
    }
    for (i, line) in lines.iter().enumerate() {
        store(i, along(*line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulp::Scalar;

    /// One axis, checked against the definition.
    fn correlation<const N: usize, const X: usize, const L: usize, const M: usize>() {
        let x: [f64; X] = std::array::from_fn(|i| (i * i) as f64 * 0.5 - 3.0 * i as f64 + 1.0);
        let g: [f64; L] = std::array::from_fn(|i| 0.25 - 0.5 * i as f64);
        let simd = Scalar::new();
        let (values, taps) = (at_points::<f64, Scalar, N, X>(simd, x), at_points::<f64, Scalar, N, L>(simd, g));
        let products = std::array::from_fn(|i| values[i] * taps[i]);
        let y: [f64; M] = outputs::<f64, Scalar, N, M>(simd, products);
        for (j, y) in y.iter().enumerate() {
            let want: f64 = g.iter().enumerate().map(|(i, g)| x[j + i] * g).sum();
            assert!((y - want).abs() < 1e-12, "{N} points, {L} taps, output {j}: {y}, {want}");
        }
    }

    #[test]
    fn the_transforms_give_the_correlation_of_the_definition() {
        correlation::<4, 4, 3, 2>();
        correlation::<4, 4, 2, 3>();
        correlation::<7, 6, 5, 2>();
        correlation::<7, 6, 2, 5>();
    }
}
