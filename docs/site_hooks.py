"""What the documentation site adds to mkdocs: pages from the root of the repository, and links out of ``docs/``.

Links between pages work both on disk and in the site. A link to a file of the repository that is no page (such as
``../config/sources.csv``) becomes the file's path in the site, which knows no address for it.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
FROM_ROOT = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md", "README.md": "index.md"}
OPTIONAL = {"operations.md": "Operations"}
"""Pages that join the part "How to" where they exist."""
LINK = re.compile(r"(!?)\[([^\]\n]*)\]\(([^)\s]+)\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put optional pages that exist into the navigation."""
    docs = Path(config.docs_dir)
    for entry in config.nav or []:
        if "How to" in entry:
            entry["How to"] += [{title: name} for name, title in OPTIONAL.items() if (docs / name).is_file()]
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the changelog and the guide for contributors, which stand at the root of the repository."""
    for name, uri in FROM_ROOT.items():
        if files.get_file_from_path(uri) is None:
            text = (ROOT / name).read_text(encoding="utf-8")
            files.append(File.generated(config, uri, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Page, files: Files, **_: object) -> str:
    """Point links to files outside ``docs/`` at their page, or show them as paths."""
    source = next((name for name, uri in FROM_ROOT.items() if uri == page.file.src_uri != "index.md"), None)
    here = posixpath.dirname(source or f"docs/{page.file.src_uri}")

    def replace(found: re.Match[str]) -> str:
        mark, text, target = found.groups()
        if re.match(r"[a-z]+:|#", target):
            return found.group(0)
        path, _, anchor = target.partition("#")
        full = posixpath.normpath(posixpath.join(here, path))
        uri = FROM_ROOT.get(full) or (full.removeprefix("docs/") if full.startswith("docs/") else None)
        if uri is not None and (full in FROM_ROOT or files.get_file_from_path(uri) is not None):
            link = posixpath.relpath(uri, posixpath.dirname(page.file.src_uri) or ".")
            return f"{mark}[{text}]({link}{'#' + anchor if anchor else ''})"
        if (ROOT / full).exists():
            return f"`{full}`" if text.strip("`") in (full, Path(full).name) else f"{text} (`{full}`)"
        return found.group(0)

    return LINK.sub(replace, markdown)
