#!/bin/sh
# SPDX-License-Identifier: MIT
#
# benchmarks/run.sh BUILD: every benchmark of a build, and the peer where libtorch is installed.
set -e
cd "$(dirname "$0")/.."
build=${1:?usage: benchmarks/run.sh BUILD}
for program in "$build"/benchmarks/*_benchmark; do
  "$program" --benchmark_min_warmup_time=0.1
done
benchmarks/compile_time.sh
if [ -x "$build/benchmarks/torch_peer" ]; then
  benchmarks/compare_torch.py "$build"
else
  "$build/benchmarks/small_cnn_steps" --mode train --variants plain,ledger,l0
  "$build/benchmarks/small_cnn_steps" --mode infer --slice 16
  echo "(no peer: apt-get install -y libtorch-dev libopenblas0-openmp, then make bench again)"
fi
