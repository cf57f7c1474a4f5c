# SPDX-License-Identifier: MIT
"""Docstrings as Doxygen is to read them.

A docstring has named parts, `/// Cost      ...` or `/// Errors: ...`, which become paragraphs of their own, and formulas in
lines further in, which keep their form.  What stands behind a member is its docstring.
"""

import re
import sys

LINE = re.compile(r"(\s*///) ?(.*)")
NAMED = "Cost|Errors|Numerics|Source|Shapes"
PART = re.compile(rf"(?:([A-Z][a-z]+)\s\s+|({NAMED}):\s+)(?=\S)")
PART_WITHIN = re.compile(rf"(?<=[.)])\s+({NAMED}): ")
TAG = re.compile(r"<(?=[A-Za-z/])(?![^`]*`)")
BEHIND = re.compile(r"(\s*[^/\s].*[;,]\s+)// (.*)")


def for_doxygen(text):
    out, formula, in_part = [], [], False
    for line in text.split("\n"):
        match = LINE.fullmatch(line)
        body = match[2] if match else ""
        if body.startswith("  ") and not in_part:
            formula.append(line)
            continue
        if formula:
            out += ["/// ~~~{.txt}", *formula, "/// ~~~"]
            formula = []
        body = TAG.sub(r"\\<", body).replace("et al. ", "et al.\\ ")  # no end of a sentence
        if part := PART.match(body):
            line = f"{match[1]} @part{{{part[1] or part[2]}}} {body[part.end():]}"
        elif match:
            line = match[1] + " " + PART_WITHIN.sub(r" @part{\1} ", body)
        else:
            line = BEHIND.sub(lambda found: found[1] + "///< " + TAG.sub(r"\\<", found[2]), line)
        in_part = bool(part) or (in_part and body != "")
        out.append(line)
    return "\n".join(out)
