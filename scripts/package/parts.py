#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""parts.py BUILD OUT: says what of third parties is in what was built, from what the build itself recorded.

  OUT/joule.spdx.json      the parts as an SPDX 2.3 document
  OUT/copyright            Joule's licence, and those of the parts that are compiled into its files

Compiled in are the libraries whose headers the compiler read (Ninja's log of dependencies), the script that pages carry along
(JOULE_CHART_JS) and CUDA's runtime where it was linked; linked is what the loader finds for the program and the shared libraries.
Licences are the texts that Debian's packages carry, /usr/share/doc/PACKAGE/copyright.  What belongs to no package stands in
the document with its path, and without a licence's text.  The compiler's own libraries are left out of the first kind: GCC's
runtime exception lets programs carry them.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOOLCHAIN = re.compile(r"^(libc6-dev|linux-libc-dev|lib(stdc\+\+|gcc)-\d+-dev|libc\+\+.*|libomp-.*|libclang-.*)$")
NOT_SHIPPED = ("tests/", "examples/", "benchmarks/")


def output_of(*command):
    """What a command prints; nothing where it is not installed, as dpkg is not on other distributions."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return ""


def write(file, text):
    """In one step: several installations may run at once."""
    temporary = file.with_name(f"{file.name}.{os.getpid()}")
    temporary.write_text(text)
    temporary.replace(file)


def cache(build):
    """{name: value} of CMakeCache.txt."""
    text = (build / "CMakeCache.txt").read_text()
    return dict(re.findall(r"^([A-Za-z_]\w*):\w+=(.*)$", text, re.MULTILINE))


def headers(build):
    """What the compiler read outside the sources, of what is shipped."""
    found, shipped = set(), False
    for line in output_of(cache(build)["CMAKE_MAKE_PROGRAM"], "-C", str(build), "-t", "deps").splitlines():
        if not line.startswith(" "):
            shipped = ": #deps" in line and not line.startswith(NOT_SHIPPED)
        elif shipped and line.startswith("    /"):
            path = os.path.normpath(line.strip())
            if not path.startswith((str(ROOT) + "/", str(build) + "/")):
                found.add(path)
    return found


def linked(build):
    """The files of the shared libraries that the program and Joule's own ask for."""
    found = set()
    for file in [build / "cli/joule", *build.glob("libjoule_*.so.*.*.*")]:
        if file.exists():
            needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", output_of("readelf", "-d", str(file))))
            for name, path in re.findall(r"^\s*(\S+) => (/\S+)", output_of("ldd", str(file)), re.MULTILINE):
                if name in needed and not name.startswith("libjoule_"):
                    found.add(os.path.normpath(path))
    return found


def owners(paths):
    """({Debian package}, {paths that belong to none})."""
    packages, left = set(), set(paths)
    names = sorted(left | {"/usr" + p for p in left if p.startswith("/lib")} | {p[4:] for p in left if p.startswith("/usr/lib")})
    for i in range(0, len(names), 500):
        for line in output_of("dpkg", "-S", *names[i : i + 500]).splitlines():
            package, _, path = line.partition(": ")
            if path:
                packages.add(package.split(",")[0].split(":")[0])
                left -= {path, "/usr" + path, path.removeprefix("/usr")}
    return packages, left


class Part:
    """A third party's piece: how it is in Joule's files (compiled in or linked), and what its package says of it."""

    def __init__(self, name, how):
        self.name, self.how = name, how
        self.version, self.homepage, self.licence = "", "", ""
        fields = output_of("dpkg-query", "-W", "-f", "${Version}\t${Homepage}", name)
        if "\t" in fields:
            self.version, self.homepage = fields.split("\t")
        file = Path("/usr/share/doc", name, "copyright")
        if file.exists():
            self.licence = file.read_text(errors="replace").strip()

    @property
    def id(self):
        return re.sub(r"[^A-Za-z0-9.-]", "-", self.name.strip("/"))

    def package(self):
        licence = f"LicenseRef-{self.id}" if self.licence else "NOASSERTION"
        entry = {"SPDXID": f"SPDXRef-{self.id}", "name": self.name, "versionInfo": self.version or "unknown",
                 "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "licenseConcluded": "NOASSERTION",
                 "licenseDeclared": licence, "copyrightText": "NOASSERTION"}  # fmt: skip
        if self.homepage:
            entry["homepage"] = self.homepage
        if self.version:
            entry["externalRefs"] = [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                                      "referenceLocator": f"pkg:deb/debian/{self.name}@{self.version}".replace("+", "%2B")}]  # fmt: skip
        return entry


def parts(build):
    settings = cache(build)
    inside, strays = owners(headers(build) | {settings[name] for name in ("JOULE_CHART_JS", "CUDA_cudart_static_LIBRARY")
                                              if settings.get(name, "").startswith("/")})  # fmt: skip
    outside, far = owners(linked(build))
    inside = {name for name in inside if not TOOLCHAIN.match(name)}
    return ([Part(name, "compiled in") for name in sorted(inside | {os.path.dirname(path) for path in strays})],
            [Part(name, "linked") for name in sorted((outside | far) - inside)])  # fmt: skip


def document(version, inside, outside):
    joule = {"SPDXID": "SPDXRef-joule", "name": "joule", "versionInfo": version, "supplier": "Organization: The Joule developers",
             "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "licenseConcluded": "MIT", "licenseDeclared": "MIT",
             "copyrightText": "NOASSERTION"}  # fmt: skip
    everything = inside + outside
    body = {
        "packages": [joule] + [part.package() for part in everything],
        "hasExtractedLicensingInfos": [{"licenseId": f"LicenseRef-{part.id}", "name": f"Licence of {part.name}", "extractedText": part.licence}
                                       for part in everything if part.licence],
        "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-joule"}]
        + [{"spdxElementId": "SPDXRef-joule", "relationshipType": "CONTAINS" if part.how == "compiled in" else "DYNAMIC_LINK",
            "relatedSpdxElement": f"SPDXRef-{part.id}"} for part in everything],
    }  # fmt: skip
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    when = time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time())))
    return {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"joule-{version}",
        "documentNamespace": f"https://spdx.org/spdxdocs/joule-{version}-{digest}",
        "creationInfo": {"created": time.strftime("%Y-%m-%dT%H:%M:%SZ", when),
                         "creators": ["Organization: The Joule developers", "Tool: joule-parts"]},
        **body,
    }  # fmt: skip


def copyright_of(inside):
    rule = "=" * 100
    pieces = ["Joule is made by the Joule developers, under this licence:\n\n" + (ROOT / "LICENSE").read_text().strip()]
    for part in inside:
        text = part.licence or f"No package of this machine holds {part.name}: its licence lies beside it."
        pieces.append(f"{rule}\nCompiled into Joule's files: {part.name} {part.version}\n{part.homepage}\n{rule}\n\n{text}")
    return "\n\n".join(pieces) + "\n"


def main():
    build, out = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    inside, outside = parts(build)
    if not inside:
        sys.exit(f"parts: {build} has no log of what its compiler read; configure it with -G Ninja, and build it")
    out.mkdir(parents=True, exist_ok=True)
    version = cache(build)["CMAKE_PROJECT_VERSION"]
    write(out / "joule.spdx.json", json.dumps(document(version, inside, outside), indent=1) + "\n")
    write(out / "copyright", copyright_of(inside))


if __name__ == "__main__":
    main()
