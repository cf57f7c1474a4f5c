#!/bin/sh
# SPDX-License-Identifier: MIT
#
# scripts/tidy.sh [all]  clang-tidy on the sources that differ from main, or on all of them
set -e
cd "$(dirname "$0")/.."
for program in clang-tidy run-clang-tidy cmake ninja; do
  command -v $program >/dev/null || { echo "tidy: $program is not installed: apt-get install -y clang-tidy" >&2; exit 1; }
done
# GCC's precompiled headers mean nothing to clang.
cmake --preset dev -B build/tidy -DJOULE_TESTS=ON -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON >/dev/null
if [ "$1" = all ]; then
  files=$(git ls-files '*.cpp')
else
  files=$(git diff --name-only --diff-filter=d "$(git merge-base HEAD main)" -- '*.cpp'; git ls-files --others --exclude-standard '*.cpp')
fi
[ "$files" ] || { echo "tidy: no source differs from main; make tidy FILES=all checks every one"; exit 0; }
# run-clang-tidy takes regular expressions, and only the files that the build compiles.
run-clang-tidy -quiet -p build/tidy -j "$(nproc)" $(printf '/%s$ ' $files)
