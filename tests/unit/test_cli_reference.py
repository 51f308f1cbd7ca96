"""The reference of the command line is read off the code, whatever way an option is declared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from pipeline.cli.drawing import PLACES, SAYS, list_stage_edges
from pipeline.cli.reference_commands import CommandPage, list_commands, list_exit_codes
from pipeline.cli.reference_settings import build_settings_reference, find_unit
from pipeline.scoring.spec import ScoringSpec
from pipeline.stages.targets import STAGES

app = typer.Typer()
group = typer.Typer()
app.add_typer(group, name="group")


@app.command()
def weigh(
    context: typer.Context,
    area: str,
    files: Annotated[list[Path], typer.Argument(help="what to weigh")],
    times: Annotated[int | None, typer.Option("--times", "-t", min=1, max=9, help="how often")] = None,
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="how it looks")] = "text",
    json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
    colour: Annotated[bool, typer.Option("--colour/--grey", help="with colours")] = True,
    loud: Annotated[bool, typer.Option(help="say more")] = False,
    secret: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    """Weigh something,
    and say so.
    """


@app.command(hidden=True)
def inner() -> None:
    """Not for people."""


@group.command("in-it")
def within() -> None:
    """Stand in a group."""


def _read() -> CommandPage:
    return next(page for page in list_commands(app) if page.name == "weigh")


def test_commands_are_listed_with_those_of_groups_and_without_hidden_ones() -> None:
    assert [page.name for page in list_commands(app)] == ["weigh", "group in-it"]
    assert _read().summary == "Weigh something, and say so."


def test_options_are_named_as_they_are_typed() -> None:
    assert [(p.name, p.is_option) for p in _read().parameters] == [
        ("AREA", False),
        ("FILES", False),
        ("--times, -t", True),
        ("--format", True),
        ("--json", True),
        ("--colour, --grey", True),
        ("--loud, --no-loud", True),
    ]


def test_what_an_option_takes_its_default_and_meaning_are_told() -> None:
    told = {p.name: (p.kind, p.default, p.meaning) for p in _read().parameters}
    assert told["AREA"] == ("text", "**required**", "name of an area in config/areas, or a YAML file")
    assert told["FILES"] == ("file, several times", "**required**", "what to weigh")
    assert told["--times, -t"] == ("whole number, 1 to 9", "", "how often")
    assert told["--format"] == ("`text`, `json`", "`text`", "how it looks")
    assert told["--json"] == ("flag", "off", "for programs")
    assert told["--colour, --grey"] == ("flag", "on", "with colours")


def test_exit_codes_come_from_the_errors_themselves() -> None:
    codes = list_exit_codes()
    assert list(codes) == sorted(codes)
    assert codes[6][0] == "A quality gate held the run."
    assert len(codes[6]) == 3
    assert len(codes[5]) == 2


def test_a_unit_is_that_of_the_ending_unless_a_key_has_one_of_its_own() -> None:
    assert find_unit(ScoringSpec, "min_weight_share") == "share (0 to 1)"
    assert find_unit(ScoringSpec, "exponent") == ""


def test_defaults_of_nought_one_and_false_are_told_apart() -> None:
    page = build_settings_reference()
    assert "| `max_shift_weeks` | whole number, ≥ 0, ≤ 26 | `0` | weeks |" in page
    assert "| `min_move_points` | number, ≥ 0 | `1` | points |" in page
    assert "| `wheelchair` | true or false | `false` |" in page


def test_the_drawing_shows_every_stage_and_what_it_reads_directly() -> None:
    assert set(PLACES) == set(SAYS) == set(STAGES)
    edges = list_stage_edges()
    assert ("times", "scores") in edges
    assert ("service", "scores") in edges, "it is read even where no attribution stands between"
    assert ("timetables", "times") not in edges, "that goes through the network"
    assert all(PLACES[earlier][0] < PLACES[later][0] for earlier, later in edges)
