"""The house is in order: sizes of modules and functions, nothing that nobody calls, names with units."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from pipeline.base.tables import TABLES

MAX_MODULE_LINES, MAX_FUNCTION_LINES = 800, 60
LONG: dict[str, str] = {
    "pipeline/base/tables_coverage.py:build_coverage_tables": "declarations, one after the other",
    "pipeline/base/tables_scores.py:build_score_tables": "declarations, one after the other",
    "pipeline/base/tables_sensitivity.py:build_sensitivity_tables": "declarations, one after the other",
    "pipeline/base/tables_series.py:build_series_tables": "declarations, one after the other",
    "pipeline/base/tables_profile.py:build_profile_tables": "declarations, one after the other",
    "pipeline/cli/commands_config.py:init": "options of a command, one a line",
    "pipeline/cli/commands_files.py:matrix": "options of a command, one a line",
    "pipeline/routing/lane_kernels.py:scan_lanes": "a kernel: calls within its loop cost a quarter of its speed",
    "pipeline/routing/raptor_kernels.py:range_block": "a kernel: its rounds share a dozen arrays",
    "pipeline/routing/scan_kernels.py:ride_slice": "a kernel: calls within its loop cost a quarter of its speed",
    "pipeline/routing/scan_kernels.py:scan_connections": "a kernel: calls within its loop cost a quarter of its speed",
    "pipeline/routing/slices.py:scan_by_slices": "arguments of two kernels, one a line, on arrays that both share",
    "pipeline/stages/targets.py:get_config_slice": "a table of stages, and what each uses of the configuration",
}
"""Functions over the limit, and why they stay so."""
CALLED_FROM_OUTSIDE = {
    "format_commands": "click calls it",
    "valid_from": "written into the file of registered snapshots, for people",
    "change_report": "printed by --json",
    "valid_to": "written into the file of registered snapshots, for people",
    "_new_conn": "urllib3 calls it",
    "get_redirect_target": "requests calls it",
    "do_GET": "http.server calls it",
    "do_HEAD": "http.server calls it",
    "log_message": "http.server calls it",
    "compute_travel_times": "the library: people call it",
    "motorway": "fields of a setting, read as a mapping",
    "a_road": "fields of a setting, read as a mapping",
    "b_road": "fields of a setting, read as a mapping",
    "local": "fields of a setting, read as a mapping",
    "private": "fields of a setting, read as a mapping",
}
REGISTERED = ("validator", ".command(", ".callback(", "njit", "field_serializer", "fixture")
UNITS = re.compile(r"(^|_)(s|min|m|km|pct|per_hour|per_day|per_week|kmh|hours|bytes)(_|$)")
COUNTED = frozenset(
    [
        "leg",
        "minutes",
        "n",
        "jobs",
        "neighbourhoods",
        "opportunities",
        "people",
        "population",
        "places",
        "points",
        "row",
        "runs",
        "services",
        "stops",
        "supply",
        "count",
        "year",
    ]
)
"""What is counted needs no unit: the name says of what it is a number."""
PURE = frozenset(
    ["rank", "decile", "score", "index", "number", "correlation", "ratio", "relative", "difference", "weight"]
)
"""Numbers that have no unit."""
UNIT_IN_THE_ROW = frozenset(["value", "median", "mean", "limit", "p25", "p75"])
"""The row says of which indicator or measure it is, and so in which unit."""
DEGREES = frozenset({"lon", "lat"})


def _list_modules(root: Path) -> list[Path]:
    return sorted(path for path in (root / "pipeline").rglob("*.py") if "vendor" not in path.parts)


def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _count_lines(function: ast.FunctionDef) -> int:
    """Count the lines of a function without its docstring."""
    first = function.body[0]
    is_text = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    text = (first.end_lineno or first.lineno) - first.lineno + 1 if is_text else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - text


def test_no_module_is_longer_than_the_limit(root: Path) -> None:
    sizes = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in _list_modules(root)}
    assert len(sizes) > 300
    assert {path: size for path, size in sizes.items() if size > MAX_MODULE_LINES} == {}


def test_a_long_function_has_a_reason_and_a_reason_has_a_long_function(root: Path) -> None:
    found = {}
    for path in _list_modules(root):
        for node in ast.walk(_parse(path)):
            if isinstance(node, ast.FunctionDef) and _count_lines(node) > MAX_FUNCTION_LINES:
                found[f"{path.relative_to(root)}:{node.name}"] = _count_lines(node)
    assert {name: size for name, size in found.items() if name not in LONG} == {}
    assert set(LONG) - set(found) == set()


def _count_uses(paths: list[Path]) -> Counter[str]:
    """Count how often every name is read, as a name, an attribute or a keyword."""
    uses: Counter[str] = Counter()
    for path in paths:
        for node in ast.walk(_parse(path)):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                uses[node.id] += 1
            elif isinstance(node, ast.Attribute):
                uses[node.attr] += 1
            elif isinstance(node, ast.keyword) and node.arg:
                uses[node.arg] += 1
    return uses


def _list_definitions(tree: ast.Module) -> list[str]:
    """List functions, methods, classes, constants and fields that nothing registers by a decorator."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            decorators = " ".join(ast.unparse(decorator) for decorator in node.decorator_list)
            if not any(word in decorators for word in REGISTERED):
                names.append(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.append(node.target.id)
        elif isinstance(node, ast.Assign) and node in tree.body and isinstance(node.targets[0], ast.Name):
            names.append(node.targets[0].id)
    return [name for name in names if not name.startswith(("__", "visit_"))]


def test_nothing_is_there_that_nothing_in_the_program_uses(root: Path) -> None:
    modules = _list_modules(root)
    uses = _count_uses(modules)
    pages = " ".join(path.read_text(encoding="utf-8") for path in (root / "pipeline/report/templates").rglob("*.j2"))
    in_pages = set(re.findall(r"\w+", pages))
    unused = {
        f"{path.relative_to(root)}: {name}"
        for path in modules
        for name in _list_definitions(_parse(path))
        if not uses[name] and name not in in_pages and name not in CALLED_FROM_OUTSIDE
    }
    assert unused == set()


def test_a_number_carries_its_unit_or_says_of_what_it_is_a_number() -> None:
    known = COUNTED | PURE | UNIT_IN_THE_ROW | DEGREES
    wrong = [
        f"{table.name}.{column.name}: {column.description}"
        for table in TABLES.values()
        for column in table.columns
        if column.kind in {"float", "int"} and not UNITS.search(column.name) and not known & set(column.name.split("_"))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("end", "words"),
    [("_s", "seconds|time|start|departure|wait|gap|run"), ("_min", "minute"), ("_m", "metre"), ("_km", "km|kilometre")],
)
def test_a_column_with_a_unit_is_described_in_it(end: str, words: str) -> None:
    named = [
        (f"{table.name}.{column.name}", column.description)
        for table in TABLES.values()
        for column in table.columns
        if column.name.endswith(end)
    ]
    assert [(name, text) for name, text in named if not re.search(words, text, re.IGNORECASE)] == []


def test_columns_of_yes_or_no_begin_with_is_or_has() -> None:
    wrong = [
        f"{table.name}.{column.name}"
        for table in TABLES.values()
        for column in table.columns
        if column.kind == "bool" and not column.name.startswith(("is_", "has_"))
    ]
    assert wrong == []


def test_a_column_has_one_kind_of_content_wherever_it_stands() -> None:
    """But for ``value``: of an indicator, or what stood where something was noted."""
    kinds: dict[str, set[str]] = {}
    for table in TABLES.values():
        for column in table.columns:
            kinds.setdefault(column.name, set()).add({"int": "number", "float": "number"}.get(column.kind, column.kind))
    assert {name: kind for name, kind in kinds.items() if len(kind) > 1 and name != "value"} == {}


def test_tables_are_named_by_subject_and_measure() -> None:
    assert [name for name in TABLES if not re.fullmatch(r"out_[a-z]+(_[a-z]+)*__[a-z]+(_[a-z]+)*", name)] == []


def test_every_decision_stands_in_the_index_and_ten_are_marked(root: Path) -> None:
    index = (root / "docs/decisions/README.md").read_text(encoding="utf-8")
    files = {path.name for path in (root / "docs/decisions").glob("0*.md")}
    assert files - set(re.findall(r"\((\d{4}-[\w-]+\.md)\)", index)) == set()
    assert len(re.findall(r"^\| \*\*\d+\*\* \|", index, flags=re.MULTILINE)) == 10
