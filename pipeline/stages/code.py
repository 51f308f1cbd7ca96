"""Which code a stage runs, so that a change of code reruns the stages that use it and no others."""

from __future__ import annotations

import ast
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.base.hashing import hash_file
from pipeline.base.io import write_text

PACKAGE = Path(__file__).resolve().parents[1]
MEMORY = PACKAGE.parent / ".cache" / "imports.json"


def find_code(stage: str) -> dict[str, str]:
    """Return the modules that a stage imports, directly or through others, with their hashes.

    Parameters
    ----------
    stage
        Name of a stage.

    Returns
    -------
    dict
        Module name to the first 12 digits of its SHA-256, sorted. For the report its templates and scripts count
        as code.
    """
    waiting, seen = [f"pipeline.stages.{stage}"], set[str]()
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        waiting.extend(_find_imports(module))
    hashes = {module: _hash(_get_file(module)) for module in sorted(seen)}
    if "pipeline.report" in seen:
        for folder in ("templates", "static"):
            for path in sorted((PACKAGE / "report" / folder).rglob("*")):
                if path.is_file():
                    hashes[path.relative_to(PACKAGE).as_posix()] = _hash(path)
    return hashes


@cache
def _hash(path: Path) -> str:
    return hash_file(path)[:12]


def _find_file(module: str) -> Path | None:
    parts = module.split(".")
    if parts[0] != "pipeline":
        return None
    path = PACKAGE.joinpath(*parts[1:])
    for candidate in (path.with_suffix(".py") if len(parts) > 1 else path / "__init__.py", path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def _get_file(module: str) -> Path:
    path = _find_file(module)
    if path is None:
        raise LookupError(module)
    return path


@cache
def _find_imports(module: str) -> tuple[str, ...]:
    """List the project's modules that one imports; remembered by the hash of its file."""
    path = _get_file(module)
    known = _read_known().get(module)
    if known is not None and known[0] == _hash(path):
        return tuple(known[1])
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    found = {name for name in names if name.startswith("pipeline") and _find_file(name)}
    parents = {name.rsplit(".", 1)[0] for name in found if "." in name}
    imports = tuple(sorted(found | {p for p in parents if _find_file(p)}))
    _read_known()[module] = [_hash(path), list(imports)]
    return imports


@cache
def _read_known() -> dict[str, list[Any]]:
    if not MEMORY.is_file():
        return {}
    try:
        known: dict[str, list[Any]] = json.loads(MEMORY.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return {}  # it is only a memory: what is unreadable is found out anew
    return known


def remember_imports() -> None:
    """Keep what was found out about imports for the next call; nothing is lost where that cannot be written."""
    text = json.dumps(_read_known(), indent=0, sort_keys=True)
    if os.access(PACKAGE.parent, os.W_OK) and (not MEMORY.is_file() or MEMORY.read_text(encoding="utf-8") != text):
        write_text(text, MEMORY)
