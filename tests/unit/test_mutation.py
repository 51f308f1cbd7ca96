"""Mutation checks change one thing at a time, in the copy that tests import, and see what no test notices."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from bench import mutate
from bench.coverage import compute_shares
from bench.mutate import KILLED, LIVED, ROOMS, Mutant, build_mutated_tree, choose_sample, list_mutants

SOURCE = '''
"""Text."""
LIMIT: int = 3

def f(a, b=1):
    if a < b and not a:
        raise ValueError(f"{a + 1}")
    return min(a, b) + LIMIT
'''


def _list_changes() -> list[tuple[str, str]]:
    return [(mutant.before, mutant.after) for mutant in list_mutants("m", SOURCE)]


def test_every_operator_number_and_name_that_has_an_opposite_is_offered_once() -> None:
    assert _list_changes() == [
        ("3", "4"),
        ("1", "2"),
        ("a < b", "a <= b"),
        ("not a", "a"),
        ("a < b and (not a)", "a < b or not a"),
        ("min", "max"),
        ("min(a, b) + LIMIT", "min(a, b) - LIMIT"),
    ]


@pytest.mark.parametrize("number", range(7))
def test_a_mutant_differs_from_the_source_in_its_one_place(number: int) -> None:
    mutant = list_mutants("m", SOURCE)[number]
    before, after = ast.unparse(ast.parse(SOURCE)), ast.unparse(build_mutated_tree(mutant, SOURCE))
    lines = list(zip(before.splitlines(), after.splitlines(), strict=True))
    assert [mutant.after in new for old, new in lines if old != new] == [True]


def test_a_sample_is_the_same_for_the_same_seed_and_of_every_room() -> None:
    first, second = list(choose_sample(60, 1)), list(choose_sample(60, 1))
    assert first == second
    assert {room.name for room, _ in first} == {room.name for room in ROOMS}
    assert list(choose_sample(60, 2)) != first


def test_rooms_name_modules_and_tests_that_exist(root: Path) -> None:
    for room in ROOMS:
        assert all(mutate.find_source(module).is_file() for module in room.modules)
        assert all((root / test).is_file() for test in room.tests)


CHECK_TWO = """
from bench.mutate import check_mutant, list_mutants

tests = ("tests/unit/test_scoring_ranked.py",)
power = next(mutant for mutant in list_mutants("pipeline.scoring.absolute") if mutant.before == "max")
print("states:", check_mutant(None, tests), check_mutant(power, tests))
"""


@pytest.mark.slow
def test_a_change_that_matters_is_noticed_and_no_change_is_not(root: Path) -> None:
    """In a process of its own: a fork of one that has run other tests may inherit their threads' locks."""
    done = subprocess.run(
        [sys.executable, "-c", CHECK_TWO], cwd=root, capture_output=True, text=True, timeout=500, check=True
    )
    assert done.stdout.splitlines()[-1] == f"states: {LIVED} {KILLED}"


def test_shares_are_of_the_lines_of_a_room_wherever_it_lies() -> None:
    files = {
        "pipeline/routing/a.py": {"summary": {"covered_lines": 9, "num_statements": 10}},
        "elsewhere/pipeline/routing/b.py": {"summary": {"covered_lines": 0, "num_statements": 10}},
        "pipeline/stages/c.py": {"summary": {"covered_lines": 0, "num_statements": 10}},
    }
    assert compute_shares({"files": files}) == {"routing": 45.0}


def test_a_mutant_says_where_it_is() -> None:
    assert list_mutants("m", SOURCE)[2] == Mutant("m", 2, 6, "a < b", "a <= b")
