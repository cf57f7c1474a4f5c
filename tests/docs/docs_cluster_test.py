#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The scripts and manifests of examples/cluster are ones that a shell, YAML and the program take; nothing here runs a scheduler."""

import json
import re
import subprocess
import sys
import unittest
from pathlib import Path

from docs_commands_test import ROOT, command, complaint, joined

FOLDER = ROOT / "examples/cluster"
SCRIPTS = sorted([*FOLDER.glob("*.sh"), *FOLDER.glob("*.sbatch")])
MANIFESTS = sorted(FOLDER.glob("*.yaml"))
READ_YAML = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))"


def documents_of(manifest):
    """A manifest's documents; None where there is no reader of YAML."""
    for python in ("/usr/bin/python3", sys.executable, "python3"):
        try:
            done = subprocess.run([python, "-c", READ_YAML, manifest], capture_output=True, text=True)
        except FileNotFoundError:
            continue
        if done.returncode == 0:
            return json.loads(done.stdout)
        if "No module named" not in done.stderr:
            raise AssertionError(f"{manifest}: {done.stderr}")
    return None


def with_values(line):
    """A line of a script with the variables' defaults, and without lists."""
    return re.sub(r'"\$\{\w+\[@\]\}"', "", re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", line))


class Cluster(unittest.TestCase):
    def test_scripts(self):
        self.assertEqual(len(SCRIPTS), 4)
        for script in SCRIPTS:
            with self.subTest(script.name):
                text = script.read_text()
                done = subprocess.run(["bash", "-n", script], capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertTrue(script.stat().st_mode & 0o111, "it is not executable")
                self.assertIn("set -euo pipefail", text)
                found = [arguments for _, line in joined(enumerate(text.split("\n"), 1))
                         if (arguments := command(with_values(line))) is not None]  # fmt: skip
                self.assertEqual(len(found), 1, "commands of joule")
                self.assertIsNone(complaint(found[0]))

    def test_slurm_reads_the_options(self):
        """Those of sbatch stand before the first command, each known."""
        known = {"job-name", "ntasks", "cpus-per-task", "time", "signal", "requeue", "array"}
        for script in FOLDER.glob("*.sbatch"):
            head = script.read_text().partition("\nset ")[0]
            options = re.findall(r"--([\w-]+)", " ".join(re.findall(r"^#SBATCH (.*)$", head, re.MULTILINE)))
            self.assertIn("signal", options)
            self.assertLessEqual(set(options), known)

    def test_manifests(self):
        self.assertEqual(len(MANIFESTS), 2)
        for manifest in MANIFESTS:
            with self.subTest(manifest.name):
                documents = documents_of(manifest)
                if documents is None:
                    self.skipTest("there is no reader of YAML here (Debian: python3-yaml, which mkdocs brings)")
                (job,) = documents
                self.assertEqual((job["apiVersion"], job["kind"]), ("batch/v1", "Job"))
                pod = job["spec"]["template"]["spec"]
                self.assertIn(pod["restartPolicy"], ("OnFailure", "Never"))
                (container,) = pod["containers"]
                words = container["command"]
                self.assertTrue(all(isinstance(word, str) for word in words), words)  # a number would be refused
                self.assertIsNone(complaint(words[words.index("joule") + 1:]))
                mounts = {mount["name"] for mount in container.get("volumeMounts", ())}
                self.assertEqual(mounts, {volume["name"] for volume in pod.get("volumes", ())})


if __name__ == "__main__":
    unittest.main()
