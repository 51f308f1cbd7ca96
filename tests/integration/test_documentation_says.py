"""What the documents say is so: commands and keys exist, formulas have sources, figures are those that they quote."""

from __future__ import annotations

import importlib
import re
import shlex
import struct
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from pipeline.base.area import AcceptedSnapshot, Area, Destinations, Feed, NotComparable, Snapshot
from pipeline.base.config import Settings
from pipeline.base.scenario import Scenario
from pipeline.cli.examples import EXAMPLES
from pipeline.cli.main import app
from pipeline.cli.reference_commands import list_exit_codes
from pipeline.cli.reference_settings import find_meaning, list_models
from pipeline.cli.reference_words import ARGUMENTS, FOR_MAKE, KEYS
from pipeline.scoring.spec import Indicator, ScoringSpec
from tests.support.documents import list_blocks, list_code
from tests.support.pipeline import ROOT, ProjectFolder
from tests.support.readme import build_readme_table

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
ANNOUNCED: set[str] = set()
"""Commands that pages may name before they are there."""


def _list_commands(group: Any = None, prefix: str = "") -> dict[str, Any]:
    """Every command as the parser knows it, by what one types."""
    found: dict[str, Any] = {}
    for name, command in (group or typer.main.get_command(app)).commands.items():
        if command.hidden:
            continue
        if hasattr(command, "commands"):
            found |= _list_commands(command, f"{prefix}{name} ")
        else:
            found[f"{prefix}{name}"] = command
    return found


COMMANDS = _list_commands()


def _list_all_models() -> list[Any]:
    found: list[Any] = [Settings, Area, Scenario, ScoringSpec]
    for model in found:
        for field in model.model_fields.values():
            found += [inner for inner in list_models(field.annotation) if inner not in found]
    return found


def _read_reference(name: str) -> str:
    return (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_that_the_parser_knows_stands_in_the_reference_with_its_meaning(name: str) -> None:
    page = _read_reference("command-line.md")
    level = "###" if name in FOR_MAKE else "##"
    section = page.split(f"\n{level} {name}\n", 1)[1].split("\n## ", 1)[0].split("\n### ", 1)[0]
    for parameter in COMMANDS[name].params:
        shown = ", ".join(o for o in (*parameter.opts, *parameter.secondary_opts) if o != "--help")
        if not shown:
            continue
        shown = shown if shown.startswith("-") else shown.upper()
        row = re.search(rf"^\| `{re.escape(shown)}` \|.*$", section, re.MULTILINE)
        assert row, (name, shown)
        assert row[0].split("|")[-2].strip(), (
            f"{name} {shown} has no help text, and no entry in reference_words.ARGUMENTS"
        )


def test_every_exit_code_of_an_error_stands_in_the_reference() -> None:
    page = _read_reference("command-line.md")
    assert {2, 3, 4, 5, 6, 130} <= set(list_exit_codes())
    for code in list_exit_codes():
        assert f"\n| {code} | " in page


def test_every_key_that_a_model_knows_stands_in_the_reference_with_type_default_and_meaning() -> None:
    page, n_keys = _read_reference("configuration.md"), 0
    for model in _list_all_models():
        for key, field in model.model_fields.items():
            n_keys += 1
            assert find_meaning(model, key), f"{model.__name__}.{key}: give the field a description"
            rows = re.findall(
                rf"^\| `{re.escape(field.alias or key)}` \| (.+?) \| (.+?) \| .*? \| (.+) \|$", page, re.MULTILINE
            )
            assert any(all(cell.strip() for cell in row) for row in rows), f"{model.__name__}.{key}"
    assert n_keys > 200


def test_units_of_the_reference_follow_the_endings_of_keys() -> None:
    page = _read_reference("configuration.md")
    for key, unit in {"speed_kmh": "km/h", "interchange_s": "s", "max_access_m": "m", "min_linked_pct": "%"}.items():
        assert re.search(rf"^\| `{key}` \| .*? \| .*? \| {re.escape(unit)} \|", page, re.MULTILINE), key


def test_no_words_are_kept_for_keys_that_do_not_exist_or_describe_themselves() -> None:
    fields = {f"{m.__name__}.{key}": field for m in _list_all_models() for key, field in m.model_fields.items()}
    for name in KEYS:
        meant = [f for key, f in fields.items() if key == name or (name[0] == "*" and key.endswith(name[1:]))]
        assert [f for f in meant if not f.description], f"{name}: no such key, or it has a description of its own"
    named = {o for c in COMMANDS.values() for p in c.params for o in p.opts}
    assert set(ARGUMENTS) <= named


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_line_on_a_page_names_a_command_and_options_that_exist(path: Path) -> None:
    for line in list_code(path.read_text(encoding="utf-8")):
        for called in re.findall(r"(?:^|/|\s)connectivity ([a-z].*?)(?=\s#|;|&&|\||$)", line):
            words = called.split()
            two = " ".join(words[:2])
            if two in ANNOUNCED:
                continue
            name = two if two in COMMANDS else words[0]
            if name == "config" and len(words) > 1 and "|" in line:
                continue
            assert name in COMMANDS, (path.name, line)
            known = {"--help", *(o for p in COMMANDS[name].params for o in p.opts)}
            given = {word.split("=")[0].rstrip("`,.)") for word in words if word.startswith("--")}
            assert given <= known, (path.name, line, given - known)


def test_every_target_and_variable_of_make_stands_in_the_reference() -> None:
    page = _read_reference("command-line.md")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE):
        assert f"\n| `{target}` | " in page
    for variable in re.findall(r"^([A-Z_]+) \?=", makefile, re.MULTILINE):
        assert f"\n| `{variable}` | " in page


