# SPDX-License-Identifier: MIT
"""The pages of docs/course: their commands, and the output that they show."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]
COURSE = ROOT / "docs" / "course"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")


class Block:
    """A fenced block: its language, its lines [first, last) in the page, whether `<!-- run -->` stands above it."""

    def __init__(self, language, first, last, lines, run):
        self.language, self.first, self.last, self.run = language, first, last, run
        self.text = "".join(line + "\n" for line in lines[first:last])

    def commands(self):
        """Each as a list of arguments; a line that ends in a backslash goes on."""
        joined = self.text.replace("\\\n", " ")
        return [shlex.split(line, comments=True) for line in joined.splitlines() if shlex.split(line, comments=True)]


def blocks(page):
    lines = page.read_text().splitlines()
    found, opened = [], None
    for number, line in enumerate(lines):
        if not line.startswith("```"):
            continue
        if opened is None:
            opened = number
        else:
            run = opened > 0 and lines[opened - 1] == "<!-- run -->"
            found.append(Block(lines[opened][3:], opened + 1, number, lines, run))
            opened = None
    assert opened is None, f"{page}:{opened}: the block does not end"
    return found


def shown(page):
    """(block of commands that are run, the block behind it that shows what they print; None if none does)."""
    all_blocks = blocks(page)
    pairs = []
    for here, behind in zip(all_blocks, all_blocks[1:] + [None]):
        if here.run:
            follows = behind is not None and behind.language == "text" and behind.first - here.last <= 5
            pairs.append((here, behind if follows else None))
    return pairs


def difference(expected, got):
    """Where two texts differ; None if they say the same.  Whole numbers are to be equal; of others, which the order of
    summation changes, 5 %, as a percentage of test images may move by that in the last of a short training.  The last column
    of a table whose head ends in "here" depends on the machine."""
    expected_lines, got_lines = expected.splitlines(), got.splitlines()
    if len(expected_lines) != len(got_lines):
        return f"expected {len(expected_lines)} lines, got {len(got_lines)}:\n{got}"
    here = False
    for one, other in zip(expected_lines, got_lines):
        here = here or one.endswith(" here")
        if NUMBER.sub("#", one).split() != NUMBER.sub("#", other).split():
            return f"expected '{one}', got '{other}'"
        for a, b in list(zip(NUMBER.findall(one), NUMBER.findall(other)))[: -1 if here else None]:
            whole = re.fullmatch(r"-?\d+", a) and re.fullmatch(r"-?\d+", b)
            near = abs(float(a) - float(b)) <= 0.05 * max(abs(float(a)), abs(float(b))) + 1e-6
            if a != b if whole else not near:
                return f"expected {a} in '{one}', got {b}"
    return None
