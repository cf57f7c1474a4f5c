#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The recipes that cannot run here (vcpkg, Conan, Docker with CUDA, GitHub): they name what is there, and all of it."""

import ast
import json
import re
import shlex
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts/site"))
from build import public_headers

CMAKE = (ROOT / "CMakeLists.txt").read_text()
LIBRARY = CMAKE.partition("# Parts of the program")[0]  # what is built with JOULE_CLI=OFF
# What find_package() calls a library, and what vcpkg and Conan do; the compiler brings the others.
NAMES = {"hwy": ("highway", "highway"), "fmt": ("fmt", "fmt"), "ZLIB": ("zlib", "zlib"), "JPEG": ("libjpeg-turbo", "libjpeg-turbo"),
         "PNG": ("libpng", "libpng"), "nlohmann_json": ("nlohmann-json", "nlohmann_json"), "Eigen3": ("eigen3", "eigen")}  # fmt: skip
FROM_THE_COMPILER = {"OpenMP", "Threads"}


def packages():
    """What the library cannot be built without."""
    return set(re.findall(r"^find_package\((\w+)[^)]*REQUIRED", LIBRARY, re.MULTILINE)) - FROM_THE_COMPILER


class Recipes(unittest.TestCase):
    def options_exist(self, text):
        known = set(re.findall(r"^(?:option|set)\((JOULE_\w+)", CMAKE, re.MULTILINE))
        self.assertLessEqual(set(re.findall(r"-D(JOULE_\w+)=", text)), known)

    def test_cuda_is_compiled_for_what_packages_meet(self):
        script = 'include("%s/cmake/cuda_architectures.cmake")\n' % ROOT
        script += "".join(f'joule_cuda_architectures(a {gpu} {tests})\nmessage("${{a}}")\n' for gpu in ("ON", "OFF") for tests in ("ON", "OFF"))
        with tempfile.NamedTemporaryFile("w", suffix=".cmake") as file:
            file.write(script)
            file.flush()
            lines = subprocess.run(["cmake", "-P", file.name], capture_output=True, text=True, check=True).stderr.split()
        everywhere = "80-real;86-real;89-real;90"  # the last also as PTX
        self.assertEqual(lines, ["native", "native", "90", everywhere])
        presets = json.loads((ROOT / "CMakePresets.json").read_text())["configurePresets"]
        (preset,) = (p for p in presets if p["name"] == "package-cuda")
        self.assertEqual((preset["inherits"], preset["cacheVariables"]["CMAKE_CUDA_ARCHITECTURES"]), ("package", everywhere))
        # As nobody's tests, and with what the build says.
        recipe = (ROOT / "packaging/docker/Dockerfile.cuda").read_text()
        self.assertIn("ARG ARCHITECTURES=\n", recipe)
        self.assertIn("-DJOULE_TESTS=OFF", recipe)

    def test_vcpkg(self):
        port = json.loads((ROOT / "packaging/vcpkg/joule/vcpkg.json").read_text())
        asked = {name for name in port["dependencies"] if isinstance(name, str)}
        self.assertEqual(asked, {NAMES[name][0] for name in packages()})
        self.options_exist((ROOT / "packaging/vcpkg/joule/portfile.cmake").read_text())

    def test_conan(self):
        tree = ast.parse((ROOT / "packaging/conan/conanfile.py").read_text())
        asked = {call.args[0].value.partition("/")[0] for call in ast.walk(tree)
                 if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "requires"}  # fmt: skip
        self.assertEqual(asked, {NAMES[name][1] for name in packages()})
        folders = next(ast.literal_eval(node.value) for node in tree.body
                       if isinstance(node, ast.Assign) and node.targets[0].id == "FOLDERS")  # fmt: skip
        components = re.search(r"set\(joule_components ([\w ]+)\)", CMAKE)[1].split()
        self.assertLessEqual({*components, "cmake", "scripts"}, set(folders))
        self.assertLessEqual({header.partition("/")[0] for header in public_headers()} - {"joule.h"}, set(folders))
        self.assertEqual([name for name in folders if not (ROOT / name).is_dir()], [])

    def test_docker(self):
        setup = (ROOT / "scripts/setup.sh").read_text()
        built = {line.split()[1] for line in setup.split("\n") if line.startswith("all ")}
        for name in ("Dockerfile", "Dockerfile.cuda"):
            text = re.sub(r"\\\n", " ", (ROOT / "packaging/docker" / name).read_text())
            lines = [line for line in text.split("\n") if line and not line.startswith("#")]
            self.assertEqual({line.split()[0] for line in lines} - {"ARG", "FROM", "RUN", "COPY", "WORKDIR", "USER", "ENV", "ENTRYPOINT", "CMD"}, set())
            for line in lines:
                if line.startswith(("ENTRYPOINT", "CMD")):
                    self.assertIsInstance(json.loads(line.partition(" ")[2]), list)
                if line.startswith("RUN"):
                    shlex.split(line)
            self.assertRegex(text, r"USER joule\n")  # nothing runs as root
            self.options_exist(text)
        # Where packages are named once more, none is forgotten: oneDNN is, that of the other system is another version.
        named = set(re.search(r"--no-install-recommends (g\+\+[^&\n]*)", text)[1].split())
        self.assertEqual(built - {"libdnnl-dev", "libjpeg62-turbo-dev"} - named, set())

    def test_workflow_runs_the_gate(self):
        text = (ROOT / ".github/workflows/gate.yml").read_text()
        self.assertEqual(re.findall(r"^ *- run: (\.ci/.*)$", text, re.MULTILINE), [".ci/run"])
        self.assertTrue((ROOT / ".ci/run").exists())


if __name__ == "__main__":
    unittest.main()