def test_every_make_target_on_a_page_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    targets |= set(
        re.search(r"^STAGES := (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[1].split()
    )  # type: ignore[index]
    for path in PAGES:
        for line in list_code(path.read_text(encoding="utf-8")):
            for target in re.findall(r"(?:^|&& )make ([a-z][a-z-]*)", line):
                assert target in targets, (path.name, line)


NEED_MORE = {
    "serve": "stays until it is stopped",
    "refresh": "asks publishers",
    "accept": "needs a snapshot that is held",
    "accept-run": "needs a run that is held",
    "docs": "writes into the project",
    "warm": "compiles for a minute",
    "bench": "takes a minute",
}
"""Examples of the help that a test does not run, and why."""


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - set(NEED_MORE)))
def test_the_example_at_the_end_of_every_help_runs(name: str, sample: ProjectFolder, tmp_path: Path) -> None:
    project = sample.copy(tmp_path / "project")
    done = project.call(*shlex.split(EXAMPLES[name]))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip()


FORMULA = re.compile(r"^\| (F\d+) \| (.+?) \| (.+?) \| (.+?) \| `(pipeline/[\w/]+)\.py` `(\w+)` \|$", re.MULTILINE)


def test_every_formula_of_the_method_is_named_with_its_source_and_its_place_in_the_code() -> None:
    method = (ROOT / "docs" / "methodology.md").read_text(encoding="utf-8")
    rows = FORMULA.findall(method)
    assert [number for number, *_ in rows] == [
        f"F{i}" for i in range(1, 1 + len(re.findall(r"^\| F\d+ \|", method, re.MULTILINE)))
    ]
    assert len(rows) >= 27
    sources = method.split("\n## Sources\n")[1]
    for number, name, formula, source, module, function in rows:
        assert name, number
        assert formula, number
        assert callable(getattr(importlib.import_module(module.replace("/", ".")), function)), number
        is_own = re.search(r"own (definition|rule|choice|use)|definition|formula|interpolation|Gini", source)
        years = re.findall(r"([A-Z]\w+)[^;]*? (\d{4})", source)
        assert is_own or years, f"{number} names no source"
        for year in (year for _, year in years):
            assert year in sources, f"{number}: {source} is not under Sources"


def test_the_inputs_formulas_and_blocks_of_the_method_are_in_the_list_of_formulas() -> None:
    method = (ROOT / "docs" / "methodology.md").read_text(encoding="utf-8")
    text, listed = method.split("\n## Formulas\n")
    for mark, number in {
        "X = -23 ln": "F16", "R = (N - rank + 1) / N": "F15", "k^-a": "F6", "2^(-t/L)": "F5", "loss(a, s)": "F14",
        "/ (7 x 16)": "F12", "Gini": "F21", "Palma": "F22", "concentration index": "F23", "Foster, Greer": "F24",
        "doorstep": "F25", "within 7.5 km": "F26", "two steps of Luo": "F27", "6,371,009 m": "F1", "rank": "F4",
    }.items():  # fmt: skip
        assert mark in text, mark
        assert f"| {number} |" in listed


