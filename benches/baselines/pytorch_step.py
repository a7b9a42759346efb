#!/usr/bin/env python3
"""Training steps and inference of the study's nets in PyTorch, timed as `strata bench step` times them.

The same nets (`strata bench step --net`), batch, dropout, momentum 0.9 and decay 0.0005, on random images. Every
combination of memory layout (NCHW, channels last) and optimiser (plain, fused SGD) is timed; on CUDA each with TF32
off and on. Prints one JSON object: every combination, and the best in training and in inference.

    python3 benches/baselines/pytorch_step.py --net alexnet32 --batch 128 [--device cpu|cuda] [--steps 5] [--threads N]
"""

import argparse
import itertools
import json
import statistics
import time

import torch
from torch import nn


def lrn(size, alpha):
    return nn.LocalResponseNorm(size, alpha, 0.75, 1.0)


def pool():
    return nn.MaxPool2d(3, 2, ceil_mode=True)


def dense(inputs, hidden, classes):
    def layer(width_in):
        return [nn.Linear(width_in, hidden), nn.ReLU(inplace=True), nn.Dropout()]

    return [nn.Flatten(), *layer(inputs), *layer(hidden), nn.Linear(hidden, classes)]


def conv(*args, **kwargs):
    return [nn.Conv2d(*args, **kwargs), nn.ReLU(inplace=True)]


def caffenet():
    return (3, 227, 227), 1000, nn.Sequential(
        *conv(3, 96, 11, stride=4), pool(), lrn(5, 1e-4),
        *conv(96, 256, 5, padding=2, groups=2), pool(), lrn(5, 1e-4),
        *conv(256, 384, 3, padding=1),
        *conv(384, 384, 3, padding=1, groups=2),
        *conv(384, 256, 3, padding=1, groups=2), pool(),
        *dense(9216, 4096, 1000),
    )


def alexnet32():
    return (3, 32, 32), 100, nn.Sequential(
        *conv(3, 32, 5, padding=2), pool(), lrn(3, 5e-5),
        *conv(32, 64, 5, padding=2), pool(), lrn(3, 5e-5),
        *conv(64, 96, 3, padding=1),
        *conv(96, 96, 3, padding=1),
        *conv(96, 64, 3, padding=1), pool(),
        *dense(1024, 256, 100),
    )


def alexnet():
    return (3, 227, 227), 1000, nn.Sequential(
        *conv(3, 96, 11, stride=4), lrn(5, 1e-4), pool(),
        *conv(96, 256, 5, padding=2, groups=2), lrn(5, 1e-4), pool(),
        *conv(256, 384, 3, padding=1),
        *conv(384, 384, 3, padding=1, groups=2),
        *conv(384, 256, 3, padding=1, groups=2), pool(),
        *dense(9216, 4096, 1000),
    )


def alexnet28():
    return (1, 28, 28), 10, nn.Sequential(
        *conv(1, 16, 5, padding=2), pool(), lrn(3, 5e-5),
        *conv(16, 32, 5, padding=2, groups=2), pool(), lrn(3, 5e-5),
        *conv(32, 48, 3, padding=1),
        *conv(48, 48, 3, padding=1, groups=2),
        *conv(48, 32, 3, padding=1, groups=2), pool(),
        *dense(512, 128, 10),
    )


NETS = {"caffenet": caffenet, "alexnet": alexnet, "alexnet32": alexnet32, "alexnet28": alexnet28}


def median_seconds(call, steps, warm_up, wait):
    seconds = []
    for _ in range(steps + warm_up):
        start = time.perf_counter()
        call()
        wait()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[warm_up:])


def measure(options, layout, fused, tf32):
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = True
    shape, classes, net = NETS[options.net]()
    images = torch.randn(options.batch, *shape, device=options.device)
    net = net.to(options.device)
    if layout == "channels_last":
        net, images = net.to(memory_format=torch.channels_last), images.to(memory_format=torch.channels_last)
    labels = torch.arange(options.batch, device=options.device) % classes
    optimiser = torch.optim.SGD(net.parameters(), lr=1e-4, momentum=0.9, weight_decay=5e-4, fused=fused)
    criterion = nn.CrossEntropyLoss()

    def train():
        optimiser.zero_grad(set_to_none=True)
        loss = criterion(net(images), labels)
        loss.backward()
        optimiser.step()
        loss.item()

    def infer():
        with torch.inference_mode():
            criterion(net(images), labels).item()

    wait = torch.cuda.synchronize if options.device == "cuda" else lambda: None
    warm_up = 2 if options.device == "cpu" else 10
    training = median_seconds(train, options.steps, warm_up, wait)
    net.eval()
    inference = median_seconds(infer, options.steps, warm_up, wait)
    return {
        "layout": layout,
        "sgd": "fused" if fused else "plain",
        "tf32": tf32,
        "milliseconds": 1e3 * training,
        "images_per_second": options.batch / training,
        "inference_milliseconds": 1e3 * inference,
        "inference_images_per_second": options.batch / inference,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--net", choices=NETS, default="alexnet32")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    tf32 = [False, True] if options.device == "cuda" else [False]
    runs = [measure(options, *way) for way in itertools.product(["nchw", "channels_last"], [False, True], tf32)]
    best = {}
    for allowed in tf32:
        among = [run for run in runs if run["tf32"] == allowed]
        best["tf32" if allowed else "f32"] = {
            key: max(run[key] for run in among) for key in ("images_per_second", "inference_images_per_second")
        }
    print(json.dumps({
        "framework": "pytorch", "version": torch.__version__, "threads": torch.get_num_threads(), "net": options.net,
        "batch": options.batch, "device": options.device, "steps": options.steps, "runs": runs, "best": best,
    }))


if __name__ == "__main__":
    main()
