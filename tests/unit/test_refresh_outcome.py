"""What a refresh says in its one line, and how it understands what make says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.base.errors import FetchError, GateError, InputError, PipelineError
from pipeline.base.load import load_project
from pipeline.base.registered import CANDIDATE
from pipeline.stages.refresh import Outcome
from pipeline.stages.refresh_run import MakeResult, Means, run_make, trying
from tests.support.pipeline import TINY, ProjectFolder


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome("here", "nothing", n_checked=1), "refresh here: nothing new (checked 1 source)"),
        (
            Outcome("here", "nothing", n_checked=2, note="what was held is superseded"),
            "refresh here: nothing new (checked 2 sources; what was held is superseded)",
        ),
        (
            Outcome("here", "published", "2026-W48", 2, 3, 4, "r/index.html"),
            "refresh here: published 2026-W48 (3 services withdrawn, 4 neighbourhoods moved); report r/index.html",
        ),
        (
            Outcome("here", "published", "2026-W48", 2, 1, 1, "r/index.html"),
            "refresh here: published 2026-W48 (1 service withdrawn, 1 neighbourhood moved); report r/index.html",
        ),
        (Outcome("here", "published", "2026-W48", 2, report="r"), "refresh here: published 2026-W48; report r"),
        (Outcome("here", "held", "2026-W49", 2, note="too much"), "refresh here: held: 2026-W49: too much"),
        (Outcome("here", "done", report="r"), "refresh here: brought up to date, nothing new to publish; report r"),
    ],
)
def test_the_line_of_summary(outcome: Outcome, expected: str) -> None:
    assert outcome.summarise() == expected
    assert outcome.to_plain()["summary"] == expected
    assert outcome.to_plain()["exit_code"] == (6 if outcome.outcome == "held" else 0)


@pytest.mark.parametrize(("code", "kind"), [(4, InputError), (5, FetchError), (6, GateError), (137, PipelineError)])
def test_the_error_of_a_stage_keeps_its_exit_code(code: int, kind: type[PipelineError]) -> None:
    MakeResult(0, "").check()
    with pytest.raises(kind, match="It broke") as caught:
        MakeResult(code, "It broke.").check()
    assert caught.value.exit_code == kind.exit_code
    assert caught.value.cure


def test_make_tells_which_stage_failed_and_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both timetables are broken; the first message and its exit code come back, and nothing is left running."""
    project = ProjectFolder.create(tmp_path / "project")
    monkeypatch.chdir(project.path)
    for path in Path("data/sample/timetables").glob("*/*.zip"):
        path.write_bytes(b"PK\x03\x04 broken")
    result = run_make(load_project(TINY), ("scores",), Means(("--area", TINY), jobs=1))
    assert result.exit_code == 4
    assert result.message
    assert "where:" not in result.message
    with pytest.raises(InputError):
        result.check()


def test_a_candidate_is_known_to_this_process_and_its_children_only_while_it_is_tried() -> None:
    def break_inside() -> None:
        with trying("2026-W48"):
            assert os.environ[CANDIDATE] == "2026-W48"
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        break_inside()
    assert CANDIDATE not in os.environ
