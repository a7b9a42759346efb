"""Reads what strata exported as programs of others do: `read_export.py MODEL.onnx TENSORS.safetensors IMAGES.json`.

The model goes through onnx.checker with shape inference, and gives scores in ONNX Runtime and in onnx's own reference
evaluator. Prints one JSON object: the scores of each, and the shape and sum of each tensor of the safetensors file, which
is read here by its format alone.
"""

import json
import struct
import sys

import numpy as np
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator

model, tensors, images = sys.argv[1:]
proto = onnx.load(model)
onnx.checker.check_model(proto, full_check=True)
pixels = np.array(json.load(open(images)), dtype=np.float32)
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
out = {
    "onnxruntime": session.run(["scores"], {"pixels": pixels})[0].tolist(),
    "reference": ReferenceEvaluator(proto).run(["scores"], {"pixels": pixels})[0].tolist(),
}
data = open(tensors, "rb").read()
(length,) = struct.unpack("<Q", data[:8])
header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
header.pop("__metadata__", None)
values = {k: np.frombuffer(body[slice(*v["data_offsets"])], "<f4").reshape(v["shape"]) for k, v in header.items()}
out["tensors"] = {name: [list(value.shape), float(value.sum(dtype=np.float64))] for name, value in values.items()}
print(json.dumps(out))
