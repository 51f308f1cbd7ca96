"""What the shell offers after Tab: names of areas, snapshots, categories and codes, as far as files tell quickly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

MAX_CODES = 500
MAX_BYTES = 1_000_000


def _list_area_files() -> dict[str, Path]:
    here = Path("config/areas")
    folder = here if here.is_dir() else Path(__file__).resolve().parents[2] / "config" / "areas"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def _read_area(ctx: typer.Context) -> dict[str, Any]:
    """Read the area that stands on the line so far; empty if none does, or it cannot be read."""
    import yaml  # noqa: PLC0415 (Tab must be quick where nothing is read)

    name = ctx.params.get("area")
    path = _list_area_files().get(str(name), Path(str(name)))
    if not path.is_file() or path.stat().st_size > MAX_BYTES:
        return {}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        return {}
    return content if isinstance(content, dict) else {}


def _keep(names: list[str], incomplete: str) -> list[str]:
    return [name for name in dict.fromkeys(names) if name.startswith(incomplete)]


def _list_values(content: dict[str, Any], part: str, key: str) -> list[str]:
    items = content.get(part) or []
    return [str(item[key]) for item in items if isinstance(item, dict) and key in item]


def complete_area(incomplete: str) -> list[str]:
    """Offer the areas of ``config/areas``."""
    return _keep(list(_list_area_files()), incomplete)


def complete_snapshot(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offer the snapshots of the area on the line."""
    return _keep(_list_values(_read_area(ctx), "snapshots", "id"), incomplete)


def complete_category(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offer the categories of destinations of the area on the line."""
    return _keep(_list_values(_read_area(ctx), "destinations", "category"), incomplete)


def complete_code(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offer neighbourhoods of the area on the line, from its published table of scores, if it was run."""
    import csv  # noqa: PLC0415 (Tab must be quick where nothing is read)

    name = _read_area(ctx).get("name")
    path = Path("outputs") / str(name) / "tables" / "out_neighbourhood__score.csv"
    found: dict[str, None] = {}
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as handle:
            for row in csv.DictReader(handle):
                code = row.get("neighbourhood_code") or ""
                if code.startswith(incomplete):
                    found[code] = None
                if len(found) >= MAX_CODES:
                    break
    return list(found)


def complete_stage(incomplete: str) -> list[str]:
    """Offer the stages of a run."""
    stages = (
        "fetch timetables streets places network times service attribution sensitivity measures scores report publish"
    )
    return _keep(stages.split(), incomplete)


def complete_scenario(incomplete: str) -> list[str]:
    """Offer the scenarios of ``config/scenarios``."""
    return _keep([path.stem for path in sorted(Path("config/scenarios").glob("*.yaml"))], incomplete)
