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
from pipeline.stages.slices import FOLDER, find_change
from pipeline.stages.targets import SHARED_OUT, STAGES, Target, build_targets

RULES, DRY_RULES = "rules.mk", "rules-dry.mk"
NOT_FOR_MAKE = set(';:|%=*?[]<>`\\"')
"""Characters in the name of a file that make or its shell gives another meaning, for which there is no quoting."""


@dataclass(frozen=True)
class Step:
    """A unit of work that would run, and why."""

    name: str
    reason: str


def _write_if_changed(text: str, path: Path) -> None:
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(text, path)


def write_rules(project: Project, *, command: str, options: str, means: str = "", name: str = RULES) -> Path:
    """Write the rules that make includes for an area.

    What is out of date is decided here, by contents; make is told by the prerequisite ``FORCE`` and compares no times.

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
    name
        Name of the file: only a run that holds the area writes ``rules.mk``.

    Returns
    -------
    Path
        The makefile fragment.
    """
    targets = build_targets(project)
    for path in {p for t in targets.values() for p in t.inputs}:
        _quote(path)  # refused before anything is written
    stale = _find_steps(project, targets)
    options = options.replace("$", "$$")  # make expands the lines of a rule before the shell sees them
    lines = ["# Generated at each call of make; see pipeline/stages/plan.py.", "FORCE:"]
    # A manifest is written whole and last, so that make need not delete it when it is interrupted.
    lines.append(f".PRECIOUS: {' '.join(_quote(target.manifest) for target in targets.values())}")
    for target in targets.values():
        needs = [*target.inputs, *(targets[name].manifest for name in target.upstream)]
        force = " FORCE" if target.name in stale else ""
        lines.append(f"{_quote(target.manifest)}:{force} | {' '.join(_quote(path) for path in needs)}")
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
    path = project.outputs / FOLDER / name
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
    return list(_find_steps(project, build_targets(project)).values())


def _find_steps(project: Project, targets: dict[str, Target]) -> dict[str, Step]:
    steps: dict[str, Step] = {}
    for target in targets.values():
        reason = find_change(project, target, targets, steps)
        if reason:
            steps[target.name] = Step(target.name, reason)
    return steps


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
                max(0.0, time.time() - target.manifest.stat().st_mtime),
                content["seconds"],
                content["peak_memory_mb"],
                sum(content["row_counts"].values()),
                sum(content["notices"].values()),
            )
        )
    return states
