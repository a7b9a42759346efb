#!/usr/bin/env python3
"""Training steps and inference of the study's nets in PyTorch, timed as `strata bench step` times them.

The same nets (every one of `nets/`), batch, dropout, momentum 0.9 and decay 0.0005, on random images. Every
combination of memory layout (NCHW, channels last) and optimiser (plain, fused SGD) is timed, or those of --ways; on CUDA
each with TF32 off and on. Prints one JSON object: every combination, and the best in training and in inference.

    python3 benches/baselines/pytorch_step.py --net alexnet32 --batch 128 [--device cpu|cuda] [--steps 5] [--threads N]
                                              [--ways nchw:plain channels_last:fused]
"""

import argparse
import itertools
import json
import statistics
import time

import torch
from torch import nn

import pytorch_net


LAYOUTS = ["nchw", "channels_last"]
# Whether the update is fused.
OPTIMISERS = {"plain": False, "fused": True}


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
    net = pytorch_net.Net(options.net)
    classes = net.classes
    images = torch.randn(options.batch, *net.input, device=options.device)
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
    parser.add_argument("--net", choices=pytorch_net.shipped(), default="alexnet32")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--ways", nargs="+", default=[f"{layout}:{sgd}" for layout in LAYOUTS for sgd in OPTIMISERS])
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    tf32 = [False, True] if options.device == "cuda" else [False]
    ways = [way.split(":") for way in options.ways]
    runs = [
        measure(options, layout, OPTIMISERS[sgd], allowed) for (layout, sgd), allowed in itertools.product(ways, tf32)
    ]
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
