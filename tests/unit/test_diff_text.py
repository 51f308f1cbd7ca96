"""The table of services that ``connectivity diff`` prints: short and aligned, with the evidence on request."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.stages.diff_text import SHOWN, describe_services


def service(
    number: str, before: float, after: float | None, status: str = "cut_back", **changes: Any
) -> dict[str, Any]:
    row = {f"{day}_runs_{side}": v for day in ("weekday", "saturday", "sunday") for side, v in
           (("before", before), ("after", after))}  # fmt: skip
    about = {
        "route_before": number,
        "route_after": number,
        "operator_name_before": "Buses",
        "operator_name_after": None,
    }
    return {**row, **about, "status": status, "coverage_class": "comparable", "evidence": "One; two.", **changes}


def describe(*rows: dict[str, Any], has_evidence: bool = False) -> list[str]:
    return describe_services(pd.DataFrame(list(rows)), has_evidence=has_evidence)


def test_services_that_changed_stand_in_a_table_without_their_evidence():
    lines = describe(service("1", 20, 12), service("7", 3, 3, "kept"), service("99", 4, None, "withdrawn"))
    assert lines[:6] == [
        "Services: 1 cut back, 1 kept, 1 withdrawn",
        "",
        "Runs a day, before -> after:",
        "  service  operator  became     weekday   Saturday  Sunday",
        "  1        Buses     cut back   20 -> 12  20 -> 12  20 -> 12",
        "  99       Buses     withdrawn  4 -> -    4 -> -    4 -> -",
    ]
    assert "--evidence, --out FILE or --json" in lines[-1]
    assert max(map(len, lines)) < 100


def test_the_evidence_stands_below_each_service_on_request_one_finding_a_line():
    lines = describe(service("1", 20, 12), has_evidence=True)
    assert lines[-3:] == ["  1        Buses     cut back  20 -> 12  20 -> 12  20 -> 12", "      - One", "      - two"]


def test_of_many_services_those_that_changed_most_are_shown_and_the_rest_counted_unless_all_are_asked_for():
    many = [service(str(n), n, 0) for n in range(1, SHOWN + 6)]
    lines = describe(*many)
    shown = [line.split()[0] for line in lines if line.endswith("-> 0")]
    assert shown == [str(n) for n in range(6, SHOWN + 6)]
    assert "  ... and 5 more with smaller changes" in lines
    assert len([line for line in describe(*many, has_evidence=True) if line.endswith("-> 0")]) == SHOWN + 5


def test_services_that_cannot_be_compared_are_marked_and_long_names_are_cut():
    lines = describe(service("A very long name of a route", 2, 1, coverage_class="partial"))
    assert any(line.startswith("  A very long n...  Buses     cut back *") for line in lines)
    assert "  * cannot be compared, or in part only: see operators" in lines


def test_where_every_service_was_kept_there_is_no_table():
    assert describe(service("1", 2, 2, "kept")) == ["Services: 1 kept"]
