"""Compares strata with PyTorch, torchvision and ONNX Runtime on real files; scripts/exchange runs it.

`compare.py STRATA FOLDER`: the program, and a folder with `published`, the unpacked wheels.
"""

import json
import pathlib
import shutil
import struct
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import torch
import torchvision
from torch import nn

strata, work = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]).resolve()
here = pathlib.Path(__file__).parent
published, made = work / "published", work / "made"
shutil.rmtree(made, ignore_errors=True)
made.mkdir(parents=True)
torch.manual_seed(1)
random = np.random.default_rng(1)


def run(*args, status=0):
    done = subprocess.run([strata, *map(str, args)], capture_output=True, text=True)
    assert done.returncode == status, f"{args}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout if status == 0 else done.stderr


def close(what, ours, theirs, bound):
    """Holds scores to others: absolutely up to 1, and relative to the largest score where that is larger.

    In f32 a score of 63 has neighbours 3.8e-6 away, and sums of thousands of terms are several of these apart.
    """
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    largest, difference = float(np.abs(theirs).max()), float(np.abs(ours - theirs).max())
    relative = difference / max(1.0, largest)
    assert relative < bound, f"{what}: {difference} of {largest}, relative bound {bound}"
    print(f"{what}: scores up to {largest:.1f} differ by {difference:.1e}, {relative:.1e} of the largest (bound {bound:.0e})")


def scores(weights, layer, *data):
    out = made / "scores.npy"
    run("features", weights, "--layer", layer, "--out", out, "--device", "cpu", *data)
    return np.load(out)


# The committed files are what the script writes today; zip archives hold the names of their files, and are compared by
# what is in them.
subprocess.run([sys.executable, here / "make_files.py", made / "files"], check=True)
for path in sorted((here / "files").iterdir()):
    again = made / "files" / path.name
    if path.suffix == ".json":
        then, now = json.loads(path.read_text()), json.loads(again.read_text())
        for key in ("by_channel", "by_image", "normed"):
            close(f"made anew, {path.name}, {key}", now[key], then[key], 1e-9)
    elif path.suffix == ".pth":
        then, now = (torch.load(file, weights_only=True) for file in (path, again))
        then, now = then.get("state_dict", then), now.get("state_dict", now)
        assert list(then) == list(now) and all(torch.equal(then[name], now[name]) for name in then), path.name
    else:
        assert path.read_bytes() == again.read_bytes(), path.name
print(f"made anew: {len(list((here / 'files').iterdir()))} files are as they are committed")

# A trained network that others published, from the bytes of images.
(made / "mnist.toml").write_text("""name = "mnist"
input = [1, 28, 28]
""" + "".join(f'[[layer]]\nname = "{name}"\n{keys}\n' for name, keys in [
    ("features.0", 'type = "conv2d"\nout_channels = 32\nkernel_size = 3\npadding = 1\ninit = "he"'),
    ("features.1", 'type = "relu"'),
    ("features.2", 'type = "max_pool"\nkernel_size = 2\nstride = 2'),
    ("features.3", 'type = "conv2d"\nout_channels = 64\nkernel_size = 3\npadding = 1\ninit = "he"'),
    ("features.4", 'type = "relu"'),
    ("features.5", 'type = "max_pool"\nkernel_size = 2\nstride = 2'),
    ("classifier.0", 'type = "dense"\nout_features = 128\ninit = "he"'),
    ("classifier.1", 'type = "relu"'),
    ("classifier.2", 'type = "dense"\nout_features = 10\ninit = { gaussian = 0.01 }'),
]))
images = random.integers(0, 256, (40, 28, 28), dtype=np.uint8)
labels = np.arange(40, dtype=np.uint8) % 10
idx = made / "idx"
idx.mkdir()
for part in ("train", "t10k"):
    (idx / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">4I", 2051, 40, 28, 28) + images.tobytes())
    (idx / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 2049, 40) + labels.tobytes())
mnist = published / "ccexam/weights/mnist.pth"
print(run("weights", "import", mnist, "--net", made / "mnist.toml", "--out", made / "mnist", "--mean", 0.1307 * 255,
          "--std", 0.3081 * 255), end="")
model = nn.Sequential(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3, padding=1),
                      nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10))
state = torch.load(mnist, map_location="cpu", weights_only=True)
model.load_state_dict(dict(zip(model.state_dict(), state.values())))
inputs = (torch.from_numpy(images)[:, None].double() / 255 - 0.1307) / 0.3081
with torch.no_grad():
    single = model.eval().float()(inputs.float()).numpy()
    double = model.double()(inputs).numpy()
