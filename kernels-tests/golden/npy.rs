//! NumPy's `.npy` files, formats 1.0 and 2.0, in C order and little-endian.

use std::path::Path;

/// The most bytes of a file: 256 MiB, many times the largest golden case.
pub const MAX_FILE: u64 = 256 << 20;

/// The elements of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    F32(Vec<f32>),
    F64(Vec<f64>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    Bool(Vec<bool>),
    U8(Vec<u8>),
}

/// An array.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    pub shape: Vec<usize>,
    pub data: Data,
}

impl Array {
    /// Reads a file; the message names it.
    pub fn read(path: &Path) -> Result<Self, String> {
        let bytes = strata::host::bounded::read(path, MAX_FILE).map_err(|e| format!("{}: {e}", path.display()))?;
        Self::parse(&bytes).map_err(|e| format!("{}: {e}", path.display()))
    }

    /// Reads the bytes of a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() < 12 || &bytes[..6] != b"\x93NUMPY" {
            return Err("no NumPy file".into());
        }
        let (start, len) = match (bytes[6], bytes[7]) {
            (1, 0) => (10, usize::from(u16::from_le_bytes([bytes[8], bytes[9]]))),
            (2, 0) => (12, u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]) as usize),
            (major, minor) => return Err(format!("NumPy format {major}.{minor}; 1.0 and 2.0 are read")),
        };
        let header = bytes.get(start..start + len).ok_or("the header is cut off")?;
        let header = std::str::from_utf8(header).map_err(|_| "the header is no text")?;
        if field(header, "fortran_order")? != "False" {
            return Err("Fortran order; C order is read".into());
        }
        let shape = shape(field(header, "shape")?)?;
        let count = shape.iter().try_fold(1_usize, |product, &side| product.checked_mul(side));
        let body = &bytes[start + len..];
        let descr = field(header, "descr")?.trim_matches(['\'', '"']).to_owned();
        let size = match descr.as_str() {
            "<f4" | "<i4" => 4,
            "<f8" | "<i8" => 8,
            "|b1" | "|u1" => 1,
            other => return Err(format!("elements {other}; <f4, <f8, <i4, <i8, |b1 and |u1 are read")),
        };
        let expected = count.and_then(|count| count.checked_mul(size));
        if expected != Some(body.len()) {
            let expected = expected.map_or_else(|| "more than can be counted".into(), |bytes| bytes.to_string());
            return Err(format!("{} bytes of elements, expected {expected}", body.len()));
        }
        let data = match descr.as_str() {
            "<f4" => Data::F32(body.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect()),
            "<f8" => Data::F64(body.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b)).collect()),
            "<i4" => Data::I32(body.as_chunks().0.iter().map(|&b| i32::from_le_bytes(b)).collect()),
            "<i8" => Data::I64(body.as_chunks().0.iter().map(|&b| i64::from_le_bytes(b)).collect()),
            "|b1" => Data::Bool(body.iter().map(|&b| b != 0).collect()),
            _ => Data::U8(body.to_vec()),
        };
        Ok(Self { shape, data })
    }

    /// The name of the elements, as `attributes.json` spells it.
    pub const fn dtype(&self) -> &'static str {
        match self.data {
            Data::F32(_) => "float32",
            Data::F64(_) => "float64",
            Data::I32(_) => "int32",
            Data::I64(_) => "int64",
            Data::Bool(_) => "bool",
            Data::U8(_) => "uint8",
        }
    }

    /// Single-precision elements: what operations are given.
    pub fn f32s(&self) -> Result<&[f32], String> {
        match &self.data {
            Data::F32(values) => Ok(values),
            _ => Err(format!("{} elements, expected float32", self.dtype())),
        }
    }

    /// Any elements, widened without loss: what results are compared with.
    pub fn wide(&self) -> Vec<f64> {
        match &self.data {
            Data::F32(v) => v.iter().map(|&v| f64::from(v)).collect(),
            Data::F64(v) => v.clone(),
            Data::I32(v) => v.iter().map(|&v| f64::from(v)).collect(),
            Data::I64(v) => v.iter().map(|&v| v as f64).collect(),
            Data::Bool(v) => v.iter().map(|&v| f64::from(u8::from(v))).collect(),
            Data::U8(v) => v.iter().map(|&v| f64::from(v)).collect(),
        }
    }

    /// Whole numbers that are not negative: labels and masks, whatever they are stored as.
    pub fn words(&self) -> Result<Vec<u32>, String> {
        let word = |v: f64| {
            if v >= 0.0 && v.fract() == 0.0 && v <= f64::from(u32::MAX) {
                Ok(v as u32)
            } else {
                Err(format!("{v} is no label and no mask"))
            }
        };
        self.wide().into_iter().map(word).collect()
    }

    /// The only element.
    pub fn scalar(&self) -> Result<f64, String> {
        match self.wide()[..] {
            [value] => Ok(value),
            _ => Err(format!("shape {:?}, expected one element", self.shape)),
        }
    }
}

