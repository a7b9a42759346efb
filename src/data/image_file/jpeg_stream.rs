//! What a JPEG stream says of itself, before any of its pixels is decoded (ITU-T T.81, annex B).

/// A component of a frame: its identifier and how many blocks it has in a unit of an interleaved scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Component {
    id: u8,
    across: u8,
    down: u8,
}

/// The header of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    progressive: bool,
    components: Vec<Component>,
}

/// A JPEG stream from its first marker to EOI, or to where its bytes end.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// The first frame header of a kind that libjpeg decodes (baseline, extended or progressive Huffman coding).
    pub frame: Option<Frame>,
    /// The marker of a frame header of another kind (lossless, hierarchical, arithmetic coding), where one comes first.
    pub other_frame: Option<u8>,
    /// Number of scans.
    pub scans: usize,
    /// Whether EOI comes.
    pub has_end: bool,
    interleaved: bool,
    /// For every component and coefficient the bits that no scan has sent; None where the coefficient never came.
    unsent: Vec<[Option<u8>; 64]>,
    /// Markers that follow entropy-coded data, each with how many bytes of zero stand directly before it.
    zeros: Vec<(u8, usize)>,
}

impl Stream {
    /// Walks the segments and scans of a stream.
    ///
    /// Thumbnails lie inside segments and are stepped over with them; bytes after EOI do not matter.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let (mut stream, mut at, mut in_scan) = (Self::default(), 0, false);
        while let Some(marker) = next_marker(bytes, &mut at) {
            // SOI, TEM and restart markers have no length.
            if matches!(marker, 0xd8 | 0x01 | 0xd0..=0xd7) {
                continue;
            }
            if in_scan {
                let before = &bytes[..at - 2];
                let zeros = before.iter().rev().take_while(|&&byte| byte == 0).count();
                stream.zeros.push((marker, zeros));
                in_scan = false;
            }
            if marker == 0xd9 {
                stream.has_end = true;
                break;
            }
            let Some(&[high, low]) = bytes.get(at..at + 2) else { break };
            let len = usize::from(u16::from_be_bytes([high, low])).max(2);
            let segment = bytes.get(at + 2..at + len).unwrap_or_default();
            at += len;
            match marker {
                0xc0..=0xc2 if stream.frame.is_none() => stream.begin(marker, segment),
                // DHT, JPG and DAC are no frame headers.
                0xc3..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => stream.other_frame = Some(marker),
                0xda => {
                    stream.scan(segment);
                    in_scan = true;
                }
                _ => {}
            }
        }
        stream
    }

    fn begin(&mut self, marker: u8, segment: &[u8]) {
        let &[_, top, bottom, left, right, count, ref rest @ ..] = segment else { return };
        let component = |part: &[u8]| Component { id: part[0], across: part[1] >> 4, down: part[1] & 15 };
        let components: Vec<Component> = rest.chunks_exact(3).take(usize::from(count)).map(component).collect();
        self.unsent = vec![[None; 64]; components.len()];
        self.frame = Some(Frame {
            width: u16::from_be_bytes([left, right]).into(),
            height: u16::from_be_bytes([top, bottom]).into(),
            progressive: marker == 0xc2,
            components,
        });
    }

    fn scan(&mut self, segment: &[u8]) {
        self.scans += 1;
        let (Some(frame), Some((&count, rest))) = (&self.frame, segment.split_first()) else { return };
        let count = usize::from(count);
        let Some((ids, &[first, last, bits])) = rest.split_at_checked(2 * count) else { return };
        if self.scans == 1 {
            self.interleaved = count == frame.components.len();
        }
        let (coefficients, unsent) =
            if frame.progressive { (first.min(63)..=last.min(63), bits & 15) } else { (0..=63, 0) };
        for id in ids.chunks_exact(2) {
            if let Some(place) = frame.components.iter().position(|component| component.id == id[0]) {
                coefficients.clone().for_each(|k| self.unsent[place][usize::from(k)] = Some(unsent));
            }
        }
    }

    /// Whether every coefficient of every component was sent to its last bit. Where a scan is missing a decoder
    /// guesses: it smooths what it has.
    pub(super) fn is_complete(&self) -> bool {
        self.unsent.iter().flatten().all(|&bits| bits == Some(0))
    }

    /// Whether `count` bytes of zero or more stand before such a marker, at the end of a scan.
    pub(super) fn has_zeros_before(&self, marker: u8, count: usize) -> bool {
        self.zeros.iter().any(|&(found, zeros)| found == marker && zeros >= count)
    }

    /// The bytes that libjpeg keeps of coefficients while it decodes: none for one scan, else two for each of them.
    pub(super) fn coefficient_bytes(&self) -> u64 {
        let Some(frame) = &self.frame else { return 0 };
        if !frame.progressive && self.interleaved {
            return 0;
        }
        let most = |side: fn(&Component) -> u8| frame.components.iter().map(side).max().unwrap_or(1).max(1);
        let units = |side: u32, most: u8| u64::from(side.div_ceil(8 * u32::from(most)));
        let across = units(frame.width, most(|component| component.across));
        let down = units(frame.height, most(|component| component.down));
        let blocks = |component: &Component| u64::from(component.across) * u64::from(component.down) * across * down;
        frame.components.iter().map(blocks).sum::<u64>() * 64 * 2
    }
}

