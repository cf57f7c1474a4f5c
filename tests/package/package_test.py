#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Debian packages that cpack makes of this build: what is in them, what they ask for, and what they say of third parties.

With a build folder of `make package` in $JOULE_BUILD also of the shared libraries.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = Path(os.environ["JOULE_BUILD"])


def output_of(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def cached(name):
    found = re.search(rf"^{name}:\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE)
    return found[1] if found else ""


VERSION = cached("CMAKE_PROJECT_VERSION")
ABI = VERSION.rpartition(".")[0]
SHARED = cached("BUILD_SHARED_LIBS") in ("ON", "TRUE", "1")


def make_packages(folder):
    """{name: file} of the packages, made in a folder."""
    output_of("cpack", "--config", str(BUILD / "CPackConfig.cmake"), "-G", "DEB", "-B", str(folder), cwd=folder)
    return {file.name.partition("_")[0]: file for file in Path(folder).glob("*.deb")}


class Packages(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.packages = make_packages(cls.temporary.name)
        cls.files = {name: re.findall(r"^[-l]\S+ root/root +\d+ \S+ \S+ \.(/\S+)", output_of("dpkg-deb", "-c", file), re.MULTILINE)
                     for name, file in cls.packages.items()}  # fmt: skip

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def field(self, package, name):
        return output_of("dpkg-deb", "-f", self.packages[package], name).strip()

    def test_names_and_versions(self):
        self.assertEqual(sorted(self.packages), sorted(["joule", "libjoule-dev"] + [f"libjoule{ABI}"] * SHARED))
        for package in self.packages:
            self.assertEqual(self.field(package, "Version"), VERSION)
            self.assertTrue(self.field(package, "Maintainer").startswith("The Joule developers <"))
        self.assertEqual(self.field("joule", "Section"), "science")
        self.assertEqual(self.field("libjoule-dev", "Section"), "libdevel")

    def test_program(self):
        self.assertIn("/usr/bin/joule", self.files["joule"])
        others = [f for f in self.files["joule"] if not f.startswith("/usr/share/doc/joule/")]
        self.assertEqual(sorted(others), ["/usr/bin/joule", "/usr/share/bash-completion/completions/joule",
                                          "/usr/share/man/man1/joule.1", "/usr/share/zsh/vendor-completions/_joule"])  # fmt: skip
        needed = self.field("joule", "Depends")
        for library in ("libc6 (>= ", "libstdc++6 (>= ", "libgomp1 (>= ", "libfmt9 (>= ", "libsqlite3-0 (>= ", "libsoci-sqlite3-"):
            self.assertIn(library, needed)
        if SHARED:
            self.assertIn(f"libjoule{ABI} (= {VERSION})", needed)
        self.assertEqual(self.field("joule", "Recommends"), "libsoci-postgresql4.0")

    def test_development(self):
        files = self.files["libjoule-dev"]
        self.assertIn("/usr/include/joule/joule.h", files)
        self.assertIn("/usr/include/joule/kernels/relu/relu.h", files)
        self.assertEqual([f for f in files if f.startswith("/usr/include/") and not f.startswith("/usr/include/joule/")], [])
        for end in ("cmake/joule/joule-config.cmake", "cmake/joule/joule-config-version.cmake", "pkgconfig/joule.pc"):
            self.assertEqual(len([f for f in files if f.endswith(end)]), 1, end)
        self.assertEqual(any(f.endswith("/libjoule_core.a") for f in files), not SHARED)
        needed = self.field("libjoule-dev", "Depends")
        self.assertIn(f"libjoule{ABI} (= {VERSION})" if SHARED else "libfmt-dev", needed)

    def test_shared_libraries(self):
        if not SHARED:
            self.skipTest("this build has static libraries")
        files = self.files[f"libjoule{ABI}"]
        self.assertTrue(any(f.endswith(f"/libjoule_core.so.{VERSION}") for f in files))
        self.assertEqual([f for f in files if f.endswith(".so")], [])  # those are for linking
        folder = Path(self.temporary.name, "control")
        output_of("dpkg-deb", "-e", self.packages[f"libjoule{ABI}"], folder)
        self.assertRegex((folder / "shlibs").read_text(), rf"(?m)^libjoule_core {ABI} libjoule{ABI} \(>= {VERSION}\)$")
        self.assertIn("ldconfig", (folder / "postinst").read_text())

    def test_what_is_packed_is_stripped_and_says_no_path_of_the_build(self):
        folder = Path(self.temporary.name, "unpacked")
        output_of("dpkg-deb", "-x", self.packages["joule"], folder)
        sections = output_of("readelf", "-SW", folder / "usr/bin/joule")
        self.assertNotIn(".symtab", sections)
        self.assertNotIn(str(BUILD), output_of("readelf", "-d", folder / "usr/bin/joule"))
        if not SHARED:  # else it asks for libjouleX.Y, which is not installed here
            self.assertEqual(output_of(folder / "usr/bin/joule", "--version").strip(), VERSION)

    def test_licences_and_parts(self):
        for package, file in self.packages.items():
            folder = Path(self.temporary.name, "documents", package)
            folder.mkdir(parents=True)
            output_of("dpkg-deb", "-x", file, folder)
            text = (folder / f"usr/share/doc/{package}/copyright").read_text()
            self.assertIn((ROOT / "LICENSE").read_text().strip(), text)
            for part, words in (("libjs-chart.js", "Chart.js"), ("nlohmann-json3-dev", "Niels Lohmann"), ("libhwy-dev", "Apache")):
                self.assertRegex(text, rf"(?s)Compiled into Joule's files: {re.escape(part)} .*{words}")
            document = json.loads((folder / f"usr/share/doc/{package}/joule.spdx.json").read_text())
            related = {r["relatedSpdxElement"]: r["relationshipType"] for r in document["relationships"]}
            self.assertEqual(related["SPDXRef-libjs-chart.js"], "CONTAINS")
            self.assertEqual(related["SPDXRef-libsqlite3-0"], "DYNAMIC_LINK")
            self.assertNotIn("SPDXRef-libgtest-dev", related)  # the tests' alone
            known = {text["licenseId"] for text in document["hasExtractedLicensingInfos"]} | {"MIT", "NOASSERTION"}
            self.assertEqual([p["name"] for p in document["packages"] if p["licenseDeclared"] not in known], [])
        self.validate(folder / f"usr/share/doc/{package}/joule.spdx.json")

    def validate(self, file):
        try:
            from spdx_tools.spdx.parser.parse_anything import parse_file
            from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
        except ImportError:
            return  # scripts/setup.sh says so, where PyPI was out of reach
        self.assertEqual([m.validation_message for m in validate_full_spdx_document(parse_file(str(file)))], [])


if __name__ == "__main__":
    for tool in ("cpack", "dpkg-deb", "dpkg-shlibdeps"):
        if not shutil.which(tool):
            print(f"skipped: there is no {tool}")
            sys.exit(77)
    if not (BUILD / "CPackConfig.cmake").exists():
        print("skipped: this build installs nothing")
        sys.exit(77)
    unittest.main()
