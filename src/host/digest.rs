//! Content digests, as written into manifests.

/// The BLAKE3 digest of some bytes as 64 hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}
