"""``connectivity explain AREA --score CODE``: how a score or a group's figure came about, down to the inputs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pandas as pd

from pipeline.base.errors import InputError, UsageError
from pipeline.base.hashing import hash_file
from pipeline.base.load import Project
from pipeline.base.manifest import MANIFEST, read_manifest
from pipeline.base.tables import TABLES
from pipeline.base.tables_series import build_series_tables
from pipeline.scoring.scores import compute_weights
from pipeline.scoring.spec import Indicator, ScoringSpec
from pipeline.stages.common import get_folder
from pipeline.stages.scores import FROM_MEASURES, FROM_SERVICE, FROM_TIMES, read_spec
from pipeline.stages.targets import find_scoring_file

FORMULA: Final = (
    "score = sum of points x weight over the indicators with data / sum of their weights; the absolute index likewise"
)
GROUPS = ("left_behind", "other_deprived", "other", "all")


def trace_score(project: Project, code: str, *, snapshot: str | None = None) -> dict[str, Any]:
    """Gather everything behind the figures of a neighbourhood, or of a comparison group.

    Parameters
    ----------
    project
        The area with its settings; its scores must have been made.
    code
        Code of a neighbourhood, or one of ``left_behind``, ``other_deprived``, ``other`` and ``all``.
    snapshot
        Id; the last if None.

    Returns
    -------
    dict
        ``figures`` (the rows published), ``columns`` (what each of their figures is), ``indicators`` (definition,
        weight, rows read, value; for a group also its members' values), ``formula`` and ``inputs`` (stage, its
        parameters, files with their hashes).

    Raises
    ------
    UsageError
        If the code or the snapshot is unknown.
    InputError
        If the area has not been run, or was run with another scoring file.
    """
    get_folder(project, "scores")
    folder = project.outputs / "tables"
    score = pd.read_parquet(folder / "out_neighbourhood__score.parquet")
    known = [s.id for s in project.area.snapshots] or sorted(score["snapshot"].unique())
    wanted = snapshot or known[-1]
    score = score[score["snapshot"] == wanted]
    if score.empty:
        cure = f"Snapshots: {', '.join(known)}."
        raise UsageError(f"There is no snapshot '{wanted}'.", field="--snapshot", cure=cure)
    indicators = _read(folder, "out_neighbourhood__indicator", wanted)
    if code in GROUPS:
        summary = _read(folder, "out_group__summary", wanted)
        figures = summary[summary["area_group"] == code]
        values = figures.rename(columns={"measure": "indicator"})
    else:
        figures = score[score["neighbourhood_code"] == code]
        values = indicators[indicators["neighbourhood_code"] == code]
    if figures.empty:
        raise UsageError(
            f"There is no neighbourhood '{code}'.",
            field="--score",
            cure=f"Give a code of out_neighbourhood__score, or a group: {', '.join(GROUPS)}.",
        )
    spec = _read_same_spec(project)
    counted = frozenset(indicators.loc[~indicators["is_missing"], "indicator"])
    weights = compute_weights(spec, counted)
    described = [
        _describe(indicator, weights, values[values["indicator"] == indicator.name]) for indicator in spec.indicators
    ]
    table = "out_neighbourhood__score"
    if code in GROUPS:
        table = "out_group__summary"
        members = _list_members(folder, code, indicators)
        described = [each | {"members": members.get(each["name"], [])} for each in described]
    return {
        "code": code,
        "snapshot": wanted,
        "table": table,
        "columns": {column.name: column.description for column in TABLES[table].columns},
        "formula": FORMULA,
        "scoring": {
            "name": spec.name,
            "exponent": spec.exponent,
            "min_weight_share": spec.min_weight_share,
            "domains": {name: domain.weight for name, domain in spec.domains.items()},
            "uncertainty": spec.uncertainty.model_dump(),
        },
        "figures": json.loads(figures.drop(columns="snapshot").to_json(orient="records")),
        "n_ranked": int(score["rank"].notna().sum()),
        "indicators": described,
        "inputs": _trace_inputs(project, spec, wanted),
    }


def _read_same_spec(project: Project) -> ScoringSpec:
    """Read the scoring file, if it is still the one with which the scores were made."""
    path = find_scoring_file(project)
    used = [i for i in read_manifest(project.outputs / "scores" / MANIFEST)["inputs"] if i["role"] == "scoring"]
    if [item["sha256"] for item in used] != [hash_file(path)]:
        raise InputError("The scores were made with another scoring file.", file=path, cure="Run 'make all' again.")
    return read_spec(project)


def _list_members(folder: Path, group: str, indicators: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """List for each indicator the values of a group's neighbourhoods, and how many people each counts for."""
    people = pd.read_parquet(folder / "out_neighbourhood__geography.parquet")
    if group != "all":
        people = people[people["area_group"] == group]
    joined = people[["neighbourhood_code", "population"]].merge(indicators, on="neighbourhood_code", how="left")
    columns = ["neighbourhood_code", "population", "value", "is_missing", "reason"]
    return {
        str(name): json.loads(rows[columns].to_json(orient="records")) for name, rows in joined.groupby("indicator")
    }


