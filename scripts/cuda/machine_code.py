#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What nvcc made of the CUDA kernels: registers, shared memory, spills, and
instructions that should not be there.

  scripts/cuda/machine_code.py [BUILD]
      the table of the hot kernels; exits 1 if a kernel got worse than
      tests/cuda/machine_code.json says that it is
  scripts/cuda/machine_code.py [BUILD] --write
      writes that file and the table in docs/cuda.md

BUILD (build/release) must hold objects for sm_90, compiled by nvcc. Needs
cuobjdump: of the CUDA toolkit, in $CUOBJDUMP, or of
`pip install nvidia-cuda-cuobjdump nvidia-cuda-nvdisasm`. Exits 77 and says so
where there are none.

Of every kernel the stack is checked (where what does not fit registers goes).
Of those in HOT it is also checked how many instructions access local memory
(the same), how many access memory of unknown kind (LD and ST: slower than LDS
or LDG), and how many multiply by HMMA.1684, half as fast as HMMA.1688.
"""

import argparse
import glob
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BOUNDS = ROOT / "tests/cuda/machine_code.json"
PAGE = ROOT / "docs/cuda.md"
BEGIN, END = "<!-- kernels: scripts/cuda/machine_code.py --write -->\n", "<!-- end of kernels -->"
ARCHITECTURE = "sm_90"
# Where a training step spends its time.
HOT = ("conv2d/cuda/implicit_gemm", "conv2d/cuda/skip_zero", "conv2d/cuda/grad_weight/", "product/gemm_", "batch_norm/", "relu/",
       "pool/max_pool2d", "update/")  # fmt: skip
CHECKED = ("stack", "local", "generic", "hmma_1684")


class Unavailable(Exception):
    """Why there is nothing to read, or nothing to read it with."""


def compiler_of(build):
    """(path, version) of the nvcc of a build."""
    cache = build / "CMakeCache.txt"
    if not cache.exists():
        raise Unavailable(f"{build} is no build")
    if "JOULE_CUDA:STRING=SIMT" in cache.read_text():
        raise Unavailable(f"{build} compiles the kernels for the CPU")
    for file in (build / "CMakeFiles").glob("*/CMakeCUDACompiler.cmake"):
        values = dict(re.findall(r'set\((CMAKE_CUDA_COMPILER(?:_VERSION)?) "([^"]*)"\)', file.read_text()))
        return Path(values["CMAKE_CUDA_COMPILER"]), values["CMAKE_CUDA_COMPILER_VERSION"]
    raise Unavailable(f"{build} was configured without CUDA")


def find_cuobjdump(nvcc):
    beside = nvcc.resolve().parent / "cuobjdump"
    packaged = [p for place in sys.path if place for p in sorted(glob.glob(f"{glob.escape(place)}/nvidia/*/bin/cuobjdump"))]
    for found in (os.environ.get("CUOBJDUMP"), shutil.which("cuobjdump"), beside, *packaged):
        if found and os.access(found, os.X_OK):
            return Path(found)
    raise Unavailable("there is no cuobjdump: it is a part of the CUDA toolkit (cuda-cuobjdump), or "
                      "pip install nvidia-cuda-cuobjdump nvidia-cuda-nvdisasm")  # fmt: skip


def dump(cuobjdump, options, file):
    # It runs nvdisasm, which lies beside it.
    environment = os.environ | {"PATH": f"{cuobjdump.parent}:{os.environ.get('PATH', '')}"}
    done = subprocess.run([cuobjdump, "-arch", ARCHITECTURE, *options, file], env=environment, capture_output=True, text=True)
    if done.returncode != 0 and "does not contain device code" not in done.stderr:
        raise Unavailable(f"cuobjdump failed: {done.stderr.strip()}")
    return done.stdout


def resources(text):
    """{mangled name: {registers, stack, shared}} of cuobjdump -res-usage."""
    found = re.findall(r"^ *Function (\S+):\n\s+REG:(\d+) STACK:(\d+) SHARED:(\d+)", text, re.MULTILINE)
    return {name: {"registers": int(r), "stack": int(k), "shared": int(s)} for name, r, k, s in found}


def instructions(text):
    """{mangled name: {local, generic, hmma_1684}} of cuobjdump -sass."""
    counts = {}
    for part in re.split(r"^\s*Function : ", text, flags=re.MULTILINE)[1:]:
        name, _, body = part.partition("\n")
        codes = re.findall(r"/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\w+\s+)?([A-Z][\w.]*)", body)
        counts[name.strip()] = {
            "local": sum(code.startswith(("LDL", "STL")) for code in codes),
            "generic": sum(code.split(".")[0] in ("LD", "ST", "ATOM", "RED") for code in codes),
            "hmma_1684": sum(code.startswith("HMMA.1684") for code in codes),
        }
    return counts


def readable(names):
    """{mangled: "correlate<GemmTile<128, 128>, true>"}"""
    names = sorted(names)
    lines = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True, check=True).stdout.splitlines()
    result = {}
    for name, line in zip(names, lines, strict=True):
        # A function of a template is "void name<...>(parameters)".
        line = re.sub(r"joule::cuda::|joule::|\(anonymous namespace\)::|^void ", "", line)
        depth = 0
        for i, letter in enumerate(line):
            depth += (letter == "<") - (letter == ">")
            if letter == "(" and depth == 0:
                line = line[:i]
                break
        result[name] = re.sub("> (?=>)", ">", line)
    return result


def read(build, cuobjdump):
    """{"conv2d/cuda/skip_zero.cu correlate_nonzeros<4>": {registers, stack, shared[, local, generic, hmma_1684]}}"""
    kernels = {}
    for file in sorted(build.glob("CMakeFiles/joule_*.dir/**/*.cu.o")):
        source = str(file.relative_to(build)).split(".dir/")[1].removesuffix(".o").removeprefix("kernels/")
        used = resources(dump(cuobjdump, ["-res-usage"], file))
        if used and source.startswith(HOT):
            for name, counts in instructions(dump(cuobjdump, ["-sass"], file)).items():
                used[name] |= counts
        for name, text in readable(used).items() if used else ():
            kernels[f"{source} {text}"] = used[name]
    if not kernels:
        raise Unavailable(f"{build} has no kernel for {ARCHITECTURE}: configure with -DCMAKE_CUDA_ARCHITECTURES=90 and build")
    return kernels


def worse(kernels, bounds):
    """One line for each count that exceeds its bound; what has none may not be there at all."""
    for name, counts in kernels.items():
        for key in CHECKED:
            most = bounds.get(name, {}).get(key, 0)
            if counts.get(key, 0) > most:
                yield f"{name}: {key} {counts[key]}, at most {most}"
    for name in bounds:
        if name not in kernels:
            yield f"{name}: there is no such kernel any more"


def table(kernels):
    """Of the hot kernels, the most of the variants that differ in flags alone."""
    groups = {}
    for name, counts in kernels.items():
        if "local" in counts:
            group = re.sub(r"(, )?\b(true|false)\b", "", name).replace("<>", "").replace("<, ", "<")
            rows = groups.setdefault(group, dict.fromkeys(counts, 0))
            for key, value in counts.items():
                rows[key] = max(rows[key], value)
    lines = ["| kernel | registers | shared memory | stack | local | generic | HMMA.1684 |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for group, c in groups.items():
        source, _, name = group.partition(" ")
        numbers = [c["registers"], f"{c['shared'] / 1024:.1f} KiB", c["stack"], c["local"], c["generic"], c["hmma_1684"]]
        lines.append(f"| `{name}`, {source} | " + " | ".join(map(str, numbers)) + " |")
    return "\n".join(lines) + "\n"


def page_with(text, page):
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE} has no place for the table: {BEGIN}{END}")
    return before + begin + text + end + after


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", nargs="?", type=Path, default=ROOT / "build/release", metavar="BUILD")
    parser.add_argument("--write", action="store_true", help="write the bounds and the table")
    options = parser.parse_args()
    try:
        nvcc, version = compiler_of(options.build)
        kernels = read(options.build, find_cuobjdump(nvcc))
    except Unavailable as reason:
        print(f"machine_code: skipped: {reason}", file=sys.stderr)
        return 77
    if options.write:
        kept = {name: counts for name, counts in kernels.items() if "local" in counts or counts["stack"] > 0}
        BOUNDS.write_text(json.dumps({"nvcc": version, "architecture": ARCHITECTURE, "kernels": kept}, indent=1) + "\n")
        PAGE.write_text(page_with(table(kept), PAGE.read_text()))
        return 0
    print(table(kernels), end="")
    known = json.loads(BOUNDS.read_text())
    if known["nvcc"] != version:
        print(f"machine_code: not compared: {BOUNDS.name} is of nvcc {known['nvcc']}, this build of {version}", file=sys.stderr)
        return 77
    found = [*worse(kernels, known["kernels"])]
    print(*found, sep="\n", end="\n" if found else "", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
