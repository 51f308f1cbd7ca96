"""What the last run of a stage was made from, and whether that is what it would be made from now.

Three small files for each unit of work, under ``outputs/<area>/.slices``: its settings, its code, and what its inputs
and the stages before looked like when it began. They are removed when a stage begins and written after its manifest, so
that a stage that was stopped is known to be incomplete. Only contents are compared, never one file's time with
another's: a clock that jumps, or an older file that takes the place of a newer one, cannot hide a change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.base.hashing import hash_file
from pipeline.base.load import Project
from pipeline.stages.targets import Target

FOLDER = ".slices"
KINDS = {"config": "its settings changed", "code": "its code changed", "seen": "its last run did not finish"}


def get_slice(project: Project, target: Target, kind: str) -> Path:
    """Return the file that holds what a unit of work was made from.

    Parameters
    ----------
    project
        The area with its settings.
    target
        The unit of work.
    kind
        ``config``, ``code`` or ``seen``.

    Returns
    -------
    Path
        A file below the area's outputs.
    """
    return project.outputs / FOLDER / f"{target.name.replace('/', '-')}.{kind}.json"


def build_slices(project: Project, target: Target, targets: Mapping[str, Target]) -> dict[Path, str]:
    """Describe what a unit of work is made from now.

    Parameters
    ----------
    project
        The area with its settings.
    target
        The unit of work.
    targets
        All of them.

    Returns
    -------
    dict
        File to its text.
    """
    contents = {"config": target.config, "code": target.code, "seen": _look(target, targets)}
    return {get_slice(project, target, kind): _write(content) for kind, content in contents.items()}


def _write(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, default=str) + "\n"


def _look(target: Target, targets: Mapping[str, Target]) -> dict[str, Any]:
    return {
        "inputs": {str(path): _stamp(path) for path in target.inputs if path.exists()},
        "upstream": {
            name: hash_file(targets[name].manifest) for name in target.upstream if targets[name].manifest.is_file()
        },
    }


def _stamp(path: Path) -> list[int]:
    """Return newest time, size and number of the files of an input."""
    stats = [p.stat() for p in ([path, *path.rglob("*")] if path.is_dir() else [path])]
    return [max(s.st_mtime_ns for s in stats), sum(s.st_size for s in stats), len(stats)]


def find_change(project: Project, target: Target, targets: Mapping[str, Target], new: Mapping[str, Any]) -> str | None:
    """Say why a unit of work must run again.

    Parameters
    ----------
    project
        The area with its settings.
    target
        The unit of work.
    targets
        All of them.
    new
        Units of work that will run before it.

    Returns
    -------
    str or None
        The reason; None if it is up to date.
    """
    if not target.manifest.is_file():
        return "has not been run"
    known = {kind: _read(get_slice(project, target, kind)) for kind in KINDS}
    now = {"config": target.config, "code": target.code}
    for kind, reason in KINDS.items():
        content = known[kind]
        if content is None:
            return KINDS["seen"]
        if kind in now and content != json.loads(_write(now[kind])):
            return reason
    return _find_change_of_inputs(target, targets, known["seen"] or {}, new)


def _find_change_of_inputs(
    target: Target, targets: Mapping[str, Target], seen: dict[str, Any], new: Mapping[str, Any]
) -> str | None:
    stamps = seen.get("inputs", {})
    for path in target.inputs:
        if not path.exists():
            return f"its input {path} is missing"
        before, now = stamps.get(str(path), [0]), _stamp(path)
        if before != now:
            return f"its input {path.name} is {'newer' if now[0] > before[0] else 'another'}"
    for name in target.upstream:
        if name in new or seen.get("upstream", {}).get(name) != hash_file(targets[name].manifest):
            return f"it needs {name}, which is new"
    return None


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None  # it is only a memory: what is not known is made anew
    return content if isinstance(content, dict) else None
