"""What would run and why; the rules for make; what is there."""

from __future__ import annotations

import json
import shlex
import time
from dataclasses import dataclass
from pathlib import Path

from pipeline.base.errors import ConfigError
from pipeline.base.io import write_text
from pipeline.base.load import Project
from pipeline.stages.code import remember_imports
from pipeline.stages.targets import SHARED_OUT, STAGES, Target, build_targets

NOT_FOR_MAKE = set(';:|%=*?[]<>`\\"')
"""Characters in the name of a file that make or its shell gives another meaning, for which there is no quoting."""


@dataclass(frozen=True)
class Step:
    """A unit of work that would run, and why."""

    name: str
    reason: str


def write_slices(project: Project, targets: dict[str, Target]) -> None:
    """Write each target's slice of configuration and code, only where it changed.

    Parameters
    ----------
    project
        The area with its settings.
    targets
        From :func:`pipeline.stages.targets.build_targets`.
    """
    for target in targets.values():
        for kind, content in (("config", target.config), ("code", target.code)):
            text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, default=str) + "\n"
            _write_if_changed(text, get_slice(project, target, kind))


def get_slice(project: Project, target: Target, kind: str) -> Path:
    """Return the file that holds a target's slice.

    Parameters
    ----------
    project
        The area with its settings.
    target
        The unit of work.
    kind
        ``config`` or ``code``.

    Returns
    -------
    Path
        A file below the area's outputs.
    """
    return project.outputs / ".slices" / f"{target.name.replace('/', '-')}.{kind}.json"


def _write_if_changed(text: str, path: Path) -> None:
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(text, path)


def write_rules(project: Project, *, command: str, options: str, means: str = "") -> Path:
    """Write the rules that make includes for an area.

    Parameters
    ----------
    project
        The area with its settings.
    command
        How make calls the command line.
    options
        Options for area, data and configuration, quoted for the shell.
    means
        Options that say with what the stages that work in shards do so.

    Returns
    -------
    Path
        The makefile fragment.
    """
    targets = build_targets(project)
    for path in {p for t in targets.values() for p in t.inputs}:
        _quote(path)  # refused before anything is written
    write_slices(project, targets)
    options = options.replace("$", "$$")  # make expands the lines of a rule before the shell sees them
    lines = ["# Generated at each call of make; see pipeline/stages/plan.py."]
    for target in targets.values():
        needs = [get_slice(project, target, kind) for kind in ("config", "code")]
        needs += [*target.inputs, *(targets[name].manifest for name in target.upstream)]
        lines.append(f"{_quote(target.manifest)}: {' '.join(_quote(path) for path in needs)}")
        snapshot = f" --snapshot {target.snapshot}" if target.snapshot else ""
        extra = f" {means}" if means and target.stage in SHARED_OUT else ""
        lines.append(f"\t@{command} run {target.stage}{snapshot} {options}{extra}")
    for path in sorted({p for t in targets.values() for p in t.inputs}):
        lines += [f"{_quote(path)}:", f"\t@{command} missing {shlex.quote(str(path)).replace('$', '$$')}"]
    for stage in STAGES:
        mine = [t for t in targets.values() if t.stage == stage]
        lines += [f"MANIFEST_{stage}_{t.snapshot} := {_quote(t.manifest)}" for t in mine if t.snapshot]
        lines.append(f"MANIFESTS_{stage} := {' '.join(_quote(t.manifest) for t in mine)}")
    remember_imports()
    path = project.outputs / ".slices" / "rules.mk"
    _write_if_changed("\n".join(lines) + "\n", path)
    return path


def _quote(path: Path) -> str:
    """Return a path as make's rules name it; refuse one that make would take for something else."""
    text = str(path)
    bad = next((c for c in text if c in NOT_FOR_MAKE or not (c.isprintable() or c.isspace())), None)
    if bad is not None or text.startswith("~") or any(c.isspace() and c != " " for c in text):
        raise ConfigError(
            f"This path cannot be used with make{f', for its {bad!r}' if bad else ''}.",
            file=path,
            field="path",
            cure="Rename the file: letters, digits, spaces and . _ - , + @ ( ) & ' $ # are fine.",
        )
    return text.replace("$", "$$").replace(" ", "\\ ").replace("#", "\\#")


def build_plan(project: Project) -> list[Step]:
    """List what make would run and why, by the same rules as make.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    list of Step
        In an order in which it can be done; empty if all is up to date.
    """
    targets = build_targets(project)
    write_slices(project, targets)
    steps: dict[str, Step] = {}
    for target in targets.values():
        reason = _find_reason(project, target, targets, steps)
        if reason:
            steps[target.name] = Step(target.name, reason)
    return list(steps.values())


def _find_reason(project: Project, target: Target, targets: dict[str, Target], steps: dict[str, Step]) -> str | None:
    if not target.manifest.is_file():
        return "has not been run"
    made = target.manifest.stat().st_mtime_ns
    for kind, text in (("config", "its settings changed"), ("code", "its code changed")):
        if get_slice(project, target, kind).stat().st_mtime_ns > made:
            return text
    for path in target.inputs:
        if not path.exists():
            return f"its input {path} is missing"
        if path.stat().st_mtime_ns > made:
            return f"its input {path.name} is newer"
    for name in target.upstream:
        if name in steps or targets[name].manifest.stat().st_mtime_ns > made:
            return f"it needs {name}, which is new"
    return None


@dataclass(frozen=True)
class State:
    """What is there of one target."""

    name: str
    is_current: bool
    age_s: float | None
    seconds: float | None
    peak_memory_mb: int | None
    n_rows: int | None
    n_notices: int | None


def build_status(project: Project) -> list[State]:
    """Describe what is there, how old it is and how many notices it carries.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    list of State
        One for each target.
    """
    stale = {step.name for step in build_plan(project)}
    states = []
    for target in build_targets(project).values():
        if not target.manifest.is_file():
            states.append(State(target.name, False, None, None, None, None, None))  # noqa: FBT003
            continue
        content = json.loads(target.manifest.read_text(encoding="utf-8"))
        states.append(
            State(
                target.name,
                target.name not in stale,
                time.time() - target.manifest.stat().st_mtime,
                content["seconds"],
                content["peak_memory_mb"],
                sum(content["row_counts"].values()),
                sum(content["notices"].values()),
            )
        )
    return states
