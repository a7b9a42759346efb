// Philox 4x32-10, a counter-based random number generator (Salmon, Moraes, Dror and Shaw, 2011).
// The twin of src/host/philox.rs: the same bits from the same key and counter.

// The upper half of the 64-bit product, from products of 16-bit halves.
fn high_product(a: u32, b: u32) -> u32 {
    let a0 = a & 0xffffu;
    let a1 = a >> 16u;
    let b0 = b & 0xffffu;
    let b1 = b >> 16u;
    let low = a0 * b0;
    let first = a1 * b0 + (low >> 16u);
    let second = a0 * b1 + (first & 0xffffu);
    return a1 * b1 + (first >> 16u) + (second >> 16u);
}

fn philox(start: vec4<u32>, start_key: vec2<u32>) -> vec4<u32> {
    var counter = start;
    var key = start_key;
    for (var round = 0u; round < 10u; round++) {
        let a_high = high_product(0xD2511F53u, counter.x);
        let b_high = high_product(0xCD9E8D57u, counter.z);
        let a_low = 0xD2511F53u * counter.x;
        let b_low = 0xCD9E8D57u * counter.z;
        counter = vec4<u32>(b_high ^ counter.y ^ key.x, b_low, a_high ^ counter.w ^ key.y, a_low);
        key += vec2<u32>(0x9E3779B9u, 0xBB67AE85u);
    }
    return counter;
}
