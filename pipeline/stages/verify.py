"""Compare what lies on disk with the manifests, and say what a run has made."""

from __future__ import annotations

import json

from pipeline.base.hashing import hash_file
from pipeline.base.load import Project
from pipeline.base.notices import describe_severities
from pipeline.stages.targets import build_targets, find_scoring_file


def find_differences(project: Project) -> list[str]:
    """List files that are missing or not as the manifests say.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    list of str
        One sentence a file; empty if all is well.
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
    return found


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
    lines.append(f"  tables:  {project.outputs / 'tables'}")
    lines.append(f"  report:  {project.outputs / 'report' / 'index.html'}")
    return "\n".join(lines)
