// The exponential and the logarithm, to about one unit in the last place on every adapter: the built-in ones
// may be off by far more. Both follow the Cephes library's expf and logf: the argument is reduced with
// ln 2 in two pieces (Cody and Waite), and a polynomial does the rest.

const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.12194440e-4;

// 2^n for n from -126 to 127, made of its bits.
fn power_of_two(n: i32) -> f32 {
    return bitcast<f32>(u32(n + 127) << 23u);
}

// e^x; 0 below about -104, and the largest powers for x above 88.
fn exponential(argument: f32) -> f32 {
    let x = clamp(argument, -104.0, 88.7);
    let n = round(x * 1.44269504088896341);
    let r = fma(n, -LN2_LOW, fma(n, -LN2_HIGH, x));
    var p = fma(1.9875691500e-4, r, 1.3981999507e-3);
    p = fma(p, r, 8.3334519073e-3);
    p = fma(p, r, 4.1665795894e-2);
    p = fma(p, r, 1.6666665459e-1);
    p = fma(p, r, 5.0000001201e-1);
    let y = fma(p, r * r, r) + 1.0;
    // In two steps, because 2^n alone may be below the smallest normal number or above the largest.
    let half = i32(n) / 2;
    return y * power_of_two(half) * power_of_two(i32(n) - half);
}

// ln x for a positive normal x.
fn logarithm(x: f32) -> f32 {
    let bits = bitcast<u32>(x);
    var e = i32(bits >> 23u) - 126;
    var m = bitcast<f32>((bits & 0x007fffffu) | 0x3f000000u);
    // m lies in [0.5, 1); below the root of one half it is doubled, so that m - 1 is small.
    if m < 0.70710678 {
        e -= 1;
        m += m;
    }
    let f = m - 1.0;
    let z = f * f;
    var p = fma(7.0376836292e-2, f, -1.1514610310e-1);
    p = fma(p, f, 1.1676998740e-1);
    p = fma(p, f, -1.2420140846e-1);
    p = fma(p, f, 1.4249322787e-1);
    p = fma(p, f, -1.6668057665e-1);
    p = fma(p, f, 2.0000714765e-1);
    p = fma(p, f, -2.4999993993e-1);
    p = fma(p, f, 3.3333331174e-1);
    let low = fma(f32(e), LN2_LOW, fma(p * f, z, -0.5 * z));
    return fma(f32(e), LN2_HIGH, f + low);
}
