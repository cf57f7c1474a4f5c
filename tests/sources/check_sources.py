#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Rules of the source tree that a compiler does not check.

  python3 tests/sources/check_sources.py [ROOT]     prints each breach as file:line: text; exits 1 if there are any

1. Include directions.  A folder includes itself and the folders that its joule_folder() line in
   CMakeLists.txt names, and theirs; that line is the only place where an arrow is stated.  The
   folders without such a line (FREE) include everything, and nothing includes them.
2. Joule's own headers are written as its users write them: "joule/core/tensor.h", never "core/tensor.h",
   "tensor.h" or "../tensor.h".  tests/consumer is somebody else's project, with headers of its own.
3. Public headers include only the standard library and Joule.  A header that includes anything else,
   itself or through another, is private: no other folder and no public header includes it.  Headers
   in a folder cuda/, or whose names end in _cuda.h, are for all *.cu files, and for their like; what of
   third parties includes only JSON_NAMES is for all of Joule's sources.
4. The first line is the licence.  A header has `#pragma once` and at most MAX_HEADER_LINES lines, another
   source at most MAX_SOURCE_LINES (tests aside), a folder at most MAX_FILES files.
5. Only cli/options/option.cpp and command_line.h beside it include CLI11 in cli/: its headers take seconds to compile, and its own
   add_option() reads 010 as 8.
6. No code asks a layer for its type: no dynamic_cast outside tests.  What a layer is, its spec() says (layers/graph).
7. A C++ program in README.md is the file in examples/ that the line above it names.
8. A line of a document has at most MAX_WIDTH characters; not one of a table or of code.
"""

import os
import re
import sys
from pathlib import Path

FREE = ("cli", "python", "tests", "benchmarks", "examples", "packaging")
LICENCE = "SPDX-License-Identifier: MIT"
JSON_NAMES = "nlohmann/json_fwd.hpp"  # declares the values that makers of JSON hand to each other
MAX_HEADER_LINES = 150
MAX_SOURCE_LINES = 500
MAX_FILES = 25
MAX_WIDTH = 140
HEADERS = {".h", ".cuh"}
SOURCES = HEADERS | {".cpp", ".cu"}
SCRIPTS = {".py", ".sh", ".cmake"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def arrows(cmake):
    """{folder: the folders that it may include}, from the joule_folder() lines and their closure."""
    direct = {}
    for name, rest in re.findall(r"^ *joule_folder\((\w+)([\w\s]*)\)", cmake, re.MULTILINE):
        direct[name] = set(rest.split())
    closed = {}
    for name in direct:
        reached, todo = set(), [name]
        while todo:
            folder = todo.pop()
            if folder not in reached:
                reached.add(folder)
                todo += direct.get(folder, ())
        closed[name] = reached
    return closed


def includes(path):
    """(line number, '<' or '"', what) of each #include of a file."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if match := INCLUDE.match(line):
            yield number, match[1], match[2]


def is_standard(quote, name):
    """<vector>, <cstdint>: no folder, no suffix."""
    return quote == "<" and re.fullmatch(r"[a-z_0-9]+", name) is not None


def is_cuda(file):
    """A kernel's source, or what only such sources include."""
    return file.suffix == ".cu" or "cuda" in file.parts or file.stem.endswith(("_cuda", "_cublas", "_cudnn"))


def files(root, suffixes):
    """The files under root, relative to it; not those of hidden folders and of build trees."""
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        built = {f for f in folders if f == "build" or (here / f / "CMakeCache.txt").exists()}
        folders[:] = sorted(f for f in folders if f not in built and not f.startswith("."))
        for name in sorted(names):
            if Path(name).suffix in suffixes:
                yield (here / name).relative_to(root)


