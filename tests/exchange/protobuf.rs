//! A writer of protobuf messages, and of the layers of Caffe and the nodes of ONNX that tests put together, by the
//! numbers of caffe.proto and onnx.proto.

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 127 {
        bytes.push(number as u8 & 127 | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// A field of bytes, a text or a message.
pub fn field(number: u64, bytes: &[u8]) -> Vec<u8> {
    [varint(number << 3 | 2), varint(bytes.len() as u64), bytes.to_vec()].concat()
}

/// A field of one number.
pub fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

/// A field of one `f32`.
pub fn float(field: u64, value: f32) -> Vec<u8> {
    [varint(field << 3 | 5), value.to_le_bytes().to_vec()].concat()
}

/// The bytes of values.
pub fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// A blob of Caffe.
pub fn blob(shape: &[u8], values: &[f32]) -> Vec<u8> {
    [field(5, &bytes(values)), field(7, &field(1, shape))].concat()
}

/// A layer of Caffe with its blobs and its other fields; `reads` and `writes` may be empty.
pub fn caffe_layer_of(name: &str, kind: &str, [reads, writes]: [&str; 2], blobs: &[Vec<u8>], more: &[u8]) -> Vec<u8> {
    let named = |number: u64, blob: &str| if blob.is_empty() { Vec::new() } else { field(number, blob.as_bytes()) };
    let blobs: Vec<u8> = blobs.iter().flat_map(|blob| field(7, blob)).collect();
    let head = [field(1, name.as_bytes()), field(2, kind.as_bytes()), named(3, reads), named(4, writes)].concat();
    field(100, &[head, blobs, more.to_vec()].concat())
}

/// A layer of Caffe with vectors for blobs.
pub fn caffe_layer(name: &str, kind: &str, reads: &str, writes: &str, blobs: &[&[f32]]) -> Vec<u8> {
    let blobs: Vec<Vec<u8>> = blobs.iter().map(|values| blob(&[values.len() as u8], values)).collect();
    caffe_layer_of(name, kind, [reads, writes], &blobs, &[])
}

/// A node of ONNX with its attributes.
pub fn onnx_node(kind: &str, reads: &[&str], writes: &str, attributes: &[Vec<u8>]) -> Vec<u8> {
    let reads: Vec<u8> = reads.iter().flat_map(|read| field(1, read.as_bytes())).collect();
    let attributes: Vec<u8> = attributes.iter().flat_map(|attribute| field(5, attribute)).collect();
    field(1, &[reads, field(2, writes.as_bytes()), field(4, kind.as_bytes()), attributes].concat())
}

/// An attribute of ONNX: its name and its value's field.
pub fn onnx_attribute(name: &str, value: &[u8]) -> Vec<u8> {
    [field(1, name.as_bytes()), value.to_vec()].concat()
}

/// An initialiser of ONNX.
pub fn onnx_tensor(name: &str, shape: &[u64], values: &[f32]) -> Vec<u8> {
    let sides: Vec<u8> = shape.iter().flat_map(|&side| number(1, side)).collect();
    field(5, &[sides, number(2, 1), field(8, name.as_bytes()), field(9, &bytes(values))].concat())
}

/// A model of ONNX.
pub fn onnx_model(graph: &[Vec<u8>]) -> Vec<u8> {
    [number(1, 8), field(7, &graph.concat())].concat()
}
