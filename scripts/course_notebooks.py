#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lessons of docs/course as Jupyter notebooks, with their pictures beside them.

  scripts/course_notebooks.py FOLDER

Text becomes text, and a block of commands a cell that runs them, from the folder that Jupyter was started in.  What a page
shows of their output is left out: the cell shows it once it is run.  Needs nothing but Python; to open them, Jupyter.
"""

import json
import shutil
import sys
from pathlib import Path

COURSE = Path(__file__).parents[1] / "docs" / "course"


def cells_of(page):
    """[(kind, text)]: of the page's blocks those of commands are code; blocks that show output are dropped."""
    cells, text, block, language = [], [], None, ""
    for line in page.read_text().splitlines():
        if line.startswith("```") and block is None:
            block, language = [], line[3:]
        elif line.startswith("```"):
            if language == "sh":
                cells += [("markdown", "\n".join(text).strip()), ("code", "%%bash\n" + "\n".join(block))]
                text = []
            elif language != "text":
                text += [f"```{language}", *block, "```"]
            block = None
        elif block is not None:
            block.append(line)
        elif line != "<!-- run -->":
            text.append(line)
    cells.append(("markdown", "\n".join(text).strip()))
    return [(kind, text) for kind, text in cells if text]


def notebook(page):
    cells = []
    for number, (kind, text) in enumerate(cells_of(page)):
        cell = {"cell_type": kind, "id": f"{page.stem}-{number}", "metadata": {}, "source": text.splitlines(keepends=True)}
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        cells.append(cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for page in sorted(COURSE.glob("[0-9][0-9]-*.md")):
        (folder / f"{page.stem}.ipynb").write_text(json.dumps(notebook(page), indent=1) + "\n")
    shutil.copytree(COURSE / "pictures", folder / "pictures", dirs_exist_ok=True)


if __name__ == "__main__":
    main()
