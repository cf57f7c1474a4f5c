#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# benchmarks/gpu.sh: what only an NVIDIA GPU can show.  Needs no network.
#
#   benchmarks/gpu.sh bench [BUILD]
#       the benchmarks, beside cuBLAS, cuDNN and PyTorch
#   benchmarks/gpu.sh test [BUILD]
#       the CUDA tests, also under compute-sanitizer
#   benchmarks/gpu.sh pack [BUILD]
#       on a machine that can build: all that the two need elsewhere, as one
#       file, BUILD/gpu.tar.xz
#
# BUILD is build/release, or in an unpacked pack the pack; if it is not there,
# bench and test build it.
#
#   --without LIST   (bench) go on without these of cublas,cudnn,torch; otherwise
#                    it is an error, before anything is timed, if one is missing
#   --seconds N      (bench, test) end after N seconds: 470
#   --limit MIB      (pack) fail if the file is larger
#   --onednn         (pack) programs that link oneDNN, which no CUDA row needs
#
# RESULTS=DIR: where results go, each as soon as it is known; otherwise
# benchmarks/results/<gpu>/.  Exit status: 0; 1: something failed or was not
# finished (the last lines say what); 2: bad usage.
set -euo pipefail

fail() {
  echo "gpu.sh: $2" >&2
  exit "$1"
}
usage() { sed -n '4,/^set/ s/^# \{0,1\}//p' "$here/gpu.sh"; }

here=$(cd "$(dirname "$0")" && pwd)
command=${1:-}
case $command in
  bench | test | pack) shift ;;
  -h | --help) usage; exit ;;
  *) usage >&2; fail 2 "expected bench, test or pack, got '$command'" ;;
esac
without=',' seconds=470 limit='' onednn='' build=''
while (($#)); do
  case $command:$1 in
    bench:--without | bench:--seconds | test:--seconds | pack:--limit)
      (($# > 1)) || fail 2 "$1: expected a value"
      ;;&
    bench:--without)
      for library in ${2//,/ }; do
        [[ $library =~ ^(cublas|cudnn|torch)$ ]] || fail 2 "--without: expected cublas, cudnn or torch, got '$library'"
      done
      without=,$2,
      shift 2
      ;;
    bench:--seconds | test:--seconds | pack:--limit)
      [[ $2 =~ ^[1-9][0-9]{0,5}$ ]] || fail 2 "$1: expected a whole number from 1 to 999999, got '$2'"
      if [[ $1 == --limit ]]; then limit=$2; else seconds=$2; fi
      shift 2
      ;;
    pack:--onednn) onednn=1; shift ;;
    *:-h | *:--help) usage; exit ;;
    *:-*) fail 2 "$command has no option $1" ;;
    *)
      [[ -z $build ]] || fail 2 "expected one BUILD, got '$build' and '$1'"
      build=$1
      shift
      ;;
  esac
done
if [[ -z $build ]]; then
  if [[ -x $here/cuda_rows ]]; then build=$here/..; else build=$here/../build/release; fi
fi
build=$(realpath -m "$build")
[[ -z ${RESULTS:-} ]] || RESULTS=$(realpath -m "$RESULTS")

# The programs of tests/ that run implementations for CUDA; the one of most kernels first.
test_programs=(kernels_tests core_tests layers_tests optim_tests cuda_tests)

# ---- pack ----

# Every library of a program but the C library and the driver, which belong to the machine.
libraries_of() {
  ldd "$@" | sed -n 's/^[[:space:]].*=> \(\/[^ ]*\) .*/\1/p' | sort -u |
    grep -v -E '/(libc|libm|libmvec|libdl|libpthread|libresolv|librt|ld-linux[^/]*|libcuda)\.so' || true
}

mebibytes() { awk -v bytes="$1" 'BEGIN { printf "%.1f MiB", bytes / 1048576 }'; }

