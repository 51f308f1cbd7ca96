"""Compare what lies on disk with the manifests, and say what a run has made."""

from __future__ import annotations

import json
import textwrap

from pipeline.acquire.archive import find_damaged
from pipeline.base.hashing import hash_file
from pipeline.base.live import ARCHIVE
from pipeline.base.load import Project
from pipeline.base.notices import describe_severities
from pipeline.stages.targets import build_targets, find_scoring_file

WIDTH = 88
MOST_SHOWN = 3
"""How many kinds of warnings the end of a run names."""


def find_differences(project: Project) -> list[str]:
    """List files that are missing or not as the manifests say.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    list of str
        One sentence a file; empty if all is well. The archive is looked through as a whole.
    """
    found = []
    for target in build_targets(project).values():
        if not target.manifest.is_file():
            found.append(f"{target.name} has not been run")
            continue
        manifest = json.loads(target.manifest.read_text(encoding="utf-8"))
        expected = [(target.folder / path, sha256) for path, sha256 in manifest["outputs"].items()]
        for item in manifest["inputs"]:
            is_scoring = item["role"] == "scoring"
            path = find_scoring_file(project) if is_scoring else project.resolve(item["path"])
            expected.append((path, item["sha256"]))
        for path, sha256 in expected:
            if not path.exists():
                found.append(f"{path} is missing")
            elif hash_file(path) != sha256:
                found.append(f"{path} differs from what {target.name} recorded")
    return [*found, *find_damaged(ARCHIVE)]


def _list_warnings(project: Project) -> list[str]:
    """List the most frequent kinds of warnings and errors of a run, as its table of notices has them."""
    path = project.outputs / "tables" / "out_run__notices.parquet"
    if not path.is_file():
        return []
    import polars as pl  # noqa: PLC0415 (only where there is something to list)

    kinds = (
        pl.scan_parquet(path)
        .filter(pl.col("severity") != "info")
        .group_by("code", "meaning")
        .agg(pl.col("count").sum())
        .sort(["count", "code"], descending=[True, False])
        .collect()
    )
    texts = [f"{row['count']:,} x {row['meaning']}" for row in kinds.head(MOST_SHOWN).to_dicts()]
    shown = [textwrap.shorten(text, WIDTH, placeholder=" ...") for text in texts]
    more = kinds.height - len(shown)
    return [*shown, f"and {more} more kinds"] if more > 0 else shown


def summarise(project: Project) -> str:
    """Say what was made and what to look at.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    str
        A few lines for the terminal.
    """
    counts: dict[str, int] = {}
    for target in build_targets(project).values():
        if target.manifest.is_file():
            manifest = json.loads(target.manifest.read_text(encoding="utf-8"))
            for severity, count in manifest["notices_by_severity"].items():
                counts[severity] = counts.get(severity, 0) + count
    lines = [f"{project.area.title}: everything is up to date."]
    if counts:
        lines.append(f"  data:    {describe_severities(counts)}; see 'Data quality' in the report")
        lines += [f"           {text}" for text in _list_warnings(project)]
    lines.append(f"  tables:  {project.outputs / 'tables'}")
    lines.append(f"  report:  {project.outputs / 'report' / 'index.html'}")
    latest = project.outputs / "publish" / "latest"
    if latest.exists():
        lines.append(f"  to hand over: {latest}")
    return "\n".join(lines)
