"""Every error that the program can make, found in its source, names what, where and the cure."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pipeline
from pipeline.base import errors
from pipeline.base.errors import PipelineError

PACKAGE = Path(pipeline.__file__).parent
KINDS = {
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, PipelineError) and value is not PipelineError
} | {"PipelineError"}
PLACES = {"file", "row", "field"}
WITHOUT_PLACE = {
    "pipeline/cli/failures.py": "memory is a matter of the machine, not of a file",
}
"""Where errors about inputs name no file, row or field, and why."""


class Made(NamedTuple):
    """A place in the source where an error is made."""

    where: str
    kind: str
    call: ast.Call

    @property
    def keywords(self) -> dict[str | None, ast.expr]:
        return {keyword.arg: keyword.value for keyword in self.call.keywords}


def name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


@cache
def parse_all() -> dict[str, ast.Module]:
    return {
        path.relative_to(PACKAGE.parent).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(PACKAGE.rglob("*.py"))
    }


@cache
def find_made() -> list[Made]:
    """Every call of an error's class, by its name or through its module, raised there or handed on."""
    return [
        Made(f"{file}:{node.lineno}", name_of(node.func), node)
        for file, tree in parse_all().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and name_of(node.func) in KINDS
    ]


def is_blank(node: ast.expr | None) -> bool:
    """Say whether a text is missing, or written out and empty."""
    return node is None or (isinstance(node, ast.Constant) and not str(node.value or "").strip())


def list_texts(node: ast.expr) -> str:
    """All that is written out of a text: constants, and the constant parts of formatted ones."""
    return "".join(n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str))


def test_there_are_errors_of_every_kind_to_look_at():
    made = find_made()
    assert len(made) > 300
    assert {error.kind for error in made} == KINDS


def test_every_error_says_what_happened():
    assert [e.where for e in find_made() if not e.call.args or is_blank(e.call.args[0])] == []


def test_every_error_has_a_cure():
    assert [e.where for e in find_made() if is_blank(e.keywords.get("cure"))] == []


def test_no_error_hands_its_parts_on_unseen():
    """``InputError(text, **about)`` could lack a cure without anybody noticing."""
    assert [e.where for e in find_made() if None in e.keywords] == []


def test_a_cure_that_is_written_out_is_more_than_a_word():
    cures = {e.where: e.keywords["cure"] for e in find_made()}
    short = [w for w, cure in cures.items() if isinstance(cure, ast.Constant) and len(str(cure.value)) < 10]
    assert short == []


def test_every_error_about_inputs_and_settings_names_a_place():
    placeless = [
        e.where
        for e in find_made()
        if e.kind in {"InputError", "ConfigError"}
        and not PLACES & set(e.keywords)
        and e.where.split(":")[0] not in WITHOUT_PLACE
    ]
    assert placeless == []


def test_errors_are_derived_in_one_place_alone():
    """A class of its own elsewhere would escape the checks above."""
    derived = [
        f"{file}:{node.name}"
        for file, tree in parse_all().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and KINDS & {name_of(base) for base in node.bases}
    ]
    assert {place.split(":")[0] for place in derived} == {"pipeline/base/errors.py"}


def test_no_error_is_made_from_a_class_that_is_only_known_at_run_time():
    """``type(error)(...)`` or ``kind(...)`` behind ``raise`` must be a function of this project, not a hidden class."""
    hidden = []
    for file, tree in parse_all().items():
        for node in ast.walk(tree):
            is_call = isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
            if is_call and not isinstance(node.exc.func, ast.Name | ast.Attribute):
                hidden.append(f"{file}:{node.lineno}")
    assert hidden == []


def test_no_exception_is_swallowed_silently():
    """``except ...: pass`` hides what went wrong."""
    silent = [
        f"{file}:{node.lineno}"
        for file, tree in parse_all().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and all(isinstance(line, ast.Pass) for line in node.body)
    ]
    assert silent == []


def test_messages_of_errors_are_written_without_stray_braces():
    """A forgotten ``f`` before a text would show ``{name}`` to people."""
    stray = []
    for error in find_made():
        for node in [*error.call.args, *error.keywords.values()]:
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and re.search(r"\{[a-z_.]+(\}|[:!][^ ])", node.value)
            ):
                stray.append(error.where)
    assert stray == []
    assert list_texts(ast.parse("f'a {x} b'", mode="eval").body) == "a  b"
