"""Writes tests/exchange/files: one small net with distinct weights in every container that strata reads, and the scores
that PyTorch gives images, from their bytes.

Needs torch and numpy; scripts/exchange installs them and runs it. The same versions give the same bytes but for the
zip archives, whose entries torch names by their file. Everything that is not torch's own is written here by hand, by the
numbers of caffe.proto, onnx.proto and the safetensors format.
"""

import json
import pathlib
import struct
import sys
from collections import OrderedDict

import numpy as np
import torch
from torch import nn

OUT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "files")
OUT.mkdir(parents=True, exist_ok=True)
STORED, SIDE = 15, 13
MEAN, STD = [120.0, 110.0, 100.0], [60.0, 55.0, 50.0]
random = np.random.default_rng(20141106)


def net():
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, 8, 3, stride=2),
            relu1=nn.ReLU(),
            norm1=nn.LocalResponseNorm(5, alpha=0.02, beta=0.75),
            pool1=nn.MaxPool2d(3, 2, ceil_mode=True),
            conv2=nn.Conv2d(8, 6, 3, padding=1, groups=2),
            relu2=nn.ReLU(),
            flatten=nn.Flatten(),
            fc6=nn.Linear(54, 10),
            relu6=nn.ReLU(),
            drop6=nn.Dropout(),
            fc7=nn.Linear(10, 10),
            relu7=nn.ReLU(),
            fc8=nn.Linear(10, 5),
        )
    ).eval()


model = net()
with torch.no_grad():
    for parameter in model.parameters():
        scale = 0.8 / np.sqrt(max(1, np.prod(parameter.shape[1:])))
        parameter.copy_(torch.from_numpy(random.normal(0.05 * scale, scale, parameter.shape)))
state = model.state_dict()
weights = {name: value.numpy() for name, value in state.items()}
images = random.integers(0, 256, (4, 3, STORED, STORED), dtype=np.uint8)
mean_image = random.uniform(90, 140, (3, STORED, STORED)).astype(np.float32)


def centre(x):
    at = (STORED - SIDE) // 2
    return x[..., at : at + SIDE, at : at + SIDE]


def scores(model, inputs):
    with torch.no_grad():
        return model.double()(torch.from_numpy(np.ascontiguousarray(inputs, dtype=np.float64))).numpy().tolist()


column = lambda values: np.array(values)[:, None, None]
by_channel = (centre(images).astype(np.float64) - column(MEAN)) / column(STD)
by_image = centre(images.astype(np.float64) - mean_image) * 0.02
expected = {
    "images": images.reshape(4, -1).tolist(),
    "mean": MEAN,
    "std": STD,
    "scale": 0.02,
    "by_channel": scores(model, by_channel),
    "by_image": scores(model, by_image),
}
model.float()
# A network of Caffe reads blue, green, red. What it makes of an image is computed by its own first layer here.
caffe = net()
caffe.load_state_dict(state)
with torch.no_grad():
    caffe.conv1.weight.copy_(state["conv1.weight"].flip(1))
assert np.allclose(scores(caffe, by_image[:, ::-1]), expected["by_image"], atol=1e-12)
bgr = {name: value.float().numpy() for name, value in caffe.state_dict().items()}

# PyTorch's own containers.
torch.save(state, OUT / "zip.pth")
torch.save(state, OUT / "stream.pth", _use_new_zipfile_serialization=False)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
model(torch.from_numpy(by_channel).float()).sum().backward()
optimizer.step()
wrapped = OrderedDict((f"module.{name}", value) for name, value in net().state_dict().items())
for name in wrapped:
    wrapped[name] = torch.from_numpy(weights[name.removeprefix("module.")].copy())
