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
from onnx.reference.op_run import OpRun


class LRN(OpRun):
    """LRN by the operator's definition. The evaluator's own walks over as many channels as there are images."""

    op_domain = ""

    def _run(self, x, alpha=None, beta=None, bias=None, size=None):
        before, after = (size - 1) // 2, size // 2
        padded = np.pad(np.square(x), ((0, 0), (before, after), (0, 0), (0, 0)))
        sums = sum(padded[:, tap : tap + x.shape[1]] for tap in range(size))
        return ((x / (bias + alpha / size * sums) ** beta).astype(x.dtype),)


model, tensors, images = sys.argv[1:]
proto = onnx.load(model)
onnx.checker.check_model(proto, full_check=True)
pixels = np.array(json.load(open(images)), dtype=np.float32)
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
out = {
    "onnxruntime": session.run(["scores"], {"pixels": pixels})[0].tolist(),
    "reference": ReferenceEvaluator(proto, new_ops=[LRN]).run(["scores"], {"pixels": pixels})[0].tolist(),
}
data = open(tensors, "rb").read()
(length,) = struct.unpack("<Q", data[:8])
header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
header.pop("__metadata__", None)
values = {k: np.frombuffer(body[slice(*v["data_offsets"])], "<f4").reshape(v["shape"]) for k, v in header.items()}
out["tensors"] = {name: [list(value.shape), float(value.sum(dtype=np.float64))] for name, value in values.items()}
print(json.dumps(out))
