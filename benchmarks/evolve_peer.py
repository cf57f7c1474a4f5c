#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How many epochs the nets of an evolution train in the same seconds, in Joule and in PyTorch on the CPU.

  benchmarks/evolve_peer.py --joule build/release/cli/joule --seconds 6 --nets 8 --threads 2 --out peer.json

Runs `joule evolve` with one worker and that much time per candidate, then trains each of its valid nets (but those
whose training ended before its time) in PyTorch: the same graph, images, batch, optimiser, loss (of both outputs) and
validation after each epoch, for as long as Joule trained it. Epochs are steps / steps of an epoch. Needs: pip install
torch; Fashion-MNIST where joule finds it.
"""

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

try:
    import numpy as np
    import torch
    import torch.nn.functional as F
    from torch import nn
except ImportError as error:
    sys.exit(f"evolve_peer: {error}: pip install torch numpy")

WITHOUT_PEER = "lars"  # PyTorch has none: such nets are left out


def pair(value):
    return tuple(value) if isinstance(value, list) else (value, value)


class Net(nn.Module):
    """A net of a graph, channels first; what flattens does so in Joule's order, so that the nets are the same size."""

    def __init__(self, graph):
        super().__init__()
        self.graph, self.layers = graph, nn.ModuleDict()
        for node in graph["nodes"]:
            made = self.module(node["kind"], node.get("attributes", {}))
            if made is not None:
                self.layers[node["name"].replace(".", "/")] = made

    def module(self, kind, a):
        if kind == "Conv2d":
            return nn.Conv2d(a["in"], a["out"], pair(a["kernel"]), pair(a.get("stride", 1)), pair(a.get("padding", 0)),
                             groups=a.get("groups", 1), bias=a.get("bias", True))  # fmt: skip
        if kind == "Linear":
            return nn.Linear(a["in"], a["out"], bias=a.get("bias", True))
        if kind == "BatchNorm":
            return nn.BatchNorm2d(a["channels"]) if "channels" in a else nn.BatchNorm1d(a["features"])
        if kind == "Dropout":
            return nn.Dropout(a["probability"])
        return None

    def apply_kind(self, node, xs):
        kind, a, x = node["kind"], node.get("attributes", {}), xs[0]
        made = node["name"].replace(".", "/")
        if made in self.layers:
            layer = self.layers[made]
            if isinstance(layer, nn.BatchNorm2d) and x.dim() == 2:
                return layer(x[:, :, None, None])[:, :, 0, 0]
            return layer(x)
        if kind == "ReLU":
            threshold = a.get("threshold", 0)
            return F.relu(x) if threshold == 0 else F.threshold(x, threshold, 0.0)
        if kind == "Sigmoid":
            return torch.sigmoid(x)
        if kind in ("MaxPool2d", "AvgPool2d"):
            window = pair(a["kernel"]), pair(a.get("stride", a["kernel"])), pair(a.get("padding", 0))
            rounded_up = a.get("ceil_mode", False)
            if kind == "MaxPool2d":
                return F.max_pool2d(x, *window, ceil_mode=rounded_up)
            return F.avg_pool2d(x, *window, ceil_mode=rounded_up, count_include_pad=a.get("count_include_pad", True))
        if kind == "Pad2d":
            above, below, left, right = a["padding"]
            return F.pad(x, (left, right, above, below))
        if kind == "Flatten":
            return torch.flatten(x, 1)
        if kind == "Add":
            return sum(xs[1:], x)
        if kind == "Concat":
            return torch.cat(xs, 1)
        raise KeyError(kind)

    def forward(self, x):
        values = {self.graph["inputs"][0]["name"]: x}
        for node in self.graph["nodes"]:
            values[node["name"]] = self.apply_kind(node, [values[name] for name in node["inputs"]])
        return [values[name] for name in self.graph["outputs"]]


def read_idx(folder, name):
    path = folder / name
    data = path.read_bytes() if path.exists() else gzip.decompress((folder / (name + ".gz")).read_bytes())
    return np.frombuffer(data, dtype=np.uint8, offset=16 if "images" in name else 8)


def images_of(folder, limit):
    """What trains and what judges, in the sizes that Joule's split has."""
    x = read_idx(folder, "train-images-idx3-ubyte").reshape(-1, 1, 28, 28)[: limit or None].astype(np.float32) / 255
    y = read_idx(folder, "train-labels-idx1-ubyte")[: limit or None].astype(np.int64)
    x = torch.from_numpy((x - x.mean()) / x.std())
    train = round(0.7 * len(y))
    judge = round(0.2 * len(y))
    y = torch.from_numpy(y)
    return (x[:train], y[:train]), (x[train : train + judge], y[train : train + judge])


