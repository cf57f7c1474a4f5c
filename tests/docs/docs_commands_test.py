#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every command of the program in the documents, and in the examples of --help, is one that the program takes.

A command of a block of code, or of an example, is handed to the program with one option more that does not exist: if the
program refuses that one, it took all the others with their values, and nothing ran.  Of a command in a line of text, which may
hold placeholders, the sub-commands and the names of the options are looked up in --help.
"""

import functools
import os
import re
import shlex
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[2]
JOULE = os.environ["JOULE"]
UNKNOWN = "--an-option-that-is-unknown"
sys.path.insert(0, str(ROOT / "scripts/site"))
from github_markdown import FENCE

ENDS = {"|", ">", ">>", "&&", "||", ";", "&"}
LAUNCHERS = {"srun", "mpirun"}  # behind their own options they have a program


def documents():
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def joined(lines):
    """(number of its first line, line) with the lines that a backslash continues."""
    start, text = None, ""
    for number, line in lines:
        start = start or number
        text += line.rstrip()
        if text.endswith("\\"):
            text = text[:-1]
            continue
        yield start, text
        start, text = None, ""


def command(line):
    """The arguments of joule in a line of a shell; None if it does not run joule."""
    lexer = shlex.shlex(re.sub(r"\$\{?\w+\}?", "1", line), posix=True, punctuation_chars="|>&;")
    lexer.whitespace_split, lexer.commenters = True, ""
    words = []
    for word in lexer:
        if word.startswith("#") or word in ENDS:
            break
        words.append(word)
    while words and words[0] != "joule" and not words[0].endswith("/joule"):
        if words[0] in LAUNCHERS and "joule" in words:
            words = words[words.index("joule") - 1:]
        elif words[0] not in ("$", "exec") and "=" not in words[0]:
            return None
        words.pop(0)
    return words[1:] if words else None


def in_code(text):
    """(number of the line, its text) of the lines of blocks in the shell's language."""
    language = None
    for number, line in enumerate(text.split("\n"), 1):
        if FENCE.match(line):
            language = line.strip("` ~") if language is None else None
        elif language == "sh":
            yield number, line


def in_text(text):
    """(number of the line, code) of the code in lines of text that begins with joule."""
    fenced = False
    for number, line in enumerate(text.split("\n"), 1):
        if FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            for code in re.findall(r"`(joule [^`]+)`", line):
                yield number, code.replace("\\|", "|")


