# SPDX-License-Identifier: MIT
"""Hooks of MkDocs: what the site needs beyond docs/*.md (mkdocs.yml names this file).

The pages are written for GitHub, where they are read beside the sources.  Here
* README.md and what it or a page links to outside docs/ become part of the site: Markdown as pages, other files as they
  are; a link to a folder becomes plain text;
* a list or a table may follow a line of text, as in GitHub's Markdown; Python-Markdown wants an empty line between;
* headings have GitHub's anchors;
* an entry of the navigation that ends in "/" stands for the pages of that folder, and pages without an entry get one;
* the index of the search is a script, since a page from the file system may not fetch a file.
"""

import json
import posixpath
import re
import sys
from pathlib import Path

from mkdocs.structure.files import File
from mkdocs.structure.nav import Link

sys.path.insert(0, str(Path(__file__).parent))
from github_markdown import LINK, links, outside_code, slug

ROOT = Path(__file__).parents[2]
API = "api/index.html"
OUTSIDE = {"README.md"}  # Markdown that lies outside docs/, by its path in the repository
ITEM = re.compile(r"\s*([*+-]|\d+[.)])\s")


def repository_path(page, link):
    """Where a link of a page leads in the repository; the page's own path is that of the site."""
    here = page if page in OUTSIDE else f"docs/{page}"
    return posixpath.normpath(posixpath.join(posixpath.dirname(here), link))


def add_outside(files, config):
    """README.md, the pages of the navigation that lie outside docs/, and all that pages link to there."""
    OUTSIDE.update(path for path in named(config["nav"]) if not (ROOT / "docs" / path).exists() and (ROOT / path).is_file())
    waiting = [*sorted(OUTSIDE), *(f.src_path for f in files if f.src_path.endswith(".md"))]
    for path in OUTSIDE:
        files.append(File(path, str(ROOT), config["site_dir"], False))
    while waiting:
        page = waiting.pop()
        source = ROOT / page if page in OUTSIDE else ROOT / "docs" / page
        for link, _ in links(source.read_text()):
            path = repository_path(page, link)
            if path.startswith(("docs/", "..")) or not (ROOT / path).is_file() or files.get_file_from_path(path):
                continue
            files.append(File(path, str(ROOT), config["site_dir"], False))
            if path.endswith(".md"):
                OUTSIDE.add(path)
                waiting.append(path)


def named(nav):
    """The paths that a navigation names."""
    for entry in nav:
        for value in entry.values() if isinstance(entry, dict) else [entry]:
            yield from named(value) if isinstance(value, list) else [value]


def expand(nav, pages, taken):
    """The navigation with the pages of each folder in the place of its entry."""
    result = []
    for entry in nav:
        title, value = next(iter(entry.items())) if isinstance(entry, dict) else (None, entry)
        if isinstance(value, list):
            value = expand(value, pages, taken)
        elif value.endswith("/"):
            found = sorted((p for p in pages if posixpath.dirname(p) + "/" == value and p not in taken),
                           key=lambda p: (posixpath.basename(p) not in ("index.md", "README.md"), p))  # fmt: skip
            taken.update(found)
            if title is None:
                result += found
                continue
            value = found
        elif value == API:
            continue
        if value:
            result.append({title: value} if title else value)
    return result


def begins_block(line, before):
    """Whether a list or a table begins with this line."""
    if line.startswith("|"):
        return not before.startswith("|")
    return ITEM.match(line) is not None and not ITEM.match(before) and not before.startswith(" ")


def on_config(config):
    config["mdx_configs"].setdefault("toc", {})["slugify"] = slug
    return config


def on_files(files, config):
    add_outside(files, config)
    pages = [f.src_path for f in files if f.src_path.endswith(".md")]
    taken = set(named(config["nav"]))
    config["nav"] = expand(config["nav"], pages, taken)
    if more := sorted(set(pages) - taken):
        config["nav"].append({"More": more})
    return files


def on_nav(nav, config, files):
    nav.items.append(Link("API", API))
    return nav


def on_page_markdown(text, page, config, files):
    path = page.file.src_path

    def site_link(match):
        target, hash_, anchor = match[3].partition("#")
        if ":" in target or not target:
            return match[0]
        there = repository_path(path, target)
        if (ROOT / there).is_dir():
            return match[2]
        there = there.removeprefix("docs/")
        return f"{match[1]}[{match[2]}]({posixpath.relpath(there, posixpath.dirname(path) or '.')}{hash_}{anchor})"

    blocks, before = [[True, []]], ""  # in turn of text and of code
    for line, is_text in outside_code(text):
        if is_text != blocks[-1][0]:
            blocks.append([is_text, []])
        if is_text and before.strip() and begins_block(line, before):
            blocks[-1][1].append("")
        blocks[-1][1].append(line)
        before = line if is_text else ""
    texts = ("\n".join(lines) for _, lines in blocks)
    return "\n".join(LINK.sub(site_link, t) if is_text else t for t, (is_text, _) in zip(texts, blocks))


def on_page_content(html, page, config, files):
    """A bar in a table's code, which is written with a backslash."""
    return re.sub(r"<t[dh].*?</t[dh]>", lambda cell: cell[0].replace("\\|", "|"), html, flags=re.DOTALL)


def on_post_build(config):
    index = Path(config["site_dir"], "search", "search_index.json")
    text = json.dumps(json.loads(index.read_text()), ensure_ascii=True, separators=(",", ":"))
    index.with_name("search_index.js").write_text(f"var __search = {{index: Promise.resolve({text})}};\n")
    index.unlink()