def optimizer_of(words, parameters):
    number = lambda name, default=0.0: float(words.get(name, default))  # noqa: E731
    kind, lr, decay = words["learning"].replace("-", "_"), number("lr"), number("weight_decay")
    if kind == "gradient_descent":
        return torch.optim.SGD(parameters, lr, number("momentum"), weight_decay=decay,
                               nesterov=words.get("nesterov") == "True")  # fmt: skip
    if kind == "adam":
        return torch.optim.Adam(parameters, lr, (number("beta1", 0.9), number("beta2", 0.999)), weight_decay=decay)
    return torch.optim.RMSprop(parameters, lr, number("alpha", 0.99), weight_decay=decay)


def epochs_in(net, words, train, judge, seconds):
    """Epochs, with the part of the last one."""
    x, y = train
    batch = int(words["batch_size"])
    optimizer = optimizer_of(words, net.parameters())
    steps_of_epoch = -(-len(y) // batch)
    steps, begin = 0, time.monotonic()
    while True:
        net.train()
        order = torch.randperm(len(y))
        for at in range(0, len(y), batch):
            which = order[at : at + batch]
            loss = sum(F.cross_entropy(out, y[which]) for out in net(x[which]))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            loss.item()
            steps += 1
            if time.monotonic() - begin >= seconds:
                return steps / steps_of_epoch
        net.eval()
        with torch.no_grad():
            for at in range(0, len(judge[1]), 256):
                net(judge[0][at : at + 256])


def decoded(joule, folder, config, candidate):
    """The graph and the words of the last part of the phenotype, how the net learns."""
    for name, content in (("g.grammar", config["grammar"]), ("s.json", json.dumps(config["settings"])),
                          ("i.json", json.dumps(candidate["individual"]))):  # fmt: skip
        (folder / name).write_text(content)
    text = subprocess.run(
        [joule, "evolve", "decode", folder / "i.json", "--grammar", folder / "g.grammar", "--settings",
         folder / "s.json", "--save-net", folder / "net.json"], capture_output=True, text=True, check=True).stdout  # fmt: skip
    parts = text.splitlines()[0].split(" | ")
    learning = next(part for part in parts if "learning:" in part)
    return json.loads((folder / "net.json").read_text()), dict(word.split(":", 1) for word in learning.split())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--joule", default="build/release/cli/joule")
    parser.add_argument("--seconds", type=float, default=6, help="that a candidate trains")
    parser.add_argument("--nets", type=int, default=8, help="that are compared at most")
    parser.add_argument("--generations", type=int, default=4)
    parser.add_argument("--limit", type=int, default=12000, help="images of each half")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data-dir", default=os.environ.get("JOULE_DATA", "/usr/share/datasets"))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    found = [f.parent for f in Path(options.data_dir).rglob("train-labels-idx1-ubyte*") if "fashion" in str(f.parent)]
    if not found:
        sys.exit(f"evolve_peer: there is no Fashion-MNIST in {options.data_dir}")
    train, judge = images_of(found[0], options.limit)
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        config = {"preset": "quick", "limit": options.limit, "meter": "none",
                  "training": {"seconds": options.seconds, "threads": options.threads},
                  "limits": {"generations": options.generations}}  # fmt: skip
        (folder / "config.json").write_text(json.dumps(config))
        subprocess.run(
            [options.joule, "evolve", "--config", folder / "config.json", "--seed", str(options.seed), "--out",
             folder / "run"], check=True, stdout=subprocess.DEVNULL)  # fmt: skip
        results = json.loads((folder / "run" / "results.json").read_text())
        for candidate in results["candidates"]:
            values = candidate["values"]
            if len(rows) == options.nets or not candidate["valid"]:
                continue
            if values["training time"]["value"] < 0.9 * options.seconds:
                continue  # stopped by patience: its epochs are not those of the time
            graph, words = decoded(options.joule, folder, results["config"], candidate)
            if words["learning"] == WITHOUT_PEER:
                continue
            batch = int(words["batch_size"])
            ours = values["steps"]["value"] / -(-len(train[1]) // batch)
            theirs = epochs_in(Net(graph), words, train, judge, values["training time"]["value"])
            rows.append({"trial": candidate["trial"], "learning": words["learning"], "batch": batch,
                         "parameters": values["parameters"]["value"], "joule": ours, "torch": theirs,
                         "ratio": ours / theirs})  # fmt: skip
            print(f"trial {candidate['trial']}: {ours:.2f} epochs, PyTorch {theirs:.2f}: {ours / theirs:.2f}x")
    if not rows:
        sys.exit("evolve_peer: no net could be compared; more --generations")
    ratios = [row["ratio"] for row in rows]
    total = sum(row["joule"] for row in rows) / sum(row["torch"] for row in rows)
    print(f"{len(rows)} nets, {options.threads} threads: all epochs {total:.2f}x, median {statistics.median(ratios):.2f}x, "
          f"from {min(ratios):.2f}x to {max(ratios):.2f}x; torch {torch.__version__}")  # fmt: skip
    if options.out:
        options.out.write_text(json.dumps({"torch": torch.__version__, "threads": options.threads,
                                           "seconds": options.seconds, "all": total, "nets": rows}, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()
