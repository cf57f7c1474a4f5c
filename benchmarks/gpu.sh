#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# benchmarks/gpu.sh [BUILD]        on a machine with an NVIDIA GPU: the CUDA tests, also under compute-sanitizer, then
#                                  the benchmarks beside cuDNN and PyTorch.  Builds BUILD (build/release) if it is not
#                                  there.  In 8 minutes, without a network.
# benchmarks/gpu.sh pack [BUILD]   on a machine that can build: what an offline GPU machine needs, in BUILD/gpu.
#
# The results go to benchmarks/results/<gpu>/<date>-*.json, or to $RESULTS.
set -euo pipefail
cd "$(dirname "$0")/.."

# The programs of tests/ that run implementations for CUDA.
tests() { echo kernels_tests core_tests layers_tests optim_tests cuda_tests; }

pack() {
  local build=$1 program library
  rm -rf "$build/gpu"
  mkdir -p "$build/gpu/"{tests,cli,benchmarks,lib}
  for program in $(tests); do
    [[ ! -e $build/tests/$program ]] || strip -o "$build/gpu/tests/$program" "$build/tests/$program"
  done
  strip -o "$build/gpu/cli/joule" "$build/cli/joule"
  strip -o "$build/gpu/benchmarks/cuda_rows" "$build/benchmarks/cuda_rows"
  # All but the C library and the driver, which belong to the machine.
  ldd "$build"/gpu/*/* | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p' | sort -u |
    grep -v -E '/(libc|libm|libdl|libpthread|librt|ld-linux[^/]*|libcuda)\.so' | while read -r library; do
    cp -L "$library" "$build/gpu/lib/"
  done
  du -sh "$build/gpu"
  echo "carry $build/gpu and benchmarks/, then there: benchmarks/gpu.sh $build/gpu"
}

if [[ ${1:-} == pack ]]; then
  pack "${2:-build/release}"
  exit
fi

build=${1:-build/release}
command -v nvidia-smi >/dev/null && nvidia-smi -L >/dev/null || {
  echo "gpu.sh: nvidia-smi finds no GPU here" >&2
  exit 1
}
if [[ ! -x $build/cli/joule ]]; then
  cmake --preset release -B "$build" -DJOULE_CUDA=ON -DJOULE_TESTS=ON -DJOULE_BENCHMARKS=ON
  cmake --build "$build" -j "$(nproc)"
fi
# What was carried along; what the machine has of its own comes first only where nothing was.
[[ ! -d $build/lib ]] || export LD_LIBRARY_PATH="$build/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export JOULE_TUNING=off OMP_NUM_THREADS=${OMP_NUM_THREADS:-4}

gpu=$(nvidia-smi --query-gpu=name --format=csv,noheader -i 0)
name=$(tr '[:upper:]' '[:lower:]' <<<"$gpu" | sed 's/[^a-z0-9.]\{1,\}/-/g')
results=${RESULTS:-benchmarks/results/$name}
mkdir -p "$results"
date=$(date -u +%F)
failed=
deadline=$((SECONDS + 470))  # of all that follows

# within S COMMAND...: for at most S seconds, and not beyond the deadline.
within() {
  local left=$((deadline - SECONDS))
  ((left > 5)) || {
    echo "no time left for: ${*:2}" >&2
    return 124
  }
  timeout "$(($1 < left ? $1 : left))" "${@:2}"
}

nvidia-smi --query-gpu=name,driver_version,memory.total,power.limit,clocks.max.sm,clocks.max.mem --format=csv |
  tee "$results/$date-machine.csv"

for program in $(tests); do
  [[ -x $build/tests/$program ]] || continue
  if ! within 120 "$build/tests/$program" --gtest_brief=1; then failed+=" $program"; fi
done
if sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null); then
  # Small shapes: under the tools a kernel takes up to a hundred times as long.
  for tool in memcheck racecheck; do
    for suite in Relu SoftmaxCrossEntropy Update; do
      [[ -x $build/tests/kernels_tests ]] || continue
      if ! within 20 "$sanitizer" --tool $tool --error-exitcode 9 "$build/tests/kernels_tests" --gtest_brief=1 \
        --gtest_filter="*$suite*" >"$build/$tool-$suite.log" 2>&1; then
        failed+=" $tool:$suite"
        tail -5 "$build/$tool-$suite.log"
      fi
    done
  done
else
  echo "compute-sanitizer is not here: left out"
fi

joule=$build/cli/joule
peer=(--torch-peer benchmarks/torch_cuda_peer.py)
"$joule" info >"$results/$date-info.txt"
if ! within 110 "$build/benchmarks/cuda_rows" --rounds 10 >"$results/$date-rows.json"; then failed+=" rows"; fi
# A process that compiles takes up to a minute before its first step: one round.  Joule's sides first
# try whether a graph is quicker.
for case in small-cnn,128,f32 small-cnn,128,bf16 resnet18,512,tf32; do
  IFS=, read -r model batch precision <<<"$case"
  file="$results/$date-train-$model-$precision.json"
  if ! within 120 "$joule" bench train --device cuda --precision "$precision" "${peer[@]}" --models "$model" \
    --batch "$batch" --steps 30 --rounds 1 --json "$file"; then failed+=" $file"; fi
done

echo "results: $results"
if [[ $failed ]]; then
  echo "gpu.sh: failed:$failed" >&2
  exit 1
fi
