"""Which code a stage runs, so that a change of code reruns the stages that use it and no others."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from pipeline.base.hashing import hash_file

PACKAGE = Path(__file__).resolve().parents[1]


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
    tree = ast.parse(_get_file(module).read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    found = {name for name in names if name.startswith("pipeline") and _find_file(name)}
    parents = {name.rsplit(".", 1)[0] for name in found if "." in name}
    return tuple(sorted(found | {p for p in parents if _find_file(p)}))