def check_includes(root):
    allowed = arrows((root / "CMakeLists.txt").read_text())
    known = set(allowed) | set(FREE)
    included = {}  # header of Joule -> [(file, line)]
    third_party = {}  # file -> [(line, what it includes)]
    for file in files(root, SOURCES):
        folder = file.parts[0] if len(file.parts) > 1 else ""
        if folder and folder not in known:
            yield file, 1, f"the folder {folder} has no joule_folder() line in CMakeLists.txt"
            continue
        for line, quote, what in includes(root / file):
            ours = what.startswith("joule/") and (root / what.removeprefix("joule/")).is_file()
            if file.parts[:2] == ("tests", "consumer") and not ours:
                continue
            if quote == '"' and not ours and ((root / file.parent / what).exists() or (root / what).exists()):
                yield file, line, f'"{what}": write "joule/" and the path from the root'
            elif ours:
                what = what.removeprefix("joule/")
                target = what.split("/")[0]
                included.setdefault(Path(what), []).append((file, line))
                if folder in allowed and target not in allowed[folder]:
                    listed = ", ".join(sorted(allowed[folder]))
                    yield file, line, f'"{what}": {folder} may include only {listed}'
                elif folder in FREE and target in FREE and target != folder:
                    yield file, line, f'"{what}": nothing includes {target}'
            elif not is_standard(quote, what):
                third_party.setdefault(file, []).append((line, what))

    def tainted(names_too):
        """The headers that include something of third parties, themselves or through another."""
        todo = [file for file, found in third_party.items()
                if file.suffix in HEADERS and (names_too or any(what != JSON_NAMES for _, what in found))]  # fmt: skip
        reached = set()
        while todo:
            header = todo.pop()
            if header not in reached:
                reached.add(header)
                todo += [user for user, _ in included.get(header, ()) if user.suffix in HEADERS]
        return reached

    private = tainted(names_too=False)
    for header in sorted(tainted(names_too=True)):
        if len(header.parts) == 1 and header in third_party:
            line, what = third_party[header][0]
            yield header, line, f"a public header includes {what}"
        for user, line in included.get(header, ()):
            if header not in private and len(user.parts) > 1:
                continue
            if user.parts[0] != header.parts[0] and not (is_cuda(header) and is_cuda(user)):
                yield user, line, f'"{header}" is private to {header.parts[0]}: it needs a third-party header'


def check_form(root):
    for file in files(root, SOURCES | SCRIPTS):
        lines = (root / file).read_text().splitlines()
        top = lines[1:2] if lines[:1] and lines[0].startswith("#!") else lines[:1]
        if not top or LICENCE not in top[0]:
            yield file, 1, f"the first line must say {LICENCE}"
        if file.suffix in HEADERS:
            if "#pragma once" not in lines:
                yield file, 1, "the header has no #pragma once"
            if len(lines) > MAX_HEADER_LINES:
                yield file, len(lines), f"the header has {len(lines)} lines, at most {MAX_HEADER_LINES}"
        elif file.parts[0] != "tests" and len(lines) > MAX_SOURCE_LINES:  # tests have long tables
            yield file, len(lines), f"the file has {len(lines)} lines, at most {MAX_SOURCE_LINES}"


def check_folders(root):
    sizes = {}
    for file in files(root, SOURCES | SCRIPTS):
        sizes[file.parent] = sizes.get(file.parent, 0) + 1
    for folder, size in sizes.items():
        if size > MAX_FILES:
            yield folder, 1, f"the folder has {size} files, at most {MAX_FILES}"


def check_options(root):
    for file in files(root, SOURCES):
        if file.parts[0] == "cli" and file not in (Path("cli/options/option.cpp"), Path("cli/options/command_line.h")):
            for line, _, what in includes(root / file):
                if what.startswith("CLI/"):
                    yield file, line, f"{what}: take the command line of cli/options/option.h"


def check_casts(root):
    for file in files(root, SOURCES):
        if file.parts[0] != "tests":
            for number, line in enumerate((root / file).read_text().splitlines(), 1):
                if re.search(r"\bdynamic_(pointer_)?cast\s*<", line):
                    yield file, number, "no dynamic_cast: a layer says by spec() what it is (layers/graph)"


def check_width(root):
    for file in files(root, {".md"}):
        code = False
        for number, line in enumerate((root / file).read_text().splitlines(), 1):
            code ^= line.lstrip().startswith("```")
            if len(line) > MAX_WIDTH and not code and not line.lstrip().startswith("|"):
                yield file, number, f"the line has {len(line)} characters, at most {MAX_WIDTH}"


def check_readme(root):
    readme = root / "README.md"
    if not readme.exists():
        return
    text = readme.read_text()
    for match in re.finditer(r"`(examples/\w+\.cpp)`[^\n]*\n\n```cpp\n(.*?)```", text, re.DOTALL):
        line = text.count("\n", 0, match.start()) + 1
        if match[2] != (root / match[1]).read_text().partition("\n")[2]:
            yield Path("README.md"), line, f"the program is not {match[1]} (without its first line)"


def check(root):
    """The breaches under root, each as `file:line: text`."""
    found = [*check_includes(root), *check_form(root), *check_folders(root), *check_options(root), *check_casts(root),
             *check_width(root), *check_readme(root)]
    return [f"{file}:{line}: {text}" for file, line, text in found]


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2])
    breaches = check(root)
    print(*breaches, sep="\n", end="\n" if breaches else "")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
