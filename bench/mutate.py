"""Mutation checks: change the code a little, one change at a time, and see whether the tests notice.

``make mutate`` takes a seeded sample of the changes that are possible in routing, calendars and scores. Kernels run
without compilation. Each change runs in a fork that finds the changed module in place of the one on disk; nothing is
written to the source. ``docs/mutation.md`` says which changes live, and why.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import io
import json
import os
import random
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT_S, SHORTEST_TIMEOUT_S = 120.0, 30.0
"""A fork is taken to hang after four times as long as the tests take without any change, within these bounds."""
HEAVY = (
    "pytest",
    "hypothesis",
    "numpy",
    "pandas",
    "polars",
    "pandera.pandas",
    "geopandas",
    "numba",
    "scipy.sparse",
    "pydantic",
)
WRAP = ("-W", "ignore::RuntimeWarning")
"""Kernels that are not compiled warn of whole numbers that wrap round, as they are meant to."""
KILLED, LIVED, TIMED_OUT = "killed", "lived", "timed out"


@dataclass(frozen=True)
class Room:
    """Modules that are changed, and the tests that ought to notice."""

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]
    share: float


ROOMS = (
    Room(
        "routing",
        (
            "pipeline.routing.window",
            "pipeline.routing.reduce_kernels",
            "pipeline.routing.scan_kernels",
            "pipeline.routing.profile_scan",
        ),
        (
            "tests/unit/test_routing_window.py",
            "tests/unit/test_routing_nearest_walk.py",
            "tests/unit/test_routing_scan_kernels.py",
            "tests/worlds/test_routing_worlds.py",
            "tests/property/test_routing_oracle.py",
            "tests/property/test_routing_slices.py",
        ),
        0.4,
    ),
    Room(
        "slices",
        ("pipeline.routing.slices",),
        ("tests/unit/test_routing_slices.py", "tests/property/test_routing_slices.py"),
        0.25,
    ),
    Room(
        "calendars",
        ("pipeline.timetables.calendars", "pipeline.timetables.term_dates"),
        (
            "tests/unit/test_timetables_calendars.py",
            "tests/unit/test_timetables_term_dates.py",
            "tests/property/test_timetables_calendars.py",
        ),
        0.3,
    ),
    Room(
        "scores",
        (
            "pipeline.scoring.ranked",
            "pipeline.scoring.absolute",
            "pipeline.scoring.scores",
            "pipeline.scoring.indicators",
        ),
        (
            "tests/unit/test_scoring_ranked.py",
            "tests/unit/test_scoring_scores.py",
            "tests/unit/test_scoring_tables.py",
            "tests/property/test_scoring_laws.py",
        ),
        0.3,
    ),
)
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
NAMES = {"min": "max", "max": "min", "max_horizontal": "min_horizontal", "min_horizontal": "max_horizontal"}


@dataclass(frozen=True)
class Mutant:
    """One change: the n-th place of a module that can be changed, and how it reads before and after."""

    module: str
    number: int
    line: int
    before: str
    after: str


class _Changer(ast.NodeTransformer):
    """Visit the places that can be changed, in order; change the one wanted."""

    def __init__(self, wanted: int | None = None) -> None:
        self.wanted = wanted
        self.found: list[tuple[int, str, str]] = []

    def _offer(self, node: ast.AST, changed: ast.AST) -> ast.AST:
        number = len(self.found)
        ast.copy_location(changed, node)
        self.found.append(
            (getattr(node, "lineno", 0), ast.unparse(node), ast.unparse(ast.fix_missing_locations(changed)))
        )
        return changed if number == self.wanted else node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        kind = COMPARISONS.get(type(node.ops[0]))
        if kind is None:
            return node
        return self._offer(node, ast.Compare(node.left, [kind(), *node.ops[1:]], node.comparators))

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        kind = ARITHMETIC.get(type(node.op))
        is_text = any(isinstance(part, ast.JoinedStr) for part in (node.left, node.right))
        return node if kind is None or is_text else self._offer(node, ast.BinOp(node.left, kind(), node.right))

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        kind = ast.Or if isinstance(node.op, ast.And) else ast.And
        return self._offer(node, ast.BoolOp(kind(), node.values))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return self._offer(node, node.operand) if isinstance(node.op, (ast.Not, ast.Invert)) else node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, bool):
            return self._offer(node, ast.Constant(not node.value))
        if isinstance(node.value, (int, float)):
            return self._offer(node, ast.Constant(node.value + 1))
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        other = NAMES.get(node.id)
        return node if other is None else self._offer(node, ast.Name(other, node.ctx))

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        other = NAMES.get(node.attr)
        return node if other is None else self._offer(node, ast.Attribute(node.value, other, node.ctx))

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.args.defaults = [self.visit(value) for value in node.args.defaults]
        node.args.kw_defaults = [None if value is None else self.visit(value) for value in node.args.kw_defaults]
        node.body = [self.visit(statement) for statement in node.body]
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return node
        self.generic_visit(node)
        return node


def find_source(module: str) -> Path:
    """Return the file of a module, without importing it.

    Parameters
    ----------
    module
        Dotted name.

    Returns
    -------
    pathlib.Path
        The file.
    """
    return ROOT / (module.replace(".", "/") + ".py")


def list_mutants(module: str, source: str | None = None) -> list[Mutant]:
    """List every change that is possible in a module.

    Parameters
    ----------
    module
        Dotted name.
    source
        Its text; read from its file if absent.

    Returns
    -------
    list of Mutant
        In the order of the text.
    """
    changer = _Changer()
    changer.visit(ast.parse(find_source(module).read_text(encoding="utf-8") if source is None else source))
    return [Mutant(module, n, *about) for n, about in enumerate(changer.found)]


def build_mutated_tree(mutant: Mutant, source: str | None = None) -> ast.Module:
    """Return the syntax tree of a module with one change.

    Parameters
    ----------
    mutant
        The change.
    source
        The module's text; read from its file if absent.

    Returns
    -------
    ast.Module
        The changed module.
    """
    text = find_source(mutant.module).read_text(encoding="utf-8") if source is None else source
    tree: ast.Module = _Changer(mutant.number).visit(ast.parse(text))
    return ast.fix_missing_locations(tree)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Serve one module in its changed form."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.mutant.module:
            return None
        return importlib.util.spec_from_loader(fullname, self, origin=str(find_source(fullname)), is_package=False)

    def get_source(self, fullname: str) -> str:
        return ast.unparse(build_mutated_tree(self.mutant))


def check_mutant(mutant: Mutant | None, tests: Sequence[str], *, timeout_s: float = TIMEOUT_S) -> str:
    """Run tests against one change, in a fork.

    Parameters
    ----------
    mutant
        The change; None: no change, to see that the tests pass.
    tests
        Files of tests, in the order of what they are likely to notice.
    timeout_s
        After how long a fork is taken to hang.

    Returns
    -------
    str
        ``killed``, ``lived`` or ``timed out``.
    """
    child = os.fork()
    if child == 0:
        os._exit(_run_tests(mutant, tests))
    deadline = time.monotonic() + timeout_s
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return LIVED if status == 0 else KILLED
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return TIMED_OUT
        time.sleep(0.02)


def _run_tests(mutant: Mutant | None, tests: Sequence[str]) -> int:
    import pytest  # noqa: PLC0415

    if mutant is not None:
        sys.meta_path.insert(0, _Finder(mutant))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        options = [
            "-x",
            "-q",
            "--no-header",
            "-p",
            "no:cacheprovider",
            "-W",
            "ignore::pytest.PytestAssertRewriteWarning",
            *WRAP,
        ]
        return int(pytest.main([*options, *tests]))


def choose_sample(n: int, seed: int) -> Iterator[tuple[Room, Mutant]]:
    """Draw changes of every room, as many as its share; other rooms do not alter what is drawn.

    Parameters
    ----------
    n
        How many; shares are of this number, and together a little more than it.
    seed
        Of the random numbers.

    Yields
    ------
    Room, Mutant
        Room by room, in the order of the text.
    """
    for room in ROOMS:
        every = [mutant for module in room.modules for mutant in list_mutants(module)]
        drawn = random.Random(seed).sample(range(len(every)), min(len(every), round(n * room.share)))  # noqa: S311
        yield from ((room, every[index]) for index in sorted(drawn))


def _read_known(out: Path | None) -> dict[tuple[str, int], str]:
    """Read what an earlier run, stopped before its end, found."""
    if out is None or not out.is_file():
        return {}
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    return {(row["module"], row["number"]): row["state"] for row in rows}


def main() -> None:
    """Read options, run, print the changes that live."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=160, help="how many changes, of which each room has its share")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--room", choices=[room.name for room in ROOMS], help="only this room")
    parser.add_argument("--only", nargs=2, metavar=("MODULE", "NUMBER"), help="only this change")
    parser.add_argument("--out", type=Path, help="note what became of every change, as JSON lines; go on from there")
    given = parser.parse_args()
    started = time.monotonic()
    os.environ |= {"NUMBA_DISABLE_JIT": "1", "CONNECTIVITY_EXAMPLES": "mutation"}
    os.chdir(ROOT)
    for heavy in HEAVY:
        importlib.import_module(heavy)
    rooms = [room for room in ROOMS if given.room in {None, room.name}]
    timeout_s = {}
    for room in rooms:
        began = time.monotonic()
        if check_mutant(None, room.tests, timeout_s=20 * TIMEOUT_S) != LIVED:
            sys.exit(f"The tests of {room.name} fail without any change.")
        took_s = time.monotonic() - began
        print(f"{room.name}: {took_s:.1f} s without any change", flush=True)
        timeout_s[room.name] = min(TIMEOUT_S, max(SHORTEST_TIMEOUT_S, 4 * took_s))
    known = _read_known(given.out)
    found = []
    for room, mutant in choose_sample(given.sample, given.seed):
        if room not in rooms or (given.only and (mutant.module, str(mutant.number)) != tuple(given.only)):
            continue
        state = known.get((mutant.module, mutant.number)) or check_mutant(
            mutant, room.tests, timeout_s=timeout_s[room.name]
        )
        found.append(state)
        if given.out and (mutant.module, mutant.number) not in known:
            with given.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"room": room.name, "state": state, **asdict(mutant)}) + "\n")
        if state == LIVED:
            print(
                f"{state}: {mutant.module} {mutant.number}, line {mutant.line}: {mutant.before} -> {mutant.after}",
                flush=True,
            )
    counts = ", ".join(f"{found.count(state)} {state}" for state in (KILLED, TIMED_OUT, LIVED))
    print(f"{len(found)} changes: {counts}, in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
