"""Read Markdown and built pages as a reader would: blocks of code, links, anchors, what a page loads."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from markdown.extensions.toc import slugify

FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)(?P<rest>[^\n]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
LINK = re.compile(r"!?\[[^\]\n]*\]\(([^)\s]+)\)")
LOADS = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "link": "href",
}
HARMLESS_RELATIONS = {"canonical", "alternate", "next", "prev"}


@dataclass(frozen=True)
class Block:
    """A fenced block of code of a Markdown file."""

    language: str
    title: str
    text: str


def list_blocks(markdown: str) -> list[Block]:
    """List the fenced blocks in their order, without the indentation of a list that they stand in."""
    blocks = []
    for found in FENCE.finditer(markdown):
        title = re.search(r'title="([^"]*)"', found["rest"])
        text = "".join(line.removeprefix(found["indent"]) for line in found["text"].splitlines(keepends=True))
        blocks.append(Block(found["language"], title[1] if title else "", text))
    return blocks


def list_code(markdown: str) -> list[str]:
    """List what stands in code: lines of blocks that are no programs, and spans within sentences."""
    lines = [line for b in list_blocks(markdown) if b.language in ("sh", "text", "") for line in b.text.splitlines()]
    spans = re.findall(r"`([^`\n]+)`", FENCE.sub("", markdown))
    return [*lines, *spans]


def list_links(markdown: str) -> list[str]:
    """List the targets of links and pictures outside blocks of code."""
    return LINK.findall(FENCE.sub("", markdown))


def list_anchors(markdown: str) -> set[str]:
    """List the anchors of headings as the site makes them."""
    titles = re.findall(r"^#+ (.*)$", FENCE.sub("", markdown), re.MULTILINE)
    return {slugify(re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", title), "-") for title in titles}


@dataclass
class Page(HTMLParser):
    """A built page: its anchors, its links, and what it loads."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag names, links to or loads."""
        given = {name: value or "" for name, value in attrs}
        self.anchors.update(given[name] for name in ("id", "name") if name in given)
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        loaded = given.get(LOADS.get(tag, ""), "")
        if loaded and not (tag == "link" and given.get("rel") in HARMLESS_RELATIONS):
            self.loads.append(loaded)


def read_page(path: Path) -> Page:
    """Read a built page."""
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page
