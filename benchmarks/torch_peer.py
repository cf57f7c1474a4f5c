#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""PyTorch's side of `joule bench train` and `joule bench infer`, on the CPU and on CUDA.

The same nets and the same step as joule's own side (bench/steps/side.h); JSON on standard output.  One process measures
one thing, so that its peak memory is that thing's.
  joule bench train --torch-peer benchmarks/torch_peer.py
benchmarks/peers.sh installs PyTorch for it, in a folder of its own.
"""

import argparse
import json
import math
import re
import statistics
import sys
import time

try:
    import torch
    from torch import nn
except ImportError as error:
    sys.exit(f"torch_peer: {error}: install PyTorch (on the CPU, benchmarks/peers.sh does that)")

BATCHES = 4  # in turn, so that no step finds its images in the cache


def conv(inputs, outputs, kernel=3, stride=1, bias=True):
    return nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=bias)


def relu():
    return nn.ReLU(inplace=True)


def small_cnn(h, w, channels, classes):
    features = [conv(channels, 32), relu(), conv(32, 64), relu(), nn.MaxPool2d(2)]
    features += [conv(64, 128), relu(), nn.MaxPool2d(2), nn.Flatten()]
    return nn.Sequential(*features, nn.Linear(128 * (h // 4) * (w // 4), 128), relu(), nn.Linear(128, classes))


def simple_cnn(h, w, channels, classes):
    inputs = channels * h * w
    layers = []
    for width in (channels, 3 * channels):
        layers += [conv(width, 3 * width), nn.BatchNorm2d(3 * width), relu(), nn.MaxPool2d(2)]
    layers += [nn.Flatten(), nn.Linear(9 * channels * (h // 4) * (w // 4), inputs // 2)]
    return nn.Sequential(*layers, nn.Linear(inputs // 2, inputs // 4), nn.Linear(inputs // 4, classes))


def vgg16(_h, _w, channels, classes):
    layers = []
    for width, convolutions in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(convolutions):
            layers += [conv(channels, width), nn.BatchNorm2d(width), relu()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        first = [conv(inputs, outputs, 3, stride, False), nn.BatchNorm2d(outputs), relu()]
        self.main = nn.Sequential(*first, conv(outputs, outputs, bias=False), nn.BatchNorm2d(outputs))
        self.shortcut = nn.Identity()
        if inputs != outputs or stride != 1:
            self.shortcut = nn.Sequential(conv(inputs, outputs, 1, stride, False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return torch.relu_(self.main(x) + self.shortcut(x))


def resnet18(h, w, channels, classes):
    large = h >= 64 and w >= 64
    first = conv(channels, 64, 7 if large else 3, 2 if large else 1, False)
    layers = [first, nn.BatchNorm2d(64), relu()]
    inputs = 64
    for width in (64, 128, 256, 512):
        layers += [BasicBlock(inputs, width, 1 if width == inputs else 2), BasicBlock(width, width, 1)]
        inputs = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))


MODELS = {"small-cnn": small_cnn, "simple-cnn": simple_cnn, "vgg16": vgg16, "resnet18": resnet18}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=MODELS, default="small-cnn")
    for name, value in (("height", 28), ("width", 28), ("channels", 1), ("classes", 10)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--mode", choices=("train", "infer"), default="train")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--warmup", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1, help="of the host")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--precision", choices=("f32", "tf32", "bf16"), default="f32")
    parser.add_argument("--format", choices=("channels-last", "contiguous"), default="channels-last")
    parser.add_argument("--slice", type=int, help="images at once, in inference (default: the batch)")
    parser.add_argument("--compile", action="store_true", help="torch.compile; on CUDA with its graphs")
    return parser.parse_args()


def precision_of(options):
    """What products may be rounded to; PyTorch's own default would be TF32 for convolutions."""
    tf32 = options.precision == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    return torch.autocast(options.device, dtype=torch.bfloat16, enabled=options.precision == "bf16")


def step_of(options, net, layout):
    """The step with the number of the batch; gives a number that would show if it had gone wrong."""
    place = {"device": options.device}
    shape = (options.batch, options.channels, options.height, options.width)
    images = [torch.rand(shape, **place).to(memory_format=layout) for _ in range(BATCHES)]
    labels = [torch.randint(options.classes, (options.batch,), **place) for _ in range(BATCHES)]
    mode = "reduce-overhead" if options.device == "cuda" else "default"
    run = torch.compile(net, mode=mode) if options.compile else net
    autocast = precision_of(options)
    if options.mode == "infer":

        def infer(i):
            with torch.inference_mode(), autocast:
                parts = images[i % BATCHES].split(options.slice or options.batch)
                return torch.cat([run(part) for part in parts]).sum().item()

        return infer
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-5, momentum=0.9, nesterov=True, weight_decay=5e-4)

    def train(i):
        optimizer.zero_grad()
        with autocast:
            loss = nn.functional.cross_entropy(run(images[i % BATCHES]), labels[i % BATCHES])
        loss.backward()
        optimizer.step()
        return loss.item()

    return train


def restart_peak(options):
    """What compiling and finding plans took is not the step's; what Python and PyTorch hold on the CPU stays in it."""
    if options.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    else:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # proc(5): resets the peak of the resident set


def peak_bytes(options):
    if options.device == "cuda":
        return torch.cuda.max_memory_allocated()
    with open("/proc/self/status") as file:
        return int(re.search(r"VmHWM:\s+(\d+) kB", file.read())[1]) * 1024


def main():
    options = arguments()
    if options.device == "cuda" and not torch.cuda.is_available():
        sys.exit("torch_peer: PyTorch finds no CUDA device")
    if options.device == "cpu" and options.precision != "f32":
        sys.exit(f"torch_peer: on the CPU --precision f32 is compared alone, got {options.precision}")
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    torch.backends.cudnn.benchmark = True
    layout = torch.channels_last if options.format == "channels-last" else torch.contiguous_format
    net = MODELS[options.model](options.height, options.width, options.channels, options.classes)
    net = net.to(options.device).to(memory_format=layout).train(options.mode == "train")
    step = step_of(options, net, layout)
    seconds = []
    for i in range(options.warmup + options.steps):
        if i == options.warmup:
            restart_peak(options)
        start = time.perf_counter()
        value = step(i)  # item() waits for the device
        seconds.append(time.perf_counter() - start)
        if not math.isfinite(value):
            sys.exit("torch_peer: a step gave a number that is not finite")
    timed = seconds[options.warmup :]
    how = "eager"
    if options.compile:
        how = "torch.compile" + (", reduce-overhead" if options.device == "cuda" else "")
    print(
        json.dumps(
            {
                "images_per_second": options.batch / statistics.median(timed),
                "images_per_second_best": options.batch / min(timed),
                "peak_bytes": peak_bytes(options),
                "parameters": sum(p.numel() for p in net.parameters()),
                "library": f"PyTorch {torch.__version__}, {how}, {options.format}, {options.precision}",
            }
        )
    )


if __name__ == "__main__":
    main()