def test_the_numbers_in_the_method_are_the_defaults() -> None:
    method = " ".join((ROOT / "docs" / "methodology.md").read_text(encoding="utf-8").split())
    log = " ".join((ROOT / "docs" / "quality-assurance.md").read_text(encoding="utf-8").split())
    walking, transit, service, gates = (
        getattr(Settings(), part) for part in ("walking", "transit", "service", "gates")
    )
    for stated in (
        f"at {walking.speed_kmh} km/h, rounded once",
        f"at most {walking.max_access_m:,.0f} m including both links",
        f"another stop within {walking.max_transfer_m:.0f} m in the walking time plus {transit.interchange_s} s",
        f"Beyond {walking.max_link_m:.0f} m there is no link",
        f"at least {walking.min_component_nodes} OSM nodes",
        f"Journeys of more than {transit.max_time_min} minutes do not count",
        f"a circle of {service.zone_radius_m:.0f} m around its centre",
        f"then {service.zone_margin_m:.0f} m wider",
        f"more than {gates.max_operators_lost_pct:g} % of the operators, or {gates.max_trips_lost_pct:g} % of the runs",
    ):
        assert stated in method
    for stated in (
        f"walk at {walking.speed_kmh} km/h",
        f"at most {walking.max_access_m / 1000:g} km to or from a stop, {walking.max_transfer_m:.0f} m between",
        f"takes {transit.interchange_s} s beside the walk",
        f"more than {transit.max_time_min} minutes do not count",
    ):
        assert stated in log


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_piece_of_configuration_on_a_page_would_be_accepted(path: Path) -> None:
    for block in list_blocks(path.read_text(encoding="utf-8")):
        if block.language == "yaml":
            _check_piece(yaml.safe_load(block.text), path)


def _check_piece(content: Any, path: Path) -> None:
    """Check a part of a file by the model that would read it."""
    if isinstance(content, list):
        for item in content:
            model = Indicator if "definition" in item else Feed if "key" in item else None
            if model is not None:
                model.model_validate(item)
        return
    if "snapshot" in content and "operations" in content:
        Scenario.model_validate(content)
        return
    known = {*Area.model_fields, "gates"}
    assert set(content) <= known, (path.name, set(content) - known)
    for key, model in {
        "destinations": Destinations,
        "snapshots": Snapshot,
        "accepted": AcceptedSnapshot,
        "not_comparable": NotComparable,
    }.items():
        for item in content.get(key, []):
            model.model_validate(item)
    Settings.model_validate(content.get("settings", {}))


def test_the_worked_example_quotes_the_area_file_that_is_run() -> None:
    area = (ROOT / "config" / "areas" / "newport.yaml").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "tutorial" / "newport.md").read_text(encoding="utf-8")
    pieces = [block.text for block in list_blocks(page) if block.language == "yaml"]
    assert len(pieces) >= 4
    for piece in pieces:
        assert piece in area
    for name in re.findall(r"`((?:newport|england)/[\w.-]+)`", page):
        assert f"path: {name}\n" in area
    for name in re.findall(r"path: (\S+)", area):
        assert f"`{name}`" in page, f"{name} is used but the page does not say where it is published"


def test_the_table_of_the_readme_is_what_the_sample_gives(sample: ProjectFolder) -> None:
    shown = re.search(r"<!-- readme table.*?-->\n\n(.*?)\n<!-- end -->", README, re.DOTALL)
    assert shown is not None
    assert shown[1] == build_readme_table(sample.outputs("sample") / "tables")


def test_the_ratios_of_the_readme_are_those_of_the_measurements() -> None:
    measured = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    part = README.split("\n## Performance\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| [^|]+ \| (\w+) \| ([\d.,]+) \| ([\d.,]+) \|$", part, re.MULTILINE)
    assert len(rows) >= 5
    for peer, elapsed, processor in rows:
        assert f"| {peer} | {elapsed} | {processor} |" in measured


def test_the_picture_of_the_readme_is_small_and_has_a_text_alternative() -> None:
    alternative, name = re.findall(r"!\[([^\]]+)\]\((docs/images/\w+\.png)\)", README)[0]
    content = (ROOT / name).read_bytes()
    assert content.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", content[16:24])
    assert (width, height) >= (1000, 600)
    assert len(content) < 250_000
    assert len(alternative) > 60


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"]
    assert f"version {project['version']}" in README
