//! Which format the bytes of a file have: determined by the first ones, never by the name.

/// A format that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Jpeg,
    Png,
    Pnm,
    Bmp,
    Tiff,
    WebP,
    Gif,
}

impl Format {
    /// The format by a file's first bytes.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [b'P', b'1'..=b'6', space, ..] if space.is_ascii_whitespace() || *space == 0x0b => Some(Self::Pnm),
            [b'B', b'M', ..] => Some(Self::Bmp),
            [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(Self::Tiff),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::WebP),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_its_own_first_bytes_and_nothing_else_is_one() {
        let known: [(&[u8], Format); 9] = [
            (&[0xff, 0xd8, 0xff, 0xe0], Format::Jpeg),
            (b"\x89PNG\r\n\x1a\n", Format::Png),
            (b"P6 1 1 255\n", Format::Pnm),
            (b"P1\n", Format::Pnm),
            (b"BM12", Format::Bmp),
            (b"II*\0", Format::Tiff),
            (b"MM\0+", Format::Tiff),
            (b"RIFF1234WEBPVP8 ", Format::WebP),
            (b"GIF89a", Format::Gif),
        ];
        for (bytes, format) in known {
            assert_eq!(Format::of(bytes), Some(format), "{bytes:?}");
        }
        let unknown: [&[u8]; 8] = [b"", b"P", b"P7\n", b"PF\n", b"Pf\n", b"P6x", b"RIFF1234WAVE", b"GIF88a"];
        for bytes in unknown {
            assert_eq!(Format::of(bytes), None, "{bytes:?}");
        }
    }
}
