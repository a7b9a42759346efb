//! The runs of bitmaps (RLE4 and RLE8).

use super::fault::Fault;

/// The indices of W x H pixels, rows in the order of the file. What a jump or the end of a line leaves out is 0.
pub(super) fn indices(body: &[u8], width: usize, height: usize, four: bool) -> Result<Vec<u8>, Fault> {
    let len = width * height;
    let mut indices = Vec::with_capacity(len);
    let (mut at, mut x) = (0, 0);
    let next = |at: &mut usize| {
        let byte = body.get(*at).copied().ok_or(Fault::Truncated)?;
        *at += 1;
        Ok::<_, Fault>(byte)
    };
    while indices.len() < len {
        let (count, value) = (usize::from(next(&mut at)?), next(&mut at)?);
        match (count, value) {
            (0, 0) => {
                indices.resize(indices.len().next_multiple_of(width), 0);
                x = 0;
            }
            (0, 1) => return Err(Fault::Undecodable("its runs end before its last row".into())),
            (0, 2) => {
                let (right, up) = (usize::from(next(&mut at)?), usize::from(next(&mut at)?));
                indices.resize((indices.len() + right + up * width).min(len), 0);
                x = indices.len() % width;
            }
            (0, count) => {
                let count = usize::from(count).min(len - indices.len());
                let bytes = if four { count.div_ceil(2) } else { count };
                let literal = body.get(at..at + bytes).ok_or(Fault::Truncated)?;
                if four {
                    indices.extend(literal.iter().flat_map(|byte| [byte >> 4, byte & 15]).take(count));
                } else {
                    indices.extend(literal);
                }
                x += usize::from(value);
                // Literals fill whole words of two bytes.
                at += bytes.next_multiple_of(2);
            }
            (count, value) => {
                // A run does not go on in the next row.
                let count = count.min(width.saturating_sub(x));
                let pair = if four { [value >> 4, value & 15] } else { [value; 2] };
                indices.extend((0..count).map(|i| pair[i % 2]));
                x += count;
            }
        }
    }
    indices.truncate(len);
    Ok(indices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_literals_jumps_and_ends_of_lines_are_read() {
        let eight = [3, 7, 0, 0, 0, 3, 1, 2, 3, 0, 0, 2, 1, 0, 2, 9, 0, 0];
        let expected = [7, 7, 7, 0, 1, 2, 3, 0, 9, 9, 0, 0];
        assert_eq!(indices(&eight, 4, 3, false), Ok(expected.to_vec()));
        let four = [3, 0x12, 0, 0, 0, 3, 0x45, 0x60, 0, 0];
        assert_eq!(indices(&four, 3, 2, true), Ok(vec![1, 2, 1, 4, 5, 6]));
        // A run stops at the end of its row; an end before the last row and bytes that run out are refused.
        assert_eq!(indices(&[9, 1, 0, 0, 9, 2], 2, 2, false), Ok(vec![1, 1, 2, 2]));
        assert!(matches!(indices(&[2, 1, 0, 1], 2, 2, false), Err(Fault::Undecodable(_))));
        assert_eq!(indices(&[2, 1, 0, 9, 1], 2, 2, false), Err(Fault::Truncated));
    }
}
