#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# scripts/fuzz.sh available          exits 0 if clang++ with libFuzzer is here
# scripts/fuzz.sh PROGRAM SECONDS    runs each reader of build/fuzz/tests/fuzz/fuzz_readers so long, as
#                                    many side by side as there are processors; exits 1 if one fails
# What was found is kept beside PROGRAM: corpus/READER, and failures/READER-*, which
# JOULE_FUZZ=READER PROGRAM FILE runs again.
set -euo pipefail

if [[ ${1:-} == available ]]; then
  echo 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }' |
    clang++ -fsanitize=fuzzer -x c++ -o /dev/null - 2>/dev/null
  exit
fi
(($# == 2)) || { echo "usage: scripts/fuzz.sh available | PROGRAM SECONDS" >&2; exit 2; }

fuzz_one() {
  local program=$1 seconds=$2 reader=$3 folder
  folder=$(dirname "$program")
  mkdir -p "$folder/corpus/$reader" "$folder/failures"
  local log="$folder/$reader.log"
  if JOULE_FUZZ=$reader JOULE_FUZZ_SEEDS="$folder/corpus/$reader" "$program" \
    -seed=1 -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
    -artifact_prefix="$folder/failures/$reader-" "$folder/corpus/$reader" >"$log" 2>&1; then
    echo "fuzz: $reader: $(sed -n 's/^stat::number_of_executed_units: //p' "$log") inputs, no failure"
  else
    tail -n 40 "$log" >&2
    echo "fuzz: $reader failed (above; $log)" >&2
    return 1
  fi
}
export -f fuzz_one

program=$(realpath "$1")
"$program" | xargs -P "$(nproc)" -I{} bash -c 'fuzz_one "$@"' - "$program" "$2" {}