impl Frame {
    /// Number of components: 1 for gray, 3 for colour, 4 for inks.
    pub(super) fn components(&self) -> usize {
        self.components.len()
    }

    /// Whether a component has three blocks across or down in a unit.
    pub(super) fn has_thirds(&self) -> bool {
        self.components.iter().any(|component| component.across == 3 || component.down == 3)
    }
}

/// Moves past the next marker and returns it. Entropy-coded data are passed over like any other bytes between
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
    use super::*;

    fn has_end(bytes: &[u8]) -> bool {
        Stream::of(bytes).has_end
    }

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

    /// A frame of two components, 2 x 2 and 1 x 1, 17 x 9 pixels, and scans of (components, first, last, bits).
    fn progressive(scans: &[(&[u8], u8, u8, u8)]) -> Vec<u8> {
        let mut bytes = vec![0xff, 0xd8, 0xff, 0xc2, 0, 14, 8, 0, 9, 0, 17, 2, 1, 0x22, 0, 2, 0x11, 0];
        for &(ids, first, last, bits) in scans {
            bytes.extend([0xff, 0xda, 0, 6 + 2 * ids.len() as u8, ids.len() as u8]);
            ids.iter().for_each(|&id| bytes.extend([id, 0]));
            bytes.extend([first, last, bits, 7, 0, 0]);
        }
        [bytes, vec![0xff, 0xd9]].concat()
    }

    #[test]
    fn a_picture_is_complete_when_every_coefficient_came_to_its_last_bit() {
        let all: [(&[u8], u8, u8, u8); 5] =
            [(&[1, 2], 0, 0, 1), (&[1], 1, 63, 0), (&[2], 1, 63, 2), (&[1, 2], 0, 0, 0x10), (&[2], 1, 63, 0x20)];
        assert!(Stream::of(&progressive(&all)).is_complete());
        for left_out in 1..5 {
            let rest: Vec<_> = (0..5).filter(|&at| at != left_out).map(|at| all[at]).collect();
            // Without scan 2 the refining scan of the same coefficients is still there: libjpeg complains of that one.
            assert_eq!(Stream::of(&progressive(&rest)).is_complete(), left_out == 2, "scan {left_out}");
        }
        assert!(!Stream::of(&[0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 1, 0, 1, 1, 1, 0x11, 0, 0xff, 0xd9]).is_complete());
    }

    #[test]
    fn coefficients_are_kept_for_whole_units_and_for_several_scans_only() {
        let stream = Stream::of(&progressive(&[(&[1, 2], 0, 0, 0)]));
        // 17 x 9 pixels are two units of 16 x 16 across and one down, of four blocks and one.
        assert_eq!((stream.coefficient_bytes(), stream.scans), (2 * (4 + 1) * 128, 1));
        let mut baseline = progressive(&[(&[1, 2], 0, 63, 0)]);
        baseline[3] = 0xc0;
        assert_eq!(Stream::of(&baseline).coefficient_bytes(), 0);
    }

    #[test]
    fn zeros_before_a_marker_are_counted_at_the_end_of_a_scan() {
        let stream = Stream::of(&progressive(&[(&[1, 2], 0, 0, 0)]));
        assert!(stream.has_zeros_before(0xd9, 2) && !stream.has_zeros_before(0xd9, 3));
        assert!(!stream.has_zeros_before(0xda, 1));
    }
}
