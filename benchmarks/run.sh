#!/bin/sh
# SPDX-License-Identifier: MIT
#
# benchmarks/run.sh BUILD: every benchmark of a build, and the peers that are installed.
# The reports go to benchmarks/results/<cpu>/<date>-*.json, and their pages to BUILD.
set -e
cd "$(dirname "$0")/.."
build=${1:?usage: benchmarks/run.sh BUILD}
peers=$build/peers/bin/python
benchmarks/peers.sh "$build" || { echo "run.sh: PyTorch, ONNX Runtime and OpenVINO are left out (above)" >&2; peers=; }
for program in "$build"/benchmarks/*_benchmark; do
  "$program" --benchmark_min_warmup_time=0.1
done
benchmarks/compile_time.sh
# What accounting and the penalty cost: in turn within one process.
"$build/benchmarks/small_cnn_steps" --mode train --variants plain,ledger,l0,l0-exact
# What reading the power a thousand times a second costs a step.
"$build/benchmarks/power_track_steps"

cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1 | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9.]\{1,\}/-/g; s/^-//; s/-$//')
results=benchmarks/results/${cpu:-$(uname -m)}
mkdir -p "$results"
if [ "$peers" ]; then  # what people deploy, one input at a time and many
  for batch in 1 16 128; do
    "$peers" benchmarks/onnx_peers.py --joule "$build/cli/joule" --batch $batch --rounds 5 --json "$results/$(date -u +%F)-onnx-peers-$batch.json" \
      small-cnn simple-cnn lenet5 resnet18 vgg16 resnet8 ds-cnn mobilenet-v1-0.25 autoencoder
  done
fi
for suite in conv train infer; do
  "$build/cli/joule" bench $suite --json "$results/$(date -u +%F)-$suite.json" --html "$build/bench-$suite.html"
done