torch.save({"epoch": 3, "state_dict": wrapped, "optimizer": optimizer.state_dict()}, OUT / "checkpoint.pth")
numbered = nn.Sequential(OrderedDict(features=nn.Sequential(*list(model)[:6]), classifier=nn.Sequential(*list(model)[7:])))
names = list(numbered.state_dict())
assert names[0] == "features.0.weight" and names[-1] == "classifier.5.bias", names
own = [torch.from_numpy(weights[name].copy()) for name in weights]
torch.save(OrderedDict(zip(names, own)), OUT / "numbered.pth")


# Safetensors: eight bytes of length, a header in JSON, values.
def safetensors(path, tensors, kind="F32", dtype=np.float32):
    header, body = {}, b""
    for name, value in tensors.items():
        bytes_ = np.ascontiguousarray(value, dtype=dtype).tobytes()
        header[name] = {"dtype": kind, "shape": list(value.shape), "data_offsets": [len(body), len(body) + len(bytes_)]}
        body += bytes_
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


safetensors(OUT / "own.safetensors", weights)
safetensors(OUT / "half.safetensors", weights, "F16", np.float16)


# TensorFlow's way: HWIO, [in, out], features pixel by pixel.
def tensorflow(name, value):
    if value.ndim == 4:
        return value.transpose(2, 3, 1, 0)
    if name == "fc6.weight":
        value = value.reshape(10, 6, 3, 3).transpose(0, 2, 3, 1).reshape(10, 54)
    return value.T if value.ndim == 2 else value


words = {"weight": "kernel:0", "bias": "bias:0"}
renamed = {f"{name.split('.')[0]}/{words[name.split('.')[1]]}": tensorflow(name, v) for name, v in weights.items()}
safetensors(OUT / "tensorflow.safetensors", renamed)


# Protobuf: a tag is the field's number and its type, 0 for a number, 2 for bytes of a length, 5 for four bytes.
def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def blob(value, legacy=False):
    data = field(5, np.ascontiguousarray(value, dtype=np.float32).tobytes())
    if legacy:
        sides = [1] * (4 - value.ndim) + list(value.shape)
        return b"".join(field(number, side) for number, side in zip((1, 2, 3, 4), sides)) + data
    return data + field(7, field(1, b"".join(map(varint, value.shape))))


def caffemodel(v1):
    type_, blobs_, layer_, conv_, lrn_, pool_ = (5, 6, 2, 10, 18, 19) if v1 else (2, 7, 100, 106, 118, 121)
    name_ = 4 if v1 else 1
    types = {"Convolution": 4, "InnerProduct": 14, "LRN": 15, "Pooling": 17, "ReLU": 18, "Data": 5}
    lrn = field(1, 5) + field(2, 0.02) + field(3, 0.75)
    pool = field(1, 0) + field(2, 3) + field(3, 2)
    layers = [("data", "Data", b""), ("conv1", "Convolution", field(conv_, field(1, 8) + field(4, 3) + field(6, 2)))]
    layers += [("relu1", "ReLU", b""), ("norm1", "LRN", field(lrn_, lrn)), ("pool1", "Pooling", field(pool_, pool))]
    layers += [("conv2", "Convolution", field(conv_, field(1, 6) + field(3, 1) + field(4, 3) + field(5, 2)))]
    layers += [(name, "InnerProduct", b"") for name in ("fc6", "fc7", "fc8")]
    out = field(1, "small")
    for name, kind, more in layers:
        layer = field(name_, name) + field(type_, types[kind] if v1 else kind) + more
        for part in ("weight", "bias"):
            if f"{name}.{part}" in bgr:
                layer += field(blobs_, blob(bgr[f"{name}.{part}"], legacy=v1))
        out += field(layer_, layer)
    return out


(OUT / "new.caffemodel").write_bytes(caffemodel(False))
(OUT / "old.caffemodel").write_bytes(caffemodel(True))
(OUT / "mean.binaryproto").write_bytes(blob(mean_image[::-1][None], legacy=True))


