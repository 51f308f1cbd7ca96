"""Every case of bad or hostile input, through the command line, watched."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.hostile import config_cases, gtfs_cases, other_cases, zip_cases
from tests.hostile.case import Case, Noted, Rejected, Same
from tests.support.hostile import MAX_MB, MAX_SECONDS, GuardedRunner, Outcome

CASES: list[Case] = [*gtfs_cases.CASES, *zip_cases.CASES, *other_cases.CASES, *config_cases.CASES]
Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def runner() -> Iterator[GuardedRunner]:
    guarded = GuardedRunner()
    yield guarded
    guarded.close()


@pytest.fixture(scope="module")
def baselines() -> dict[str, str]:
    """Fingerprints of inputs without a defect, filled as they are needed."""
    return {}


def run_case(runner: GuardedRunner, case: Case, folder: Path) -> Outcome:
    """Build the input and run the command that reads it."""
    folder.mkdir()
    case.build(folder)
    arguments = list(case.arguments) or ["validate", case.file, "--out", "out/notices.csv"]
    return runner.run(
        folder, arguments, fingerprint=case.kind if isinstance(case.expected, Same) and case.kind != "config" else ""
    )


def check_guards(outcome: Outcome) -> None:
    """No traceback, no hang, no write elsewhere, no exhausted machine, nothing that a terminal would obey."""
    assert "Traceback" not in outcome.err, outcome.err
    assert outcome.code is not None, "it had to be stopped"
    assert outcome.code >= 0, f"it died of signal {-outcome.code}"
    assert outcome.trespasses == ()
    assert outcome.seconds < MAX_SECONDS
    assert outcome.peak_mb < MAX_MB
    assert not [c for c in outcome.err + outcome.out if not c.isprintable() and c not in "\n\t\xa0"]


def check_rejected(outcome: Outcome, expected: Rejected, named: str) -> None:
    """One message, with what, where and the cure."""
    assert outcome.code == expected.code, outcome.out + outcome.err
    message = outcome.err[f"\n{outcome.err}".index("\nerror: ") :]
    assert message.count("\nerror: ") == 0, "two messages"
    assert expected.words.lower() in message.lower()
    assert named in message
    assert "cure: " in message
    if expected.row is not None:
        assert f"row {expected.row}" in message, message
    if expected.field:
        assert expected.field in message, message


def check_noted(outcome: Outcome, expected: Noted, folder: Path) -> None:
    """Read to the end, with that notice in the list."""
    assert outcome.code == expected.code, outcome.err
    assert ("holds no usable" in outcome.err) == bool(expected.code)
    with (folder / "out/notices.csv").open(encoding="utf-8", newline="") as handle:
        notices = list(csv.DictReader(handle))
    found = [notice for notice in notices if notice["code"] == expected.notice]
    assert found, sorted({notice["code"] for notice in notices})
    assert all(notice["cure"] for notice in found)
    if expected.row is not None:
        assert str(expected.row) in {notice["row"] for notice in found}, found


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_one_defect_has_its_expected_outcome(
    case: Case, runner: GuardedRunner, baselines: dict[str, str], tmp_path: Path, record_property: Record
) -> None:
    folder = tmp_path / "case"
    outcome = run_case(runner, case, folder)
    record_property(
        "hostile", (case.name, outcome.seconds, outcome.peak_mb, "Traceback" in outcome.err, outcome.trespasses)
    )
    check_guards(outcome)
    if isinstance(case.expected, Rejected):
        check_rejected(outcome, case.expected, case.named or Path(case.file).name)
    elif isinstance(case.expected, Noted):
        check_noted(outcome, case.expected, folder)
    else:
        assert isinstance(case.expected, Same)
        assert outcome.code == 0, outcome.err
        if case.kind == "config":
            return
        baseline = other_cases.get_baseline(case)
        if baseline.name not in baselines:
            baselines[baseline.name] = run_case(runner, baseline, tmp_path / "baseline").fingerprint
        assert len(outcome.fingerprint) == 64
        assert outcome.fingerprint == baselines[baseline.name]
    shutil.rmtree(folder)


def test_there_are_enough_cases_and_none_twice() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names) >= 150
