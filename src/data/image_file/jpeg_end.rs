//! Whether a JPEG file goes on to its end marker.

/// Walks the segments and scans of a JPEG stream (ITU-T T.81, annex B) and tells whether the EOI marker comes.
///
/// Thumbnails lie inside segments and are stepped over with them; bytes behind EOI do not matter.
pub(super) fn has_end(bytes: &[u8]) -> bool {
    let mut at = 0;
    while let Some(marker) = next_marker(bytes, &mut at) {
        match marker {
            0xd9 => return true,
            // SOI, TEM and restart markers have no length.
            0xd8 | 0x01 | 0xd0..=0xd7 => {}
            _ => {
                let Some(&[high, low]) = bytes.get(at..at + 2) else { return false };
                at += usize::from(u16::from_be_bytes([high, low]));
            }
        }
    }
    false
}

/// Moves behind the next marker and returns it. Entropy-coded data are passed over like any other bytes between
/// markers: in them, 0xff stands before 0 or a restart marker only.
fn next_marker(bytes: &[u8], at: &mut usize) -> Option<u8> {
    loop {
        let rest = bytes.get(*at..)?;
        let here = rest.iter().position(|&byte| byte == 0xff)?;
        *at += here + 1;
        let &marker = bytes.get(*at)?;
        match marker {
            0xff => {}
            0x00 => *at += 1,
            _ => {
                *at += 1;
                return Some(marker);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::has_end;

    #[test]
    fn an_end_marker_inside_a_segment_does_not_count() {
        let segment = [0xff, 0xd8, 0xff, 0xe1, 0, 6, 0xff, 0xd8, 0xff, 0xd9];
        assert!(!has_end(&segment));
        assert!(has_end(&[&segment[..], &[0xff, 0xd9]].concat()));
    }

    #[test]
    fn stuffed_bytes_and_restart_markers_belong_to_the_scan() {
        let scan = [0xff, 0xd8, 0xff, 0xda, 0, 2, 1, 0xff, 0, 0xd9, 0xff, 0xd3, 7];
        assert!(!has_end(&scan));
        assert!(has_end(&[&scan[..], &[0xff, 0xff, 0xd9, 1, 2]].concat()));
    }

    #[test]
    fn any_bytes_are_walked_without_a_panic() {
        for bytes in [&[][..], &[0xff], &[0xff, 0xe0], &[0xff, 0xe0, 0xff], &[0xff, 0xe0, 0, 0, 0xff], &[0xff; 9]] {
            assert!(!has_end(bytes), "{bytes:?}");
        }
    }
}
