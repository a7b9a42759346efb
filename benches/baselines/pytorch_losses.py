#!/usr/bin/env python3
"""Trains in PyTorch what `examples/beside_pytorch.rs` has trained: the same initial weights, images, windows, mirrors and
rates. Prints both losses and their relative difference, and fails where they differ by more than is allowed: 1e-4 at
the first step, 1e-2 at the twentieth.

    python3 benches/baselines/pytorch_losses.py DATA RUN [--steps N] [--out FILE]

DATA holds CIFAR-100's binary files, RUN what the example wrote. With --out, all steps are trained, test images are
scored, and a JSON object is written.
"""

import argparse
import json
import pathlib
import sys
import time

import numpy
import torch
from torch import nn

from pytorch_net import Net

# The allowed relative difference of the losses by step, counted from 1.
LIMITS = {1: 1e-4, 20: 1e-2}


def read(path):
    rows = numpy.fromfile(path, dtype=numpy.uint8).reshape(-1, 2 + 3072)
    return torch.from_numpy(rows[:, 2:].reshape(-1, 3, 32, 32).copy()), torch.from_numpy(rows[:, 1].astype(numpy.int64))


def batch(run, images, step):
    """The windows of a step's images: padded with pixels of 0, cut, mirrored, and only then normalised."""
    padding, side = run["padding"], run["side"]
    chosen = images[step["images"]]
    padded = nn.functional.pad(chosen, (padding, padding, padding, padding))
    out = torch.empty(len(chosen), 3, side, side)
    for at, (top, left, mirror) in enumerate(zip(*[iter(step["windows"])] * 3)):
        window = padded[at, :, top:top + side, left:left + side]
        out[at] = window.flip(2) if mirror else window
    return normalised(run, out)


def normalised(run, images):
    mean, scale = (torch.tensor(run[key], dtype=torch.float32).view(1, 3, 1, 1) for key in ("mean", "scale"))
    return (images - mean) * scale


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    run = json.loads((options.run / "run.json").read_text())
    images, labels = read(options.data / "train.bin")
    net = Net(run["net"], run["classes"]).load(options.run / "weights.safetensors")
    optimiser = torch.optim.SGD(net.parameters(), 0.1, run["momentum"], weight_decay=run["weight_decay"])
    criterion = nn.CrossEntropyLoss()
    steps = run["steps"] if options.out else run["steps"][:options.steps]
    losses, start, failed = [], time.perf_counter(), False
    for number, step in enumerate(steps, 1):
        optimiser.param_groups[0]["lr"] = step["rate"]
        optimiser.zero_grad(set_to_none=True)
        loss = criterion(net(batch(run, images, step)), labels[step["images"]])
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
        if number <= 20:
            ours = run["losses"][number - 1]
            difference = abs(ours - losses[-1]) / abs(losses[-1])
            limit = LIMITS.get(number)
            print(f"step {number:>2}  strata {ours:.6f}  pytorch {losses[-1]:.6f}  difference {difference:.1e}"
                  + (f"  (at most {limit:.0e})" if limit else ""), flush=True)
            failed |= limit is not None and difference > limit
        elif number % 100 == 0:
            print(f"step {number}  {sum(losses[-100:]) / 100:.4f}", flush=True)
    seconds = time.perf_counter() - start
    if options.out:
        test, classes = read(options.data / "test.bin")
        net.eval()
        with torch.inference_mode():
            scores = torch.cat([net(normalised(run, part.float())) for part in test.split(500)])
        top1 = (scores.argmax(1) == classes).double().mean().item()
        options.out.write_text(json.dumps({
            "framework": "pytorch", "version": torch.__version__, "seed": run["seed"], "top1": top1,
            "test_loss": criterion(scores, classes).item(), "losses": losses, "seconds": seconds,
            "images_per_second": sum(len(step["images"]) for step in steps) / seconds,
        }))
        print(f"top1 {top1:.4f}, trained in {seconds:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
