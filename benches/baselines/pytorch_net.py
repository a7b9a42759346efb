"""The nets of `nets/` as PyTorch modules, built from the same files, with the same names of layers and parameters."""

import collections
import json
import pathlib
import tomllib

import numpy
import torch
from torch import nn

NETS = pathlib.Path(__file__).resolve().parent.parent.parent / "nets"


def shipped():
    return sorted(path.stem for path in NETS.glob("*.toml"))


def pool_keys(layer):
    return {"stride": layer["stride"], "padding": layer.get("padding", 0), "ceil_mode": layer.get("ceil_mode", False)}


def module(layer, shape, alone):
    """The module of a layer that reads tensors of a shape; alone says whether nothing else reads its input."""
    kind = layer["type"]
    if kind == "conv2d":
        keys = {key: layer[key] for key in ("stride", "padding", "dilation", "groups", "bias") if key in layer}
        return nn.Conv2d(shape[0], layer["out_channels"], layer["kernel_size"], **keys)
    if kind == "dense":
        features = int(numpy.prod(shape))
        linear = nn.Linear(features, layer["out_features"])
        return linear if len(shape) == 1 else nn.Sequential(collections.OrderedDict(flatten=nn.Flatten(), dense=linear))
    if kind == "relu":
        return nn.ReLU(inplace=alone)
    if kind == "max_pool":
        return nn.MaxPool2d(layer["kernel_size"], **pool_keys(layer))
    if kind == "avg_pool" and layer.get("global"):
        return nn.AdaptiveAvgPool2d(1)
    if kind == "avg_pool":
        counted = layer.get("count_include_pad", True)
        return nn.AvgPool2d(layer["kernel_size"], count_include_pad=counted, **pool_keys(layer))
    if kind == "batch_norm":
        return nn.BatchNorm2d(shape[0], layer.get("eps", 1e-5), layer.get("momentum", 0.1))
    if kind == "lrn":
        return nn.LocalResponseNorm(layer["size"], layer["alpha"], layer["beta"], layer.get("k", 1.0))
    if kind == "dropout":
        return nn.Dropout(layer["ratio"])
    raise ValueError(f"a layer of type {kind}")


class Net(nn.Module):
    """A net of a file, with another number of classes where one is given."""

    def __init__(self, name, classes=None):
        super().__init__()
        net = tomllib.loads((NETS / f"{name}.toml").read_text())
        layers = net["layer"]
        if classes:
            layers[-1]["out_features"] = classes
        self.input, self.classes = tuple(net["input"]), layers[-1]["out_features"]
        read = []
        for layer, before in zip(layers, ["input", *(layer["name"] for layer in layers)]):
            read.append(layer.get("inputs", [before]))
        readers = collections.Counter(name for names in read for name in names)
        shapes = {"input": torch.zeros(1, *self.input)}
        self.names, self.steps = {}, []
        for at, (layer, inputs) in enumerate(zip(layers, read)):
            if layer["type"] == "add":
                made, key = torch.add, None
                shapes[layer["name"]] = shapes[inputs[0]]
            else:
                shape = shapes[inputs[0]].shape[1:]
                made = module(layer, shape, readers[inputs[0]] == 1 and inputs[0] != "input")
                key = f"layer{at}"
                self.add_module(key, made)
                self.names[layer["name"]] = made.dense if isinstance(made, nn.Sequential) else made
                with torch.no_grad():
                    shapes[layer["name"]] = made.eval()(shapes[inputs[0]].clone())
            self.steps.append((key, made if key is None else None, inputs, layer["name"]))
        self.train()

    def forward(self, images):
        values = {"input": images}
        for key, function, inputs, name in self.steps:
            call = function or getattr(self, key)
            values[name] = call(*(values[input_] for input_ in inputs))
        return values[name]

    def load(self, path):
        """Takes the weights of a safetensors file that strata has written."""
        data = pathlib.Path(path).read_bytes()
        length = int.from_bytes(data[:8], "little")
        with torch.no_grad():
            for name, about in json.loads(data[8:8 + length]).items():
                if name == "__metadata__":
                    continue
                start, end = (8 + length + offset for offset in about["data_offsets"])
                values = numpy.frombuffer(data[start:end], dtype="<f4").reshape(about["shape"])
                layer, parameter = name.rsplit(".", 1)
                getattr(self.names[layer], parameter).copy_(torch.from_numpy(values.copy()))
        return self
