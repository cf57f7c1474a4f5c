#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/course: its commands are run, or at least parse; its programs print what the pages show, and draw the pictures.

  python3 tests/course/lessons_test.py --write     runs what has `<!-- run -->` above it, and writes its output and pictures
                                                   into the pages
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from pages import COURSE, ROOT, blocks, difference, shown

JOULE = os.environ["JOULE"]
PROGRAMS = Path(os.environ["JOULE_BUILD"]) / "examples" / "course"
INSTALLED = "build/release/examples/course/"  # where the pages have them
PAGES = sorted(COURSE.glob("[0-9][0-9]-*.md"))
SECTIONS = ["## Goal", "## The program", "## What the screen shows", "## The picture", "## Questions", "## Pitfalls", "## Sources"]  # fmt: skip


def run(arguments, folder, **environment):
    """Runs a command of a page, with the program and the lessons of this build."""
    if arguments[0] == "joule":
        arguments = [JOULE, *arguments[1:]]
    elif arguments[0].startswith(INSTALLED):
        arguments = [str(PROGRAMS / arguments[0].removeprefix(INSTALLED)), *arguments[1:]]
    else:
        raise AssertionError(f"not a command of the course: {' '.join(arguments)}")
    return subprocess.run(arguments, cwd=folder, capture_output=True, text=True, env={**os.environ, **environment})


def run_page(page):
    """Runs what the page runs in a folder of its own: [(the block that shows, what was printed)], the picture's SVG."""
    printed = []
    with tempfile.TemporaryDirectory() as folder:
        for commands, output in shown(page):
            text = ""
            for arguments in commands.commands():
                done = run(arguments, folder)
                if done.returncode != 0:
                    raise AssertionError(f"{page.name}: {' '.join(arguments)}: {done.returncode}: {done.stdout}{done.stderr}")  # fmt: skip
                text += done.stdout + done.stderr
            printed.append((output, text))
        return printed, (Path(folder) / "picture.svg").read_text()


def words(text):
    return " ".join(text.split())


def said(svg):
    """Title and description of a picture."""
    return "\n".join(re.findall(r"<(?:title|desc)>([^<]*)<", svg)[:2])


class Lessons(unittest.TestCase):
    def test_pages_show_what_is_printed_and_drawn(self):
        for page in PAGES:
            with self.subTest(page.name):
                printed, svg = run_page(page)
                self.assertIsNotNone(printed[0][0], "the program's output is not shown")
                for output, text in printed:
                    if output:
                        self.assertIsNone(difference(output.text, text), page.name)
                name = f"{page.stem}.svg"
                self.assertIn(f"](pictures/{name})", page.read_text())
                self.assertIsNone(difference(said((COURSE / "pictures" / name).read_text()), said(svg)), name)

    def test_a_program_refuses_a_file_that_it_cannot_write(self):
        for program in sorted(path.stem for path in (ROOT / "examples" / "course").glob("*.cpp")):
            for name in ("/no folder/p.csv", "tim"):
                with self.subTest(program), tempfile.TemporaryDirectory() as folder:
                    done = run([INSTALLED + program, name], folder)
                    self.assertEqual(done.returncode, 1, done.stdout)
                    self.assertIn(f"{name}: expected a name that ends in .csv, in a folder that exists", done.stderr)
                    self.assertEqual(os.listdir(folder), [])

    def test_a_sheet_is_written_and_checked_in_two_blocks(self):
        """So that a cell of a notebook that is run again does not begin the sheet anew."""
        for number, page in enumerate(PAGES, 1):
            sheet = f"answer-{number}.json"
            texts = [block.text for block in blocks(page)]
            self.assertIn(f"joule course show {number} --sheet {sheet}\n", texts, page.name)
            self.assertIn(f"joule course check {number} {sheet}\n", texts, page.name)

    def test_the_key_of_the_budget_is_the_same_on_page_and_screen(self):
        key = "inference.modelled_energy.horowitz45.ideal.value"
        self.assertIn(key, PAGES[9].read_text())
        self.assertIn(key, run(["joule", "course", "show", "10"], "/").stdout)

    def test_every_command_parses(self):
        """A number of threads that is refused once the command line was read, before anything is done."""
        for page in COURSE.glob("*.md"):
            for block in blocks(page):
                for arguments in block.commands() if block.language == "sh" else []:
                    if arguments[0] == "joule":
                        done = run(arguments, "/", OMP_NUM_THREADS="100000")
                        self.assertIn("joule: threads: OMP_NUM_THREADS", done.stderr, f"{page.name}: {' '.join(arguments)}")
                    else:
                        known = arguments[0].startswith(INSTALLED) or arguments[0] in ("make", "scripts/course_notebooks.py")
                        self.assertTrue(known, f"{page.name}: {arguments}")

    def test_a_page_has_all_sections_and_the_questions_of_the_program(self):
        self.assertEqual(len(PAGES), 10)
        for number, page in enumerate(PAGES, 1):
            text = page.read_text()
            headings = [line for line in text.splitlines() if line.startswith("## ")]
            self.assertEqual([h for h in headings if h in SECTIONS], SECTIONS, page.name)
            shown_by_program = run(["joule", "course", "show", str(number)], "/").stdout
            self.assertIn(f"docs/course/{page.name}\n", shown_by_program)
            questions = re.findall(r"^[abc]\. (.*\n(?:   .*\n)*)   .*$", shown_by_program, re.MULTILINE)
            self.assertEqual(len(questions), 0 if number == 10 else 3, page.name)
            for question in questions:
                self.assertIn(words(question), words(text), page.name)
            program = re.search(r"examples/course/(\w+)\.cpp", shown_by_program)[1]
            source = (ROOT / "examples" / "course" / f"{program}.cpp").read_text()
            code = [line for line in source.splitlines() if line.strip() and not line.strip().startswith("//")]
            self.assertLess(len(code), 60, program)
            self.assertIn(f"{INSTALLED}{program}", text)
            for command in re.findall(r"^command +(.*)$", shown_by_program, re.MULTILINE):
                self.assertIn(command, words(text.replace("\\\n", " ")), page.name)

    def test_links_lead_somewhere(self):
        for page in COURSE.glob("*.md"):
            for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
                self.assertTrue((COURSE / target).exists(), f"{page.name}: {target}")


def write():
    for page in PAGES:
        printed, svg = run_page(page)
        lines = page.read_text().splitlines()
        for output, text in reversed(printed):
            if output:
                lines[output.first : output.last] = [line.rstrip() for line in text.splitlines()]
        page.write_text("".join(line + "\n" for line in lines))
        (COURSE / "pictures" / f"{page.stem}.svg").write_text(svg)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write()
    else:
        unittest.main()
