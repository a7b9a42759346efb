//! Looks through a pickle before it is read: its opcodes, what it names, and how much it would make.
//!
//! Nothing is built and nothing is run here. A pickle passes that has only opcodes which `torch.save` writes in its
//! default protocol, and names only what a state dict or a plain module needs; `pytorch-reader` then reads it.
//! Opcodes: `pickletools` of Python's library.

/// The most opcodes of a file's pickles: each can become an object of some hundred bytes. A state dict has about
/// thirty a tensor.
pub const MAX_OPCODES: usize = 400_000;

/// Modules and names that a pickle of tensors may have. What they stand for is read as data.
const ALLOWED: [(&str, &str); 24] = [
    ("collections", "OrderedDict"),
    ("torch._utils", "_rebuild_tensor"),
    ("torch._utils", "_rebuild_tensor_v2"),
    ("torch._utils", "_rebuild_parameter"),
    ("torch._tensor", "_rebuild_from_type_v2"),
    ("torch", "Tensor"),
    ("torch", "Size"),
    ("torch", "device"),
    ("torch", "FloatStorage"),
    ("torch", "DoubleStorage"),
    ("torch", "HalfStorage"),
    ("torch", "BFloat16Storage"),
    ("torch", "LongStorage"),
    ("torch", "IntStorage"),
    ("torch", "ShortStorage"),
    ("torch", "CharStorage"),
    ("torch", "ByteStorage"),
    ("torch", "BoolStorage"),
    ("torch.nn.parameter", "Parameter"),
    ("torch.nn", "Parameter"),
    ("torch", "float32"),
    ("torch", "float16"),
    ("__builtin__", "set"),
    ("builtins", "set"),
];

/// Why a pickle does not pass.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is not a pickle, or is cut off.
    Damaged(String),
    /// It names what no state dict needs.
    Code(String),
    /// It has more opcodes than [`MAX_OPCODES`].
    Opcodes,
}

/// What was seen in the pickles of a file.
#[derive(Debug, Default)]
pub struct Seen {
    /// Texts in the order in which they stand: the names of tensors among them.
    pub texts: Vec<String>,
    opcodes: usize,
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Refusal> {
        let end = self.at.checked_add(count).filter(|&end| end <= self.bytes.len());
        let end = end.ok_or_else(|| Refusal::Damaged(format!("its pickle is cut off at byte {}", self.bytes.len())))?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn number(&mut self, width: usize) -> Result<usize, Refusal> {
        let bytes = self.take(width)?;
        Ok(bytes.iter().rev().fold(0, |number, &byte| number << 8 | usize::from(byte)))
    }

    fn line(&mut self) -> Result<String, Refusal> {
        let rest = &self.bytes[self.at..];
        let Some(length) = rest.iter().take(4096).position(|&byte| byte == b'\n') else {
            return Err(Refusal::Damaged(format!("its pickle has no end of line after byte {}", self.at)));
        };
        self.at += length + 1;
        Ok(String::from_utf8_lossy(&rest[..length]).into_owned())
    }
}

impl Seen {
    /// Looks through one pickle from its start to its `STOP`, and returns its length.
    ///
    /// # Errors
    /// The first reason for which it does not pass.
    pub fn pickle(&mut self, bytes: &[u8]) -> Result<usize, Refusal> {
        let mut cursor = Cursor { bytes, at: 0 };
        loop {
            self.opcodes += 1;
            if self.opcodes > MAX_OPCODES {
                return Err(Refusal::Opcodes);
            }
            let at = cursor.at;
            match cursor.take(1)?[0] {
                // PROTO
                0x80 => {
                    let protocol = cursor.number(1)?;
                    if protocol != 2 {
                        let reason = format!("it has pickle protocol {protocol}, expected 2, torch.save's default");
                        return Err(Refusal::Damaged(reason));
                    }
                }
                // STOP
                b'.' => return Ok(cursor.at),
                // GLOBAL
                b'c' => {
                    let (module, name) = (cursor.line()?, cursor.line()?);
                    let of_torch = module.starts_with("torch.nn.modules.");
                    if !of_torch && !ALLOWED.contains(&(&module, &name)) {
                        return Err(Refusal::Code(format!("{module}.{name}")));
                    }
                }
                // MARK, EMPTY_TUPLE, EMPTY_LIST, EMPTY_DICT, TUPLE, TUPLE1 to TUPLE3, LIST, DICT, NONE, NEWTRUE,
                // NEWFALSE, POP, POP_MARK, DUP, APPEND, APPENDS, SETITEM, SETITEMS, BINPERSID, REDUCE,
                // BUILD, NEWOBJ
                b'(' | b')' | b']' | b'}' | b't' | 0x85..=0x87 | b'l' | b'd' | b'N' | 0x88 | 0x89 => {}
                b'0' | b'1' | b'2' | b'a' | b'e' | b's' | b'u' | b'Q' | b'R' | b'b' | 0x81 => {}
                // BININT1, BINGET, BINPUT; BININT2; BININT, LONG_BINGET, LONG_BINPUT; BINFLOAT
                b'K' | b'h' | b'q' => drop(cursor.take(1)?),
                b'M' => drop(cursor.take(2)?),
                b'J' | b'j' | b'r' => drop(cursor.take(4)?),
                b'G' => drop(cursor.take(8)?),
                // LONG1, LONG4
                0x8a => {
                    let length = cursor.number(1)?;
                    cursor.take(length)?;
                }
                0x8b => {
                    let length = cursor.number(4)?;
                    cursor.take(length)?;
                }
                // BINUNICODE and BINSTRING, SHORT_BINSTRING
                b'X' | b'T' => {
                    let length = cursor.number(4)?;
                    self.texts.push(String::from_utf8_lossy(cursor.take(length)?).into_owned());
                }
                b'U' => {
                    let length = cursor.number(1)?;
                    self.texts.push(String::from_utf8_lossy(cursor.take(length)?).into_owned());
                }
                // INST, OBJ, STACK_GLOBAL and NEWOBJ_EX call or name things in ways that torch.save does not use.
                opcode @ (b'i' | b'o' | 0x93 | 0x92) => {
                    return Err(Refusal::Code(format!("(opcode 0x{opcode:02x} at byte {at})")));
                }
                opcode => {
                    let reason =
                        format!("its pickle has the opcode 0x{opcode:02x} at byte {at}, which torch.save never writes");
                    return Err(Refusal::Damaged(reason));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_pickle_names_is_refused_by_name_unless_a_state_dict_needs_it() {
        let scan = |bytes: &[u8]| Seen::default().pickle(bytes);
        assert_eq!(scan(b"\x80\x02ccollections\nOrderedDict\n)R."), Ok(30));
        assert_eq!(
            scan(b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R."),
            Err(Refusal::Code("posix.system".into()))
        );
        assert!(matches!(scan(b"\x80\x02iposix\nsystem\n."), Err(Refusal::Code(_))));
        assert!(matches!(scan(b"\x80\x04\x8c\x05posix\x8c\x06system\x93."), Err(Refusal::Damaged(_))));
        assert!(matches!(scan(b"\x80\x02X\xff\xff\xff\xff"), Err(Refusal::Damaged(_))));
        assert_eq!(scan(&[b"\x80\x02".as_slice(), &[b')'; MAX_OPCODES]].concat()), Err(Refusal::Opcodes));
    }

    #[test]
    fn texts_come_in_their_order() {
        let mut seen = Seen::default();
        assert_eq!(seen.pickle(b"\x80\x02X\x01\x00\x00\x00bU\x01a."), Ok(12));
        assert_eq!(seen.texts, ["b", "a"]);
    }
}
