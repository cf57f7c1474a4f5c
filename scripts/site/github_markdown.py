# SPDX-License-Identifier: MIT
"""What GitHub makes of Markdown, as far as links and headings need it."""

import re

LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
FENCE = re.compile(r"\s*(```|~~~)")


def slug(text, separator="-"):
    """The anchor that GitHub gives to a heading."""
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", separator)


def outside_code(text):
    """(line, whether it is text) for each line: not one of a block of code."""
    fenced = False
    for line in text.split("\n"):
        fence = FENCE.match(line) is not None
        yield line, not fenced and not fence
        fenced ^= fence


def headings(text):
    """(number of the line, level, text) of each heading."""
    for number, (line, is_text) in enumerate(outside_code(text), 1):
        if is_text and (match := re.match(r"(#{1,6})\s+(.*)", line)):
            yield number, len(match[1]), match[2]


def anchors(text):
    """The anchors of a page's headings; of equal ones the second has -1 behind it, and so on."""
    found = {}
    for _, _, title in headings(text):
        name = slug(re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title))
        times = found[name] = found.get(name, -1) + 1
        yield f"{name}-{times}" if times else name


def links(text):
    """(target without its anchor, anchor) of each link within the repository."""
    prose = "\n".join(line if is_text else "" for line, is_text in outside_code(text))
    for match in LINK.finditer(re.sub(r"`[^`]*`", "", prose)):
        target, _, anchor = match[3].partition("#")
        if ":" not in target:
            yield target, anchor