def _read(folder: Path, name: str, snapshot: str) -> pd.DataFrame:
    frame = pd.read_parquet(folder / f"{name}.parquet")
    return frame[frame["snapshot"] == snapshot]


def _describe(indicator: Indicator, weights: dict[str, float], rows: pd.DataFrame) -> dict[str, Any]:
    about = indicator.model_dump(
        include={"name", "label", "definition", "caveat", "source", "unit", "worse", "nulls", "transformation"}
    )
    read = {"table": indicator.table, "column": indicator.column, "filters": dict(indicator.filters)}
    kept = rows.drop(columns=[c for c in ("snapshot", "neighbourhood_code", "area_group", "indicator") if c in rows])
    values = json.loads(kept.to_json(orient="records"))
    return {**about, **read, "weight": weights.get(indicator.name, 0.0), "values": values[0] if values else {}}


def _find_stages(spec: ScoringSpec, snapshot: str) -> Iterable[str]:
    tables = {indicator.table for indicator in spec.indicators}
    yield "scores"
    if tables & set(FROM_TIMES):
        yield f"times/{snapshot}"
    if tables & set(FROM_MEASURES):
        yield "measures"
    if tables & {*FROM_SERVICE, *(table.name for table in build_series_tables())}:
        yield "service"


def _trace_inputs(project: Project, spec: ScoringSpec, snapshot: str) -> list[dict[str, Any]]:
    """Follow the manifests from the scores back to the files."""
    found: dict[str, dict[str, Any]] = {}
    waiting = list(_find_stages(spec, snapshot))
    while waiting:
        name = waiting.pop(0)
        path = project.outputs / name / MANIFEST
        if name in found or not path.is_file():
            continue
        manifest = read_manifest(path)
        found[name] = {
            "stage": name,
            "result_hash": manifest["result_hash"],
            "parameters": manifest["config"],
            "files": [{key: item.get(key) for key in ("role", "path", "sha256")} for item in manifest["inputs"]],
            "upstream": dict(manifest["upstream"]),
        }
        # the scores read all snapshots, of which this one's figures rest on its own branch; service compares them all
        waiting += [n for n in manifest["upstream"] if name == "service" or "/" not in n or n.endswith(f"/{snapshot}")]
    if not found:
        raise InputError("The manifests of the stages are gone.", file=project.outputs, cure="Run 'make all' again.")
    return [found[name] for name in sorted(found)]


def describe_score(trace: dict[str, Any]) -> str:
    """Put a trace into words.

    Parameters
    ----------
    trace
        From :func:`trace_score`.

    Returns
    -------
    str
        Lines of text.
    """
    lines = [*_describe_figures(trace), f"  {trace['formula']}", "", "What it is made of:"]
    for indicator in trace["indicators"]:
        lines += _describe_indicator(indicator, is_group="neighbourhood_code" not in trace["figures"][0])
    lines += ["", "Where it comes from (sha256, first 12 digits):"]
    for stage in trace["inputs"]:
        lines.append(f"  stage {stage['stage']}: result {stage['result_hash'][:12]}")
        lines += [f"    {item['role']}: {item['path']} {str(item['sha256'])[:12]}" for item in stage["files"]]
    lines += ["", "Every parameter of every stage: the same command with --format json."]
    return "\n".join(lines)