# ONNX.
def tensor(name, value, raw=True):
    dims = b"".join(field(1, side) for side in value.shape)
    value = np.ascontiguousarray(value, dtype=np.float32).tobytes()
    return dims + field(2, 1) + field(8, name) + field(9 if raw else 4, value)


def node(op, inputs, output, **attributes):
    out = b"".join(field(1, name) for name in inputs) + field(2, output) + field(3, output) + field(4, op)
    for name, value in attributes.items():
        if isinstance(value, list):
            kind, value = 7, b"".join(field(8, number) for number in value)
        else:
            kind, value = (1, field(2, value)) if isinstance(value, float) else (2, field(3, value))
        out += field(5, field(1, name) + value + field(20, kind))
    return out


def info(name, sides):
    shape = b"".join(field(1, field(1, side)) for side in sides)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))


def onnx(raw, products):
    """`products`: dense layers as Gemm with transB = 1, as Gemm without it, or as MatMul and Add."""
    nodes = [
        node("Conv", ["x", "conv1_w_0", "conv1_b_0"], "c1", kernel_shape=[3, 3], strides=[2, 2]),
        node("Relu", ["c1"], "r1"),
        node("LRN", ["r1"], "n1", size=5, alpha=0.02, beta=0.75, bias=1.0),
        node("MaxPool", ["n1"], "p1", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
        node("Conv", ["p1", "conv2_w_0", "conv2_b_0"], "c2", kernel_shape=[3, 3], pads=[1, 1, 1, 1], group=2),
        node("Relu", ["c2"], "r2"),
        node("Flatten", ["r2"], "f", axis=1),
    ]
    tensors, last = [], "f"
    for name, value in weights.items():
        layer, part = name.split(".")
        short = f"{layer}_{part[0]}_0"
        if layer.startswith("fc") and part == "weight":
            if products != "transB":
                value = value.T
            bias, output = f"{layer}_b_0", layer if layer == "fc8" else f"{layer}_out"
            if products == "matmul":
                nodes += [node("MatMul", [last, short], f"{layer}_m"), node("Add", [f"{layer}_m", bias], output)]
            else:
                more = {"transB": 1} if products == "transB" else {}
                nodes.append(node("Gemm", [last, short, bias], output, **more))
            if layer != "fc8":
                nodes.append(node("Relu", [output], f"{layer}_r"))
                last = f"{layer}_r"
        tensors.append(tensor(short, value, raw))
    graph = b"".join(field(1, n) for n in nodes) + field(2, "small") + b"".join(field(5, t) for t in tensors)
    graph += field(11, info("x", [1, 3, SIDE, SIDE])) + field(12, info("fc8", [1, 5]))
    return field(1, 8) + field(2, "make_files.py") + field(7, graph) + field(8, field(1, "") + field(2, 17))


(OUT / "raw.onnx").write_bytes(onnx(True, "transB"))
(OUT / "gemm.onnx").write_bytes(onnx(False, "gemm"))
(OUT / "matmul.onnx").write_bytes(onnx(True, "matmul"))


# Batch normalisation with and without a weight and a bias, and with statistics of its own.
normed = nn.Sequential(
    OrderedDict(
        conv1=nn.Conv2d(3, 6, 3, stride=2, bias=False),
        bn1=nn.BatchNorm2d(6, eps=0.001),
        relu1=nn.ReLU(),
        conv2=nn.Conv2d(6, 5, 3, bias=False),
        bn2=nn.BatchNorm2d(5, affine=False),
        relu2=nn.ReLU(),
        flatten=nn.Flatten(),
        fc3=nn.Linear(80, 4),
    )
).eval()
with torch.no_grad():
    for parameter in normed.parameters():
        scale = 0.8 / np.sqrt(max(1, np.prod(parameter.shape[1:])))
        parameter.copy_(torch.from_numpy(random.normal(0.05 * scale, scale, parameter.shape)))
    for norm in (normed.bn1, normed.bn2):
        norm.running_mean.copy_(torch.from_numpy(random.normal(0, 0.5, norm.running_mean.shape)))
        norm.running_var.copy_(torch.from_numpy(random.uniform(0.2, 2, norm.running_var.shape)))
        norm.num_batches_tracked.fill_(7)
state = normed.state_dict()
expected["normed"] = scores(normed, by_channel)
normed.float()
torch.save(state, OUT / "normed.pth")
torch.save(state, OUT / "normed-stream.pth", _use_new_zipfile_serialization=False)
of_normed = {name: value.float().numpy() for name, value in state.items() if "num_" not in name}
safetensors(OUT / "normed.safetensors", of_normed)


def normed_caffemodel():
    """BatchNorm keeps sums and what they are divided by; its weight and bias are those of a Scale after it."""
    factor = np.float32(997.5)

    def layer(name, kind, bottom, top, more, blobs):
        out = field(1, name) + field(2, kind) + (field(3, bottom) if bottom else b"") + field(4, top) + more
        return field(100, out + b"".join(field(7, blob(np.asarray(b))) for b in blobs))

    def norm(name, blob_name, eps):
        sums = [of_normed[f"{name}.running_{part}"].astype(np.float64) * factor for part in ("mean", "var")]
        return layer(name, "BatchNorm", blob_name, blob_name, field(139, field(3, eps)), [*sums, [factor]])

    out = field(1, "normed") + layer("data", "Data", None, "data", b"", [])
    conv = field(106, field(4, 3) + field(6, 2))
    out += layer("conv1", "Convolution", "data", "conv1", conv, [of_normed["conv1.weight"][:, ::-1]])
    out += norm("bn1", "conv1", 0.001)
    out += layer("scale1", "Scale", "conv1", "conv1", b"", [of_normed["bn1.weight"], of_normed["bn1.bias"]])
    out += layer("relu1", "ReLU", "conv1", "conv1", b"", [])
    out += layer("conv2", "Convolution", "conv1", "conv2", field(106, field(4, 3)), [of_normed["conv2.weight"]])
    out += norm("bn2", "conv2", 1e-5)
    out += layer("relu2", "ReLU", "conv2", "conv2", b"", [])
    return out + layer("fc3", "InnerProduct", "conv2", "fc3", b"", [of_normed["fc3.weight"], of_normed["fc3.bias"]])


def normed_onnx():
    # ONNX has no normalisation without a weight and a bias.
    values = {**of_normed, "bn2.weight": np.ones(5), "bn2.bias": np.zeros(5)}
    parts = lambda name: [f"{name}.{part}" for part in ("weight", "bias", "running_mean", "running_var")]
    nodes = [
        node("Conv", ["x", "conv1.weight"], "c1", kernel_shape=[3, 3], strides=[2, 2]),
        node("BatchNormalization", ["c1", *parts("bn1")], "n1", epsilon=0.001),
        node("Relu", ["n1"], "r1"),
        node("Conv", ["r1", "conv2.weight"], "c2", kernel_shape=[3, 3]),
        node("BatchNormalization", ["c2", *parts("bn2")], "n2"),
        node("Relu", ["n2"], "r2"),
        node("Flatten", ["r2"], "f", axis=1),
        node("Gemm", ["f", "fc3.weight", "fc3.bias"], "fc3", transB=1),
    ]
    tensors = [tensor(name, np.asarray(value)) for name, value in values.items()]
    graph = b"".join(field(1, n) for n in nodes) + field(2, "normed") + b"".join(field(5, t) for t in tensors)
    graph += field(11, info("x", [1, 3, SIDE, SIDE])) + field(12, info("fc3", [1, 4]))
    return field(1, 8) + field(2, "make_files.py") + field(7, graph) + field(8, field(1, "") + field(2, 17))


(OUT / "normed.caffemodel").write_bytes(normed_caffemodel())
(OUT / "normed.onnx").write_bytes(normed_onnx())
(OUT / "expected.json").write_text(json.dumps(expected) + "\n")
