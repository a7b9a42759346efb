//! Windows and OS/2 bitmaps.

use super::{bmp_runs, fault::Fault, limits, rgb::Rgb};

/// How the bytes of a pixel become red, green and blue.
enum Kind {
    /// Indices of so many bits into a palette.
    Indices(usize),
    /// Indices, written as runs; of four bits or of eight.
    Runs {
        /// Four bits.
        four: bool,
    },
    /// Two bytes: the right shift and number of bits of each channel.
    Words([(u32, u32); 3]),
    /// The number of bytes, and which one is red, green and blue.
    Bytes(usize, [usize; 3]),
}

struct Header {
    width: u32,
    height: u32,
    from_top: bool,
    bits: usize,
    kind: Kind,
    /// Entries of blue, green, red.
    palette: Vec<[u8; 3]>,
    /// Where pixels begin.
    at: usize,
}

/// Bits of each pixel 1, 4, 8 (palettes, also as runs), 16, 24 and 32; alpha is dropped.
pub(super) fn decode(bytes: &[u8]) -> Result<Rgb, Fault> {
    let header = header(bytes)?;
    let (width, height) = (header.width, header.height);
    limits::check(width, height, 3)?;
    let (columns, rows) = (width as usize, height as usize);
    let body = bytes.get(header.at..).ok_or(Fault::Truncated)?;
    // A row takes whole words of four bytes.
    let row_len = (columns * header.bits).div_ceil(32) * 4;
    let indices;
    let (row_len, body) = match header.kind {
        Kind::Runs { four } => {
            indices = bmp_runs::indices(body, columns, rows, four)?;
            (columns, &indices[..])
        }
        _ => (row_len, body.get(..row_len * rows).ok_or(Fault::Truncated)?),
    };
    let mut pixels = vec![0; columns * rows * 3];
    for (number, row) in body.chunks(row_len).enumerate() {
        let y = if header.from_top { number } else { rows - 1 - number };
        for (x, pixel) in pixels[y * columns * 3..][..columns * 3].chunks_exact_mut(3).enumerate() {
            pixel.copy_from_slice(&header.colour(row, x));
        }
    }
    Ok(Rgb { width, height, pixels })
}

pub(super) fn dimensions(bytes: &[u8]) -> Result<[u32; 2], Fault> {
    header(bytes).map(|header| [header.width, header.height])
}

impl Header {
    /// Pixel x of a row.
    fn colour(&self, row: &[u8], x: usize) -> [u8; 3] {
        match self.kind {
            Kind::Runs { .. } => self.entry(row[x]),
            Kind::Indices(bits) => {
                let bit = x * bits;
                self.entry(row[bit / 8] >> (8 - bits - bit % 8) & (0xff >> (8 - bits)))
            }
            Kind::Words(channels) => {
                let word = u32::from(u16::from_le_bytes([row[2 * x], row[2 * x + 1]]));
                channels.map(|(shift, bits)| ((word >> shift & ((1 << bits) - 1)) * 255 / ((1 << bits) - 1)) as u8)
            }
            Kind::Bytes(len, places) => places.map(|place| row[len * x + place]),
        }
    }

    /// A colour of the palette; black past its end, as in PIL.
    fn entry(&self, index: u8) -> [u8; 3] {
        let [blue, green, red] = self.palette.get(usize::from(index)).copied().unwrap_or_default();
        [red, green, blue]
    }
}

fn header(bytes: &[u8]) -> Result<Header, Fault> {
    let word =
        |at: usize| bytes.get(at..at + 2).map(|b| u32::from(u16::from_le_bytes([b[0], b[1]]))).ok_or(Fault::Truncated);
    let long = |at: usize| Ok::<_, Fault>(word(at)? | word(at + 2)? << 16);
    let (pixels_at, size) = (long(10)? as usize, long(14)? as usize);
    let unread = |what: &str| Fault::Undecodable(format!("it is a bitmap of {what}, which is not read"));
    if !matches!(size, 12 | 40 | 52 | 56 | 64 | 108 | 124) {
        return Err(unread(&format!("a header of {size} bytes")));
    }
    let old = size == 12;
    let (width, height, bits) =
        if old { (word(18)?, word(20)? as i32, word(24)?) } else { (long(18)?, long(22)? as i32, word(28)?) };
    let (compression, colours) = if old { (0, 0) } else { (long(30)?, long(46)?) };
    let mask = |at: usize| long(54 + 4 * at);
    let (bits, from_top) = (bits as usize, height < 0);
    let kind = match (bits, compression) {
        (1 | 4 | 8, 0) => Kind::Indices(bits),
        (8, 1) | (4, 2) => Kind::Runs { four: bits == 4 },
        (16, 0) => Kind::Words([(10, 5), (5, 5), (0, 5)]),
        (24 | 32, 0) => Kind::Bytes(bits / 8, [2, 1, 0]),
        (16 | 24 | 32, 3) => {
            let masks = [mask(0)?, mask(1)?, mask(2)?];
            by_masks(bits, masks).ok_or_else(|| unread(&format!("{bits} bits with the masks {masks:x?}")))?
        }
        _ => return Err(unread(&format!("{bits} bits and compression {compression}"))),
    };
    let (entry, mut palette_at) = (if old { 3 } else { 4 }, 14 + size);
    if size == 40 && compression == 3 {
        palette_at += 12;
    }
    let palette_len = if bits > 8 {
        0
    } else if colours == 0 {
        1 << bits
    } else {
        colours as usize
    };
    if palette_len > 65_536 {
        return Err(unread(&format!("a palette of {palette_len} colours")));
    }
    // PIL takes pixels that would begin where the palette does for such after it.
    let at = if pixels_at == 14 + size && bits <= 8 { pixels_at + entry * palette_len } else { pixels_at };
    let entries = bytes.get(palette_at..palette_at + entry * palette_len).ok_or(Fault::Truncated)?;
    let palette = entries.chunks_exact(entry).map(|entry| [entry[0], entry[1], entry[2]]).collect();
    let at = if at == 0 { palette_at + entries.len() } else { at };
    Ok(Header { width, height: height.unsigned_abs(), from_top, bits, kind, palette, at })
}

/// The layouts by masks of red, green and blue that PIL knows; None for another.
fn by_masks(bits: usize, masks: [u32; 3]) -> Option<Kind> {
    Some(match (bits, masks) {
        (16, [0xf800, 0x7e0, 0x1f]) => Kind::Words([(11, 5), (5, 6), (0, 5)]),
        (16, [0x7c00, 0x3e0, 0x1f]) => Kind::Words([(10, 5), (5, 5), (0, 5)]),
        (24 | 32, [0x00ff_0000, 0xff00, 0xff]) | (32, [0, 0, 0]) => Kind::Bytes(bits / 8, [2, 1, 0]),
        (32, [0xff00_0000, 0x00ff_0000, 0xff00]) => Kind::Bytes(4, [3, 2, 1]),
        (32, [0xff00_0000, 0xff00, 0xff]) => Kind::Bytes(4, [3, 1, 0]),
        (32, [0xff, 0xff00, 0x00ff_0000]) => Kind::Bytes(4, [0, 1, 2]),
        _ => return None,
    })
}
