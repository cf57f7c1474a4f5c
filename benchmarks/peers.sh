#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# benchmarks/peers.sh BUILD: installs in BUILD/peers, from PyPI, what the benchmarks compare Joule with (PyTorch, ONNX
# Runtime, OpenVINO: some gigabytes), where it is not there yet.  BUILD/benchmarks/torch_peer then runs
# benchmarks/torch_peer.py with it, which joule bench train and joule bench infer look for.
set -euo pipefail
(($# == 1)) && [[ -d $1 ]] || { echo "usage: benchmarks/peers.sh BUILD, the folder of a build" >&2; exit 2; }
build=$(realpath "$1")
script=$(realpath "$(dirname "$0")/torch_peer.py")
python=$build/peers/bin/python

if ! "$python" -c 'import numpy, onnx, onnxruntime, openvino, torch' 2>/dev/null; then
  echo "peers: installing PyTorch, ONNX Runtime and OpenVINO in $build/peers" >&2
  python3 -m venv "$build/peers"
  "$python" -m pip install --quiet --disable-pip-version-check numpy onnx onnxruntime openvino torch
fi
mkdir -p "$build/benchmarks"
printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$python" "$script" >"$build/benchmarks/torch_peer"
chmod +x "$build/benchmarks/torch_peer"