def run(*arguments):
    return subprocess.run([JOULE, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)


@functools.cache
def help_of(*path):
    """What --help says of a command; None if there is no such command."""
    done = run(*path, "--help")
    usage = " ".join(("Usage: joule", *path)) + " "
    return done.stdout if done.returncode == 0 and usage in done.stdout + " " else None


def sub_commands(text):
    """The names that --help lists under Subcommands."""
    listed = text.partition("\nSubcommands:\n")[2].partition("\n\n")[0]
    return re.findall(r"^  (\S+)", listed, re.MULTILINE)


def options(text):
    """{option: whether it must be given} of --help."""
    return {name: " REQUIRED" in line
            for line in re.findall(r"^  (?:-\w,)?--.*", text, re.MULTILINE)
            for name in re.findall(r"--[\w-]+", line.split("   ")[0].split(" REQUIRED")[0].split("=")[0])}  # fmt: skip


def positionals(text):
    """The names that --help lists under Positionals."""
    return re.findall(r"^  (\S+)", text.partition("\nPositionals:\n")[2].partition("\n\n")[0], re.MULTILINE)


def path_of(arguments):
    """The sub-commands that arguments begin with."""
    path = []
    for word in arguments:
        if word not in sub_commands(help_of(*path)):
            break
        path.append(word)
    return path


def complaint(arguments):
    """What is wrong with a complete command; None if nothing."""
    path = path_of(arguments)
    if not path:
        return f"there is no joule {arguments[0] if arguments else ''}"
    end = arguments.index("--") if "--" in arguments else len(arguments)
    own = arguments[:end]
    if "--help" in own:
        return None
    text = help_of(*path)
    bare = own[len(path):len(path) + 1]  # an option that may stand without its name stands first
    first = positionals(text)[:1] if bare and not bare[0].startswith("-") else []
    lacking = [name for name, needed in options(text).items() if needed and name not in own and name[2:] not in first]
    if lacking and "--config" not in own:
        return f"{lacking[0]} must be given"
    done = run(*own, UNKNOWN, *arguments[end:])
    expected = f"joule: unknown option {UNKNOWN}"
    return None if done.returncode == 2 and done.stderr.startswith(expected) else done.stderr.strip() or "it was not refused"


def complaint_of_mention(code):
    """What is wrong with a command that a text mentions, perhaps in part or with placeholders; None if nothing."""
    words = re.split(r"[\s\[\]]+", code.split(" -- ")[0].split(" | ")[0])[1:]
    path = path_of(words)
    placeholder = not path and (words[0].isupper() or words[0].startswith("--"))
    if not path and not placeholder:
        return f"there is no joule {words[0]}"
    deeper = sub_commands(help_of(*path))
    rest = words[len(path):]
    if path and deeper and rest and re.fullmatch(r"[a-z]+", rest[0]) and "SUBCOMMAND\n" in help_of(*path):
        return f"joule {' '.join(path)} has no {rest[0]}"
    known = options(help_of(*path))
    for name in (word.split("=")[0] for word in words if word.startswith("--")):
        if name not in known:
            return f"joule {' '.join(path)} has no {name}"
    return None


def all_commands(*path):
    yield path
    for name in sub_commands(help_of(*path)):
        yield from all_commands(*path, name)


class Commands(unittest.TestCase):
    maxDiff = None

    def test_commands_in_code_are_taken(self):
        found, wrong = 0, []
        for file in documents():
            for number, line in joined(in_code(file.read_text())):
                arguments = command(line)
                if arguments is not None and not line.startswith("$ "):  # behind a $ they show what the program answers
                    found += 1
                    if said := complaint(arguments):
                        wrong.append(f"{file.relative_to(ROOT)}:{number}: {said}")
        self.assertEqual(wrong, [])
        self.assertGreater(found, 60)

    def test_commands_in_text_are_there(self):
        found, wrong = 0, []
        for file in documents():
            for number, code in in_text(file.read_text()):
                found += 1
                if said := complaint_of_mention(code):
                    wrong.append(f"{file.relative_to(ROOT)}:{number}: `{code}`: {said}")
        self.assertEqual(wrong, [])
        self.assertGreater(found, 100)

    def test_examples_of_help_are_taken(self):
        wrong = []
        for path in all_commands():
            examples = help_of(*path).partition("\nExamples:\n")[2].split("\n")
            for _, line in joined(enumerate(examples, 1)):
                arguments = command(line.strip()) if line.startswith("  joule ") else None
                if arguments is not None and (said := complaint(arguments)):
                    wrong.append(f"joule {' '.join(path)} --help: {line.strip()}: {said}")
        self.assertEqual(wrong, [])

    def test_what_is_wrong_is_found(self):
        for line, said in (
            ("joule train --out runs/a --epochs 2  # comment", None),
            ("PINNED=1 joule train --out runs/a > log && false", None),
            ("joule meter --meter none -- python3 train.py --modle x", None),
            ("joule trian --out runs/a", "there is no joule trian"),
            ("joule train --epochs 2", "--out must be given"),
            ("joule train --out runs/a --epoch 2", "joule: unknown option --epoch: did you mean --epochs?"),
            ("joule train --out runs/a --epochs two", "joule: --epochs: expected a whole decimal number, got 'two'"),
        ):
            self.assertEqual(complaint(command(line)), said)
        self.assertIsNone(command("cmake --build build"))
        for code, said in (
            ("joule COMMAND --help", None),
            ("joule eval --model DIR|FILE [--save-model F]", None),
            ("joule nas surrogat", "joule nas has no surrogat"),
            ("joule evla --model M", "there is no joule evla"),
            ("joule eval --modle M", "joule eval has no --modle"),
        ):
            self.assertEqual(complaint_of_mention(code), said)


if __name__ == "__main__":
    if not os.access(JOULE, os.X_OK):
        print(f"skipped: there is no program {JOULE}")
        sys.exit(77)
    unittest.main()
