"""What is generated is what is committed, every configuration loads, and every error carries its cure."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

import pipeline
from pipeline.base import errors
from pipeline.base.config import Settings
from pipeline.base.load import build_default_yaml, build_schema_json, check_model, load_project
from pipeline.base.notices import get_declared_notices
from pipeline.base.scenario import build_scenario_schema
from pipeline.base.tables import TABLES
from pipeline.base.yaml_files import read_yaml
from pipeline.cli.documents import DOCUMENTS, build_dictionary, build_notice_list
from pipeline.scoring.spec import build_spec
from tests.support.pipeline import ProjectFolder

PACKAGE = Path(pipeline.__file__).parent
ROOT = PACKAGE.parent
AREAS = sorted([*(ROOT / "config" / "areas").glob("*.yaml"), *(ROOT / "config" / "test").glob("*.yaml")])
NEED_A_CURE = {"UsageError", "ConfigError", "InputError", "FetchError", "GateError", "PipelineError"}


@pytest.mark.parametrize(
    ("file", "build"),
    [
        ("config/default.yaml", build_default_yaml),
        ("config/schema.json", build_schema_json),
        ("config/scenario-schema.json", build_scenario_schema),
        *DOCUMENTS.items(),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_generated_files_are_current(file: str, build: object) -> None:
    path = ROOT / file
    assert path.is_file(), f"{file} is missing; run: make docs"
    assert path.read_text(encoding="utf-8") == build(), f"{file} is out of date; run: make docs"  # type: ignore[operator]


def test_the_default_file_is_the_default_settings() -> None:
    path = ROOT / "config" / "default.yaml"
    assert check_model(Settings, read_yaml(path), path) == Settings()
    schema = json.loads((ROOT / "config" / "schema.json").read_text(encoding="utf-8"))
    assert set(schema) == {"settings", "area"}
    assert set(read_yaml(path)) == set(schema["settings"]["properties"])


@pytest.mark.parametrize("path", AREAS, ids=lambda path: path.stem)
def test_every_area_file_loads(path: Path, tmp_path: Path) -> None:
    project = load_project(str(path), data=str(tmp_path))
    assert project.area.name == path.stem
    assert project.settings.windows
    assert project.area.snapshots or project.area.series
    assert build_spec(read_yaml(ROOT / project.settings.scoring), file=project.settings.scoring).indicators


def test_every_table_and_notice_is_documented() -> None:
    dictionary, notices = build_dictionary(), build_notice_list()
    assert all(f"## {name}\n" in dictionary for name in TABLES)
    declared = get_declared_notices()
    assert len(declared) > 20
    for notice in declared:
        assert f"| `{notice.code}` | {notice.severity} |" in notices
        for text in (notice.meaning, notice.cure):
            assert text.endswith("."), notice.code


def test_every_published_table_of_a_run_is_declared(tiny: ProjectFolder) -> None:
    made = {path.stem for path in (tiny.outputs() / "tables").glob("*.parquet")}
    assert made <= set(TABLES)
    known = {notice.code for notice in get_declared_notices()}
    build_notice_list()
    assert set(tiny.read_table("out_run__notices")["code"]) <= known | {n.code for n in get_declared_notices()}


def _find_errors(path: Path) -> list[ast.Call]:
    """Every call that makes one of the errors, whether raised there or returned to be raised."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [c for c in calls if isinstance(c.func, ast.Name) and c.func.id in NEED_A_CURE]


def test_every_error_has_a_cure() -> None:
    assert {name for name in NEED_A_CURE if hasattr(errors, name)} == NEED_A_CURE
    n_found, without = 0, []
    for path in sorted(PACKAGE.rglob("*.py")):
        for call in _find_errors(path):
            n_found += 1
            keywords = {keyword.arg: keyword.value for keyword in call.keywords}
            cure = keywords.get("cure")
            is_blank = cure is None or (isinstance(cure, ast.Constant) and not cure.value)
            if is_blank and None not in keywords:
                without.append(f"{path.relative_to(ROOT)}:{call.lineno}")
    assert n_found > 60
    assert without == []