pack() {
  local to=$build/gpu file=$build/gpu.tar.xz program library missing packed
  rm -rf "$to" "$file"
  mkdir -p "$to"/{tests,cli,benchmarks,lib}
  for program in cli/joule benchmarks/cuda_rows "${test_programs[@]/#/tests/}"; do
    [[ -x $build/$program ]] || fail 1 "there is no $build/$program: configure with -DJOULE_CUDA=ON -DJOULE_BENCHMARKS=ON and build"
    [[ $(readelf -d "$build/$program") == *"(RPATH)"*"\$ORIGIN/../lib"* ]] ||
      fail 1 "$build/$program does not look for libraries in \$ORIGIN/../lib: configure with -DJOULE_CUDA=ON -DJOULE_BENCHMARKS=ON"
    if [[ ! $onednn && $(ldd "$build/$program") == *libdnnl* ]]; then
      fail 1 "$build/$program links oneDNN, which no CUDA row needs: configure with -DJOULE_ONEDNN=OFF, or add --onednn"
    fi
    strip -o "$to/$program" "$build/$program"
  done
  libraries_of "$to"/{cli,benchmarks,tests}/* | while read -r library; do
    cp -L "$library" "$to/lib/"
    strip --strip-unneeded "$to/lib/${library##*/}"
  done
  # As the other machine will see it, which may have none of them.
  packed=$(libraries_of "$to"/{cli,benchmarks,tests}/*)
  missing=$(grep -v "^$to/" <<<"$packed" || true)
  [[ -z $missing ]] || fail 1 "these libraries are not taken from the pack: $missing"
  cp "$here"/{gpu.sh,torch_peer.py} "$to/benchmarks/"
  # A window of 64 MiB: the programs have most of their code in common.
  XZ_OPT=-9 tar -C "$build" -cJf "$file" gpu
  local bytes
  bytes=$(stat -c %s "$file")
  echo "$file: $(mebibytes "$bytes"), unpacked $(mebibytes "$(du -sb "$to" | cut -f1)")"
  if [[ $limit ]] && ((bytes > limit << 20)); then
    du -ab "$to" | sort -nr | awk -v to="$to/" 'index($2, to) == 1 { printf "%8.1f MiB  %s\n", $1 / 1048576, substr($2, length(to) + 1) }' |
      grep / | sed 8q >&2 || true
    fail 1 "$file has $(mebibytes "$bytes"), more than --limit $limit MiB (above: the largest files, not compressed)"
  fi
  echo "there: tar -xJf gpu.tar.xz (or python3 -m tarfile -e gpu.tar.xz), then gpu/benchmarks/gpu.sh bench, and ... test"
}

if [[ $command == pack ]]; then
  pack
  exit
fi

# ---- on a machine with a GPU ----

nvidia-smi -L >/dev/null 2>&1 || fail 1 "nvidia-smi finds no GPU here"
if [[ ! -x $build/cli/joule ]]; then
  [[ -f $here/../CMakeLists.txt ]] || fail 1 "there is no $build/cli/joule"
  (cd "$here/.." && cmake --preset release -B "$build" -DJOULE_CUDA=ON -DJOULE_TESTS=ON -DJOULE_BENCHMARKS=ON)
  cmake --build "$build" -j "$(nproc)"
fi
export JOULE_TUNING=off OMP_NUM_THREADS=${OMP_NUM_THREADS:-4}

gpu=$(nvidia-smi --query-gpu=name --format=csv,noheader -i 0)
results=${RESULTS:-$(realpath -m "$here/results/$(tr '[:upper:]' '[:lower:]' <<<"$gpu" | sed 's/[^a-z0-9.]\{1,\}/-/g')")}
mkdir -p "$results"
date=$(date -u +%F)
failed='' unfinished=''
deadline=$((SECONDS + seconds))  # of all that follows

# within S COMMAND...: for at most S seconds, and not beyond the deadline; 124 if that was too short.
within() {
  local left=$((deadline - SECONDS))
  ((left > 5)) || {
    echo "no time left for: ${*:2}" >&2
    return 124
  }
  timeout -k 10 "$(($1 < left ? $1 : left))" "${@:2}"
}

# note NAME STATUS
note() {
  case $2 in
    0) ;;
    124 | 137) unfinished+=" $1" ;;
    *) failed+=" $1" ;;
  esac
}

finish() {
  echo "results: $results"
  [[ -z $unfinished ]] || echo "gpu.sh: not finished in time:$unfinished" >&2
  [[ -z $failed ]] || echo "gpu.sh: failed:$failed" >&2
  [[ -z $failed$unfinished ]] || exit 1
}

# The folders of a library of NVIDIA's in the packages of python3 (PyTorch's wheels bring cuBLAS and cuDNN, in
# nvidia/cudnn/lib, nvidia/cublas/lib or nvidia/cu13/lib), one a line.
wheel_folders() {
  command -v python3 >/dev/null || return 0
  python3 - "$1" <<'END'
import glob, os, sys
places = {os.path.join(place, "nvidia") for place in sys.path if place}
found = {os.path.dirname(file) for place in places for file in glob.glob(os.path.join(glob.escape(place), "*", "lib", sys.argv[1]))}
print(*sorted(found), sep="\n")
END
}

# These folders alone, so that PyTorch keeps its own libstdc++; the programs find what was packed by their run path.
for pattern in 'libcudnn.so.*' 'libcublas.so.*'; do
  while read -r folder; do
    [[ -z $folder || :${LD_LIBRARY_PATH:-}: == *:$folder:* ]] ||
      export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder"
  done < <(wheel_folders "$pattern")
done

joule=$build/cli/joule
nvidia-smi --query-gpu=name,driver_version,memory.total,power.limit,clocks.max.sm,clocks.max.mem --format=csv |
  tee "$results/$date-machine.csv"
"$joule" info >"$results/$date-info.txt"

bench() {
  local expected='' library case model batch precision file status peer=()
  for library in cublas cudnn; do
    [[ $without == *,$library,* ]] || expected+=${expected:+,}$library
  done
  if [[ $without != *,torch,* ]]; then
    peer=(--torch-peer "$here/torch_peer.py")
    within 60 python3 -c 'import sys, torch; sys.exit(None if torch.cuda.is_available() else "PyTorch finds no CUDA device")' ||
      fail 1 "PyTorch with CUDA was expected: install it for python3, or add --without torch"
  else
    peer=(--torch-peer "$here/none")
  fi
  # The file is complete after every operation.
  status=0
  within 170 "$build/benchmarks/cuda_rows" --rounds 10 ${expected:+--expect "$expected"} --json "$results/$date-rows.json" || status=$?
  ((status != 3)) || fail 1 "expected rows are not there (above): install the libraries, or add --without ${expected}"
  note rows $status
  # A process that compiles takes up to a minute before its first step: one round.  Joule's sides first
  # try whether a graph is quicker.
  for case in small-cnn,128,f32 small-cnn,128,bf16 resnet18,512,tf32; do
    IFS=, read -r model batch precision <<<"$case"
    file="$results/$date-train-$model-$precision.json"
    status=0
    within 120 "$joule" bench train --device cuda --precision "$precision" "${peer[@]}" --models "$model" \
      --batch "$batch" --steps 30 --rounds 1 --json "$file" || status=$?
    note "train-$model-$precision" $status
  done
}

# in_shards N NAME SECONDS COMMAND...: N processes at once, each with its share of a GoogleTest program's tests.
in_shards() {
  local count=$1 name=$2 limit=$3 shard pids=() status worst=0 start=$SECONDS log
  for ((shard = 0; shard < count; ++shard)); do
    log=$results/$date-$name-$shard.log
    GTEST_TOTAL_SHARDS=$count GTEST_SHARD_INDEX=$shard within "$limit" "${@:4}" >"$log" 2>&1 &
    pids+=($!)
  done
  for ((shard = 0; shard < count; ++shard)); do
    status=0
    wait "${pids[shard]}" || status=$?
    log=$results/$date-$name-$shard.log
    if ((status == 0)); then
      rm "$log"
      continue
    fi
    tail -n 20 "$log" >&2
    # A failure is worse than a lack of time.
    if ((worst == 0 || worst == 124 || worst == 137)); then worst=$status; fi
  done
  echo "$name: status $worst after $((SECONDS - start)) s" | tee -a "$results/$date-tests.txt"
  note "$name" $worst
}

run_tests() {
  local program shards tool sanitizer suite
  shards=$(($(nproc) / OMP_NUM_THREADS))
  shards=$((shards < 1 ? 1 : shards > 4 ? 4 : shards))
  : >"$results/$date-tests.txt"
  for program in "${test_programs[@]}"; do
    [[ -x $build/tests/$program ]] || fail 1 "there is no $build/tests/$program: configure with -DJOULE_TESTS=ON and build"
    in_shards $shards "$program" 200 "$build/tests/$program" --gtest_brief=1
  done
  # Under the tools a kernel takes up to a hundred times as long: the convolutions last, as far as time allows.
  sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null) || {
    failed+=" compute-sanitizer:not-installed"
    return 0
  }
  for suite in Relu SoftmaxCrossEntropy Update Conv2dZeros Conv2dDeterminism Conv2d; do
    [[ $("$build/tests/kernels_tests" --gtest_list_tests --gtest_filter="*$suite.*:*$suite/*") == *"  "* ]] ||
      fail 1 "kernels_tests has no suite $suite"
    for tool in memcheck racecheck; do
      in_shards $shards "$tool-$suite" 60 "$sanitizer" --tool $tool --error-exitcode 9 "$build/tests/kernels_tests" \
        --gtest_brief=1 --gtest_filter="*$suite.*:*$suite/*"
    done
  done
}

if [[ $command == bench ]]; then bench; else run_tests; fi
finish
