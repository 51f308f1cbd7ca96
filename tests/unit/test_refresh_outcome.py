"""What a refresh says in its one line, and how it understands what make says."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from pipeline.base.area_refresh import RefreshOptions
from pipeline.base.errors import FetchError, GateError, InputError, PipelineError
from pipeline.base.load import load_project
from pipeline.base.registered import CANDIDATE, Registered, RegisteredSnapshot, is_on_trial
from pipeline.cli.refresh import run_refresh
from pipeline.stages import refresh
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
        (
            Outcome("here", "published", "2026-W48", 2, 1, report="r", is_comparable=False),
            "refresh here: published 2026-W48 (1 service withdrawn, index of other indicators than before); report r",
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
    with trying("2026-W48", is_on_trial=True):
        assert is_on_trial()
    assert not is_on_trial()


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ZeroDivisionError("a fault"), 1, "ZeroDivisionError: a fault"),
        (OSError(errno.ENOSPC, "No space left on device"), 4, "The disk is full"),
        (MemoryError(), 4, "memory of this machine"),
        (KeyboardInterrupt(), 130, "Finished work is kept"),
        (GateError("held", cure="wait"), 6, "held"),
    ],
)
def test_whatever_goes_wrong_the_scheduler_gets_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, words: str
) -> None:
    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr("pipeline.cli.refresh.refresh_area", fail)
    for is_json in (False, True):
        with pytest.raises(type(error)):
            run_refresh("here", is_json=is_json)
    plain, content = capsys.readouterr().out.splitlines()
    assert plain.startswith(f"refresh here: failed with exit code {code}: ")
    assert words in plain
    assert json.loads(content)["exit_code"] == code


def test_a_held_snapshot_is_tried_again_where_somebody_changed_the_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = ProjectFolder.create(tmp_path / "project")
    monkeypatch.chdir(project.path)
    area = load_project(TINY)
    feed = {
        "key": "bus",
        "path": f"archived:url/{'0' * 64}/bus.zip",
        "reference": "bus.zip",
        "sha256": "0" * 64,
        "bytes": 1,
        "valid_from": "2024-01-01",
        "valid_to": "2024-03-01",
        "fingerprint": "0" * 64,
        "basis": "x",
    }
    plain = {"id": "2024-W03", "date": "2024-01-16", "label": "x", "registered": "2024-01-15T03:00:00Z"}
    held = RegisteredSnapshot.model_validate({**plain, "state": "held", "note": "too much", "feeds": [feed]})
    tried: list[str] = []
    found = Registered(area="tiny")
    monkeypatch.setattr(refresh, "read_registered", lambda *_, **__: found)
    monkeypatch.setattr(refresh, "_try", lambda _1, _2, _3, candidate, _4: tried.append(candidate.id))
    request = refresh.Request(lambda: area, Means(()))
    for limits, expected in (("", 0), (refresh.hash_limits(area), 0), ("others", 1)):
        known = held.model_copy(update={"limits": limits})
        monkeypatch.setattr(refresh, "decide", lambda *_, known=known: ("held", known))
        refresh._act(request, area, [], None)  # type: ignore[arg-type]
        assert len(tried) == expected


def test_the_name_of_a_snapshot_must_be_one() -> None:
    with pytest.raises(ValidationError, match="letters, digits"):
        RefreshOptions(id_format="%d/%m/%Y")
    assert RefreshOptions(id_format="week_%V.%G").id_format == "week_%V.%G"