ours = scores(made / "mnist", "classifier.2", "--data", "idx", "--data-path", idx)
# Both programs round; PyTorch in f64 is what both should give.
close("ccexam 1.0.0, mnist.pth: strata and PyTorch in f64", ours, double, 1e-6)
close("ccexam 1.0.0, mnist.pth: strata and PyTorch in f32", ours, single, 1e-6)
close("ccexam 1.0.0, mnist.pth: PyTorch in f32 and in f64", single, double, 1e-6)
assert (ours.argmax(1) == double.argmax(1)).all()
assert not json.loads(run("weights", "inspect", mnist, "--format", "json"))["looks_untrained"]

# The stream of before 1.6, as it is found.
for path in sorted([*published.glob("lpips/weights/**/*.pth"), *published.glob("facenet_pytorch/data/*.pt")]):
    assert path.read_bytes()[:2] == b"\x80\x02", path
    told = json.loads(run("weights", "inspect", path, "--format", "json"))
    state = torch.load(path, map_location="cpu", weights_only=True)
    assert [tensor["name"] for tensor in told["tensors"]] == list(state), path
    for tensor in told["tensors"]:
        value = state[tensor["name"]].double()
        assert list(value.shape) == tensor["shape"], path
        assert abs(float(value.mean()) - tensor["mean"]) < 1e-9 * (1 + abs(tensor["mean"])), (path, tensor)
    print(f"{path.relative_to(published)}: {len(state)} tensors as torch.load gives them ({told['format']})")

# Graphs without weights.
for name in ("bvlc_alexnet", "zfnet512"):
    path = pathlib.Path(onnx.__file__).parent / f"backend/test/data/light/light_{name}.onnx"
    print(run("weights", "inspect", path, status=9), end="")

# torchvision's AlexNet in both containers, from the bytes of images, and out again.
alexnet = torchvision.models.alexnet(weights=None).eval()
pictures = random.integers(0, 256, (6, 224, 224, 3), dtype=np.uint8)
for number, picture in enumerate(pictures):
    folder = made / "pictures" / str(number % 2)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{number}.ppm").write_bytes(b"P6 224 224 255\n" + picture.tobytes())
order = [0, 2, 4, 1, 3, 5]
mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
inputs = ((pictures[order] / 255 - mean) / std).transpose(0, 3, 1, 2)
with torch.no_grad():
    theirs = alexnet.double()(torch.from_numpy(inputs)).numpy()
alexnet.float()
listed = lambda values: ",".join(str(value * 255) for value in values)
for name, modern in (("zip", True), ("stream", False)):
    torch.save(alexnet.state_dict(), made / f"{name}.pth", _use_new_zipfile_serialization=modern)
    table = run("weights", "import", made / f"{name}.pth", "--net", "torch-alexnet", "--out", made / f"{name}.w",
                "--mean", listed(mean), "--std", listed(std))
    print(table, end="")
    ours = scores(made / f"{name}.w", "classifier.6", "--data", made / "pictures", "--part", "all")
    close(f"torchvision {torchvision.__version__}, {name}.pth", ours, theirs, 1e-6)
run("weights", "export", made / "zip.w", "--format", "safetensors", "--names", "torchvision", "--out", made / "t")
data = (made / "t").read_bytes()
header = json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]])
body = data[8 + struct.unpack("<Q", data[:8])[0] :]
header.pop("__metadata__", None)
back = {k: torch.from_numpy(np.frombuffer(body[slice(*v["data_offsets"])], "<f4").reshape(v["shape"]).copy())
        for k, v in header.items()}
torchvision.models.alexnet(weights=None).load_state_dict(back)
assert all(torch.equal(back[name], value) for name, value in alexnet.state_dict().items())
print("export read by torchvision: every tensor is the same")
run("weights", "export", made / "zip.w", "--format", "onnx", "--out", made / "a.onnx")
onnx.checker.check_model(str(made / "a.onnx"), full_check=True)
session = onnxruntime.InferenceSession(str(made / "a.onnx"), providers=["CPUExecutionProvider"])
pixels = pictures[order].transpose(0, 3, 1, 2).astype(np.float32)
close("export in ONNX Runtime", session.run(["scores"], {"pixels": pixels})[0], theirs, 1e-6)

# A study whose source torchvision wrote.
study = ["--quick", "--device", "cpu", "--runs", made / "runs"]
for key, value in {
    "net.pretrained": made / "zip.w",
    "data.fit": "resize",
    "protocol.layers": "[3]",
    "protocol.arms": '["BnB", "AnB", "AnB+", "random-he"]',
    "protocol.similarity_images": 0,
    "solver.max_iter": 2,
}.items():
    study += ["--set", f"{key}={value}"]
print(run("reproduce", "default", *study), end="")
told = run("run", "default", "s0-r0-pretrained-A3B", *study)
print(told, end="")
assert "features.0-features.6 unchanged (digest " in told
