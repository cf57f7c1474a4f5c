#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule completion and joule manual, read by the programs that they are for."""

import os
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

JOULE = os.environ["JOULE"]


def joule(*arguments):
    done = subprocess.run([JOULE, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def options_of(*command):
    """Of --help."""
    text = joule(*command, "--help").partition("\nOptions:\n")[2].partition("\n\n")[0]
    lines = re.findall(r"^  (?:-\w,)?--.*", text, re.MULTILINE)
    return {name for line in lines for name in re.findall(r"--[\w-]+", re.split(r"   | [A-Z]", line)[0])}


def commands_of(*command):
    listed = joule(*command, "--help").partition("\nSubcommands:\n")[2].partition("\n\n")[0]
    return re.findall(r"^  (\S+)", listed, re.MULTILINE)


def all_commands():
    commands = [()]
    for command in commands:  # grows by what each lists
        commands += [(*command, name) for name in commands_of(*command)]
    return commands


class Bash(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)
        (cls.folder / "joule.bash").write_text(joule("completion", "bash"))
        (cls.folder / "two words.onnx").touch()
        (cls.folder / "trained").mkdir()

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def completed(self, *words):
        """What the last of the words may become."""
        quoted = " ".join(f"'{word}'" for word in words)
        script = f"source ./joule.bash; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _joule; ((${{#COMPREPLY[@]}} == 0)) || printf '%s\\n' \"${{COMPREPLY[@]}}\""
        done = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, cwd=self.folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.splitlines()

    def test_commands(self):
        self.assertEqual(self.completed("joule", "tr"), ["train"])
        self.assertEqual(sorted(self.completed("joule", "study", "e")), ["eat", "energize", "export"])
        self.assertIn("conv", self.completed("joule", "bench", ""))
        self.assertNotIn("conv", self.completed("joule", ""))

    def test_every_option_of_every_command(self):
        for command in all_commands():
            with self.subTest(command=" ".join(command)):
                self.assertEqual(options_of(*command) - set(self.completed("joule", *command, "--")), set())

    def test_choices_of_a_value(self):
        schedules = ["constant", "step", "exponential", "cosine", "one-cycle", "plateau"]
        self.assertEqual(self.completed("joule", "train", "--schedule", ""), schedules)
        self.assertEqual(self.completed("joule", "train", "--schedule", "co"), ["constant", "cosine"])
        self.assertEqual(self.completed("joule", "train", "--schedule", "=", "co"), ["constant", "cosine"])
        self.assertEqual(self.completed("joule", "train", "--schedule", "="), schedules)
        self.assertEqual(self.completed("joule", "completion", "z"), ["zsh"])

    def test_files(self):
        self.assertEqual(sorted(self.completed("joule", "eval", "--model", "t")), ["trained", "two words.onnx"])
        self.assertIn("two words.onnx", self.completed("joule", "compare", "two"))
        self.assertEqual(self.completed("joule", "zz"), [])


@unittest.skipUnless(shutil.which("zsh"), "there is no zsh here")
class Zsh(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        (self.folder / "_joule").write_text(joule("completion", "zsh"))
        (self.folder / "joule").symlink_to(JOULE)
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            environment = {"TERM": "dumb", "PATH": f"{self.folder}:{os.environ['PATH']}", "HOME": str(self.folder), "COLUMNS": "200"}
            os.execvpe("zsh", ["zsh", "-f", "-i"], environment)
        self.type(f"PS1='>'; fpath=({self.folder} $fpath); autoload -U compinit && compinit -D -u; setopt no_beep; print rea''dy\n")
        self.until("ready")

    def tearDown(self):
        os.close(self.terminal)
        os.waitpid(self.child, 0)

    def type(self, text):
        os.write(self.terminal, text.encode())

    def until(self, text):
        shown, end = "", time.monotonic() + 60
        while text not in shown:
            self.assertLess(time.monotonic(), end, shown)
            if select.select([self.terminal], [], [], 1)[0]:
                shown += os.read(self.terminal, 65536).decode(errors="replace")
        return shown

    def test_it_completes(self):
        for typed, becomes in (("trai", "train "), ("bench con", "conv "), ("train --sche", "--schedule="),
                               ("train --schedule=cosi", "cosine "), ("study eat --laye", "--layers=")):  # fmt: skip
            with self.subTest(typed=typed):
                self.type("joule " + typed)
                self.until(typed)
                self.type("\t")
                rest = becomes.removeprefix(typed.split()[-1].split("=")[-1])
                self.until(rest.rstrip())
                self.type("\x15")  # away with the line


class Manual(unittest.TestCase):
    def test_it_has_every_command_and_option(self):
        page = joule("manual").replace("\\-", "-")
        for command in all_commands()[1:]:
            section = page.partition(f".SH JOULE {' '.join(command).upper()}\n")[2].partition("\n.SH ")[0]
            with self.subTest(command=" ".join(command)):
                self.assertNotEqual(section, "")
                for option in options_of(*command) - {"--help"}:
                    self.assertRegex(section, rf"(?m)^\.B .*{option}\b")

    @unittest.skipUnless(shutil.which("groff"), "there is no groff here")
    def test_troff_takes_it(self):
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-P-cbou"], input=joule("manual"), capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("JOULE(1)", done.stdout)
        self.assertIn("source <(joule completion bash)", done.stdout)
        self.assertIn("--l0-lambda FLOAT", done.stdout)


if __name__ == "__main__":
    unittest.main()
