#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""build.py [FOLDER]: builds the site into FOLDER (build/site): the pages by MkDocs, the API reference by Doxygen into api/.

Exits 1 when a tool is missing, or one of them warns.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from docstrings import for_doxygen

ROOT = Path(__file__).parents[2]
TOOLS = {"mkdocs": "mkdocs and mkdocs-material", "doxygen": "doxygen and doxygen-awesome-css"}
# Doxygen 1.9 takes overloads on two aliases of one template for each other.
MISTAKEN = r"energy/quantity\.h:\d+: warning: no matching file member found"


def missing():
    """What must be installed first, as text; empty if nothing."""
    return "; ".join(f"{tool} (Debian's {package})" for tool, package in TOOLS.items() if not shutil.which(tool))


def public_headers():
    """joule.h and what it includes, and they: what `cmake --install` installs."""
    found, waiting = [], ["joule.h"]
    while waiting:
        header = waiting.pop()
        if header not in found:
            found.append(header)
            waiting += re.findall(r'^ *# *include +"joule/([^"]+)"', (ROOT / header).read_text(), re.MULTILINE)
    return sorted(found)


def build_api(folder):
    version = re.search(r"^project\(joule VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)[1]
    with tempfile.TemporaryDirectory() as temporary:
        for header in public_headers():
            copy = Path(temporary, "joule", header)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(for_doxygen((ROOT / header).read_text()))
        settings = (ROOT / "scripts/site/Doxyfile").read_text() + f"""
PROJECT_NUMBER  = {version}
INPUT           = scripts/site/api.dox {temporary}
RECURSIVE       = YES
STRIP_FROM_PATH = {temporary}
STRIP_FROM_INC_PATH = {temporary}
HTML_OUTPUT     = {folder}
"""
        done = subprocess.run(["doxygen", "-"], cwd=ROOT, input=settings, text=True, stderr=subprocess.PIPE)
    said = [text for text in re.split(rf"^(?={re.escape(temporary)}/)", done.stderr, flags=re.MULTILINE) if not re.search(MISTAKEN, text)]
    if done.returncode or any(said):
        sys.exit("".join(said).replace(temporary + "/joule/", "") + "site: doxygen warned (above)")


def build(folder):
    subprocess.run(["mkdocs", "--quiet", "build", "--site-dir", folder], cwd=ROOT, check=True)
    build_api(folder / "api")


def main():
    if lacking := missing():
        sys.exit(f"site: there is no {lacking}")
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/site").resolve()
    try:
        build(folder)
    except subprocess.CalledProcessError as error:
        sys.exit(f"site: {error.cmd[0]} failed (above)")
    print(f"the site: {folder / 'index.html'}")


if __name__ == "__main__":
    main()