fn field<'a>(header: &'a str, key: &str) -> Result<&'a str, String> {
    let at = header.find(&format!("'{key}'")).ok_or(format!("the header has no {key}"))?;
    let rest = header[at + key.len() + 2..].trim_start_matches([':', ' ']);
    let end = if rest.starts_with('(') { rest.find(')').map(|e| e + 1) } else { rest.find([',', '}']) };
    Ok(rest[..end.ok_or(format!("the header's {key} has no end"))?].trim())
}

fn shape(text: &str) -> Result<Vec<usize>, String> {
    let inside = text.trim_matches(['(', ')']);
    let sides = inside.split(',').map(str::trim).filter(|side| !side.is_empty());
    sides.map(|side| side.parse().map_err(|_| format!("a side of {side:?}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(version: u8, header: &str, body: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY".to_vec();
        bytes.extend([version, 0]);
        match version {
            1 => bytes.extend((header.len() as u16).to_le_bytes()),
            _ => bytes.extend((header.len() as u32).to_le_bytes()),
        }
        bytes.extend(header.as_bytes());
        bytes.extend(body);
        bytes
    }

    #[test]
    fn both_formats_and_every_kind_of_shape_are_read() {
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }\n";
        let body = [1.0_f32.to_le_bytes(), (-2.5_f32).to_le_bytes()].concat();
        for version in [1, 2] {
            let array = Array::parse(&file(version, header, &body)).unwrap();
            assert_eq!(array, Array { shape: vec![2, 1], data: Data::F32(vec![1.0, -2.5]) });
        }
        let scalar = file(1, "{'descr': '<i8', 'fortran_order': False, 'shape': (), }", &7_i64.to_le_bytes());
        assert_eq!(Array::parse(&scalar).unwrap().scalar(), Ok(7.0));
        let vector = file(1, "{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }", &[1, 0, 1]);
        assert_eq!(Array::parse(&vector).unwrap().words(), Ok(vec![1, 0, 1]));
    }

    #[test]
    fn what_is_not_read_is_refused_by_name() {
        let half = file(1, "{'descr': '<f2', 'fortran_order': False, 'shape': (1,), }", &[0, 0]);
        assert!(Array::parse(&half).unwrap_err().contains("<f2"));
        let fortran = file(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", &[0; 4]);
        assert!(Array::parse(&fortran).unwrap_err().contains("Fortran"));
        let big = file(1, "{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", &[0; 4]);
        assert!(Array::parse(&big).unwrap_err().contains(">f4"));
        let short = file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", &[0; 4]);
        assert!(Array::parse(&short).unwrap_err().contains("4 bytes"));
        // A product of sides that wraps around to the length that is there.
        let sides = format!("{}, {}", 1_u64 << 32, 1_u64 << 32);
        let wraps = file(1, &format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({sides}), }}"), &[]);
        assert!(Array::parse(&wraps).unwrap_err().contains("more than can be counted"));
        assert!(Array::parse(&file(3, "{}", &[])).unwrap_err().contains("3.0"));
        assert!(Array::parse(b"PK").is_err());
    }
}
