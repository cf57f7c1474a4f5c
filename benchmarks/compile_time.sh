#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# benchmarks/compile_time.sh [compiler]: what including joule.h costs a user's translation unit.
# Prints the median of five compilations, with and without Joule's part.  Target: < 2 s.
set -euo pipefail
cd "$(dirname "$0")/.."
compiler=${1:-c++}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/include"
ln -s "$PWD" "$work/include/joule"
echo '#include <joule/joule.h>
int main() { return joule::version().empty(); }' >"$work/joule.cpp"
# The standard headers that joule.h reaches, without Joule.
"$compiler" -std=c++20 -I"$work/include" -M "$work/joule.cpp" | tr -s ' \\' '\n' | grep "^$work/include/joule/" |
  xargs sed -n 's/^#include \(<.*>\)/#include \1/p' | sort -u >"$work/standard.cpp"
echo 'int main() {}' >>"$work/standard.cpp"

# CPU seconds: a compiler is one thread, and the machine may be busy.
median() {
  local TIMEFORMAT='%U %S'
  for _ in 1 2 3 4 5; do
    { time "$compiler" -std=c++20 -O2 -I"$work/include" -c "$1" -o "$work/out.o"; } 2>&1 | awk '{print $1 + $2}'
  done | sort -n | sed -n 3p
}
echo "joule.h: $(median "$work/joule.cpp") s; its standard headers alone: $(median "$work/standard.cpp") s" \
  "($("$compiler" --version | head -1))"