def _describe_figures(trace: dict[str, Any]) -> list[str]:
    first = trace["figures"][0]
    by = f"snapshot {trace['snapshot']}, scoring '{trace['scoring']['name']}'"
    if "neighbourhood_code" not in first:
        head = f"Comparison group '{trace['code']}', {first['n_neighbourhoods']} neighbourhoods, "
        totals = [f for f in trace["figures"] if f["measure"] in {"score", "absolute_index"}]
        return [
            f"{head}{first['population']:,.0f} people, {by}",
            *(f"  {figure['measure']}: {_describe_group_figure(figure)}" for figure in totals),
        ]
    head = f"{first['neighbourhood_name']} ({trace['code']}), {by}"
    if first["score"] is None:
        return [head, f"  no score: {first['n_missing']} indicators have no data"]
    place = f"rank {first['rank']:g} of {trace['n_ranked']} (1 = worst), decile {first['decile']}"
    lines = [head, f"  score {first['score']:.2f} (higher is worse connected), {place}"]
    if first["rank_low"] is not None:
        draws = trace["scoring"]["uncertainty"]["n_draws"]
        stable = (
            "stable" if first["is_decile_stable"] else f"not stable: {first['decile_low']} to {first['decile_high']}"
        )
        lines.append(
            f"  rank {first['rank_low']:g} to {first['rank_high']:g} in nine of ten of {draws:,} draws of weights, "
            f"parameters and coverage; decile {stable}"
        )
    if first["absolute_index"] is not None:
        lines.append(f"  absolute index {first['absolute_index']:.1f} of 100 (higher is better connected)")
    return lines


def _describe_indicator(indicator: dict[str, Any], *, is_group: bool) -> list[str]:
    values, unit = indicator["values"], indicator["unit"]
    where = ", ".join(f"{name} = {value}" for name, value in indicator["filters"].items())
    if is_group:
        shown = _describe_group_figure(values) if values else "no data (no row)"
    elif not values or values.get("is_missing"):
        shown = f"no data ({(values or {}).get('reason') or 'no row'})"
    elif values["value"] is None:
        shown = f"unreachable ({values['reason']}), rank {values['rank']:g} of {values['n_ranked']}"
    else:
        shown = f"{_number(values['value'])} {unit}, rank {values['rank']:g} of {values['n_ranked']}"
    if not is_group and values and values.get("score") is not None:
        shown += f", {values['score']:.2f} points x weight {indicator['weight']:.4f}"
    treated = f"{indicator['worse']} is worse; a null is {indicator['nulls']}; scale: {indicator['transformation']}"
    lines = [
        f"  {indicator['name']}: {shown}",
        f"    {indicator['definition']}",
        f"    from {indicator['table']}.{indicator['column']} where {where}; {treated}",
    ]
    notes = [indicator[key] for key in ("source", "caveat") if indicator[key]]
    return [*lines, *(f"    {note}" for note in notes)]


def _describe_group_figure(figure: dict[str, Any]) -> str:
    middle, spread = _number(figure["median"]), f"{_number(figure['p25'])} to {_number(figure['p75'])}"
    return (
        f"median {middle} {figure['unit']} (quartiles {spread}), mean of people {_number(figure['mean_weighted'])} "
        f"{figure['unit']}, {figure['n_with_value']} of {figure['n_neighbourhoods']} with a value; "
        f"{_number(figure['worse_than_all_median_pct'])} % of people worse than the median of all, "
        f"{_number(figure['worse_than_all_mean_pct'])} % worse than the mean"
    )


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:,.1f}".removesuffix(".0")
