#!/bin/sh
# SPDX-License-Identifier: MIT
#
# scripts/format.sh -i      formats every source
# scripts/format.sh -check  exits 1 and names the lines that are not formatted; 77 without clang-format 14
cd "$(dirname "$0")/.." || exit 2
for clang_format in clang-format-14 clang-format; do
  if "$clang_format" --version 2>/dev/null | grep -q 'version 14\.'; then break; fi
  clang_format=
done
if [ -z "$clang_format" ]; then
  echo "format: skipped: clang-format 14 is not installed (other versions format differently)" >&2
  exit 77
fi
case $1 in
  -i) set -- -i ;;
  -check) set -- --dry-run -Werror ;;
  *) echo "usage: scripts/format.sh -i|-check" >&2; exit 2 ;;
esac
# Not in hidden folders and build trees.
find . -type d \( -name '.?*' -o -name build -o -exec test -e '{}/CMakeCache.txt' \; \) -prune -o \
  \( -name '*.h' -o -name '*.cpp' -o -name '*.cu' \) -print0 |
  xargs -0 "$clang_format" --style=file "$@"
