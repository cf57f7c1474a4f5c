#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The site (scripts/site/build.py): every page is there as it was written, linked, searchable, and needs no network."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts/site"))
from build import build, missing, public_headers
from github_markdown import outside_code

LOADS = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "object": "data"}


class Page(HTMLParser):
    """What one HTML file links to, loads and holds."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loads, self.anchors, self.counts, self.in_article = [], [], set(), {}, False
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.anchors.update(values[name] for name in ("id", "name") if values.get(name))
        if tag == "article":
            self.in_article = True
        if self.in_article:
            self.counts[tag] = self.counts.get(tag, 0) + 1
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if tag in LOADS and values.get(LOADS[tag]) and values.get("rel") != "canonical":
            self.loads.append(values[LOADS[tag]])

    def handle_endtag(self, tag):
        if tag == "article":
            self.in_article = False


def sources():
    """{HTML file of the site: the Markdown that it is made of}"""
    pages = {"index.html": ROOT / "README.md"}
    for file in (ROOT / "docs").rglob("*.md"):
        name = "index.html" if file.name == "README.md" else f"{file.stem}.html"
        pages[str(file.parent.relative_to(ROOT / "docs") / name)] = file
    return pages


def structure(text):
    """How many headings, items of lists, tables and blocks of code a document has."""
    counts = {"heading": 0, "li": 0, "table": 0, "pre": 0}
    was_text, before, in_list = True, "", False
    for line, is_text in outside_code(text):
        if is_text:
            counts["heading"] += re.match(r"#{1,6} ", line) is not None
            item = re.match(r"\s*([*+-]|\d+[.)])\s", line)
            counts["li"] += item is not None
            counts["table"] += re.fullmatch(r"\|(\s*:?-+:?\s*\|)+", line) is not None
            counts["pre"] += line.startswith("    ") and not before and not in_list  # code by its indent
            in_list = item is not None or (in_list and (line == "" or line.startswith(" ")))
        counts["pre"] += was_text and not is_text
        was_text, before = is_text, line
    return counts


def found_in(counts):
    return {"heading": sum(counts.get(f"h{level}", 0) for level in range(1, 7)), **{tag: counts.get(tag, 0) for tag in ("li", "table", "pre")}}


class Site(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.site = Path(cls.temporary.name, "site")
        build(cls.site)
        cls.pages = {str(f.relative_to(cls.site)): Page(f) for f in sorted(cls.site.rglob("*.html"))}

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def target(self, page, link):
        """(file of the site, anchor) that a link of a page leads to."""
        parts = urlsplit(link)
        there = os.path.normpath(os.path.join(os.path.dirname(page), unquote(parts.path))) if parts.path else page
        return there, unquote(parts.fragment)

    def test_every_page_is_there_as_it_was_written(self):
        for name, source in sources().items():
            with self.subTest(source=source.name):
                self.assertIn(name, self.pages)
                self.assertEqual(found_in(self.pages[name].counts), structure(source.read_text()))

    def test_links_lead_somewhere(self):
        broken = []
        for name, page in self.pages.items():
            for link in page.links + page.loads:
                if urlsplit(link).scheme or link.startswith("javascript:") or name == "404.html":
                    continue
                there, anchor = self.target(name, link)
                if not (self.site / there).is_file():
                    broken.append(f"{name}: {link}")
                elif name.startswith("api/") or not anchor or anchor.startswith("__"):
                    continue  # Doxygen 1.9 links to members that it left out
                elif there in self.pages and anchor not in self.pages[there].anchors:
                    broken.append(f"{name}: {link}: no such anchor")
        self.assertEqual(broken, [])

    def test_nothing_is_loaded_from_a_network(self):
        self.assertEqual([f"{name}: {load}" for name, page in self.pages.items() for load in page.loads
                          if urlsplit(load).netloc], [])  # fmt: skip
        for sheet in self.site.rglob("*.css"):
            self.assertNotRegex(sheet.read_text(), r"""(@import|url\()\s*["']?(https?:)?//""", sheet.name)

    def test_no_page_is_an_orphan(self):
        seen, todo = set(), ["index.html"]
        while todo:
            name = todo.pop()
            if name in self.pages and name not in seen:
                seen.add(name)
                todo += [self.target(name, link)[0] for link in self.pages[name].links if not urlsplit(link).scheme]
        self.assertEqual(sorted(name for name in self.pages if name not in seen and not name.startswith("api/")), ["404.html"])
        self.assertIn("api/index.html", seen)

    def test_search_knows_every_page(self):
        text = (self.site / "search/search_index.js").read_text()
        index = json.loads(re.fullmatch(r"var __search = \{index: Promise\.resolve\((.*)\)\};\n", text)[1])
        self.assertLessEqual(set(sources()), {entry["location"] for entry in index["docs"]})

    def test_every_public_header_has_a_page(self):
        listed = (self.site / "api/files.html").read_text()
        for header in public_headers():
            self.assertIn(f">{os.path.basename(header)}<", listed)
        relu = (self.site / "api/structjoule_1_1ops_1_1Relu.html").read_text()
        self.assertRegex(relu, r"<dt>Numerics</dt>\s*<dd>exact; NaN stays NaN")  # a named part of a docstring
        self.assertIn("l0_sum = sum_j y_j^2 / (y_j^2 + sigma)", re.sub("<[^>]*>", "", relu))  # a formula

    def test_search_answers_from_the_file_system(self):
        chromium = shutil.which("chromium")
        if not chromium:
            self.skipTest("there is no chromium")
        for query, answer in (("ledger", r"\d+ matching documents"), ("xyzzyx", "No matching documents")):
            done = subprocess.run([chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={self.temporary.name}/chromium",
                                   "--virtual-time-budget=20000", "--dump-dom", f"file://{self.site}/index.html?q={query}"],
                                  capture_output=True, text=True, timeout=120)  # fmt: skip
            self.assertRegex(done.stdout, rf'<div class="md-search-result__meta">\s*{answer}\s*</div>')


if __name__ == "__main__":
    if lacking := missing():
        print(f"skipped: there is no {lacking}")
        sys.exit(77)
    unittest.main()
