"""Generated document: every command of the command line with its arguments and options."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo, OptionInfo

from pipeline.base import errors
from pipeline.base.load import ROOT
from pipeline.cli.examples import EXAMPLES, fold_example
from pipeline.cli.reference_words import ARGUMENTS, FOR_MAKE, VARIABLES

_TYPES = {str: "text", int: "whole number", float: "number", bool: "flag", Path: "file"}


@dataclass(frozen=True)
class Parameter:
    """One argument or option: how it is written, what it takes, its default and meaning."""

    name: str
    kind: str
    default: str
    meaning: str
    is_option: bool


@dataclass(frozen=True)
class CommandPage:
    """One command: its name as typed after ``connectivity``, what it does, and its parameters."""

    name: str
    summary: str
    parameters: tuple[Parameter, ...]


def list_commands(app: typer.Typer, prefix: str = "") -> Iterator[CommandPage]:
    """List the commands of an application, those of its groups included.

    Parameters
    ----------
    app
        As typer holds it.
    prefix
        What stands before the name of each, such as ``config``.

    Yields
    ------
    CommandPage
        In the order in which they were declared.
    """
    for command in app.registered_commands:
        call = command.callback
        if call is None or command.hidden:
            continue
        name = command.name or call.__name__.replace("_", "-")
        summary = inspect.getdoc(call) or ""
        yield CommandPage(f"{prefix}{name}", " ".join(summary.split()), tuple(_list_parameters(call)))
    for group in app.registered_groups:
        if group.typer_instance is not None and not group.hidden:
            yield from list_commands(group.typer_instance, f"{prefix}{group.name} ")


def _list_parameters(call: Callable[..., Any]) -> Iterator[Parameter]:
    hints = get_type_hints(call, include_extras=True)
    for name, parameter in inspect.signature(call).parameters.items():
        info: OptionInfo | ArgumentInfo | None = None
        kind = hints[name]
        if get_origin(kind) is Annotated:
            kind, *marks = get_args(kind)
            info = next((mark for mark in marks if isinstance(mark, OptionInfo | ArgumentInfo)), None)
        is_option = isinstance(info, OptionInfo) or (info is None and parameter.default is not inspect.Parameter.empty)
        shown = ", ".join(_name_option(name, kind, info)) if is_option else name.upper()
        if kind is typer.Context or (info is not None and info.hidden):
            continue
        meaning = (info.help if info is not None else None) or ARGUMENTS.get(shown if is_option else name, "")
        yield Parameter(shown, _describe_kind(kind, info), _describe_default(parameter, kind), meaning, is_option)


def _name_option(name: str, kind: Any, info: OptionInfo | ArgumentInfo | None) -> list[str]:
    given = () if info is None else (info.default, *(info.param_decls or ()))  # in Annotated the first is a name
    declared = [part for text in given if isinstance(text, str) and text.startswith("-") for part in text.split("/")]
    words = name.replace("_", "-")
    return declared or ([f"--{words}", f"--no-{words}"] if kind is bool else [f"--{words}"])


def _describe_kind(kind: Any, info: OptionInfo | ArgumentInfo | None) -> str:
    if get_origin(kind) in (Union, types.UnionType):
        kind = next(part for part in get_args(kind) if part is not type(None))
    is_list = get_origin(kind) is list
    if is_list:
        kind = get_args(kind)[0]
    if get_origin(kind) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(kind))
    text = _TYPES.get(kind, getattr(kind, "__name__", str(kind)))
    low, high = getattr(info, "min", None), getattr(info, "max", None)
    if low is not None or high is not None:
        text += f", {'' if low is None else format(low, 'g')} to {'any' if high is None else format(high, 'g')}"
    return f"{text}, several times" if is_list else text


def _describe_default(parameter: inspect.Parameter, kind: Any) -> str:
    if parameter.default is inspect.Parameter.empty:
        return "**required**"
    if kind is bool:
        return "on" if parameter.default else "off"
    return "" if parameter.default in (None, "") else f"`{parameter.default}`"


def list_exit_codes() -> dict[int, list[str]]:
    """List the exit codes of the errors, each with what they say.

    Returns
    -------
    dict
        Code to the first lines of what its error classes say of themselves.
    """
    found: dict[int, list[str]] = {}
    for item in vars(errors).values():
        if isinstance(item, type) and issubclass(item, errors.PipelineError) and item is not errors.PipelineError:
            text = (inspect.getdoc(item) or "").splitlines()[0]
            found.setdefault(item.exit_code, []).append(text)
    return dict(sorted(found.items()))


def build_command_reference() -> str:
    """Return the page of all commands as Markdown, made from the code that parses them.

    Returns
    -------
    str
        One section a command.
    """
    from pipeline.cli.main import app  # noqa: PLC0415 (main imports this module's callers)

    lines = [
        "# Command line",
        "",
        "Generated from the code by `make docs`. `.venv/bin/connectivity` is `.venv/bin/python -m pipeline`; every",
        "target of make calls it. `connectivity --version` prints the version; `--install-completion` makes the shell",
        "complete commands and options.",
        "",
        "## Exit codes",
        "",
        "| code | meaning |",
        "|---|---|",
        "| 0 | done |",
        *(f"| {code} | {' '.join(texts)} |" for code, texts in list_exit_codes().items()),
    ]
    pages = list(list_commands(app))
    for page in (page for page in pages if page.name not in FOR_MAKE):
        lines += ["", *_describe_command(page)]
    lines += _describe_make((ROOT / "Makefile").read_text(encoding="utf-8"))
    lines += ["", "## Called by make", "", "Nobody needs to type these."]
    for page in (page for page in pages if page.name in FOR_MAKE):
        lines += ["", *_describe_command(page, level=3)]
    return "\n".join(lines) + "\n"


def _describe_make(makefile: str) -> list[str]:
    """List the targets that have a text, and the variables with their defaults."""
    targets = re.findall(r"^([a-z-]+):[^#\n]*## (.*)$", makefile, re.MULTILINE)
    defaults = dict(re.findall(r"^([A-Z_]+) \?= *(.*)$", makefile, re.MULTILINE))
    return [
        "",
        "## make",
        "",
        "`make TARGET AREA=my_area`: what depends on one another is brought up to date, and nothing else. `make` ends",
        "with 2 whenever a stage fails; the stage's own message and exit code stand above.",
        "",
        "| target | does |",
        "|---|---|",
        *(f"| `{name}` | {text} |" for name, text in targets),
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
        *(f"| `{n}` | {f'`{defaults[n]}`' if defaults.get(n) else ''} | {text} |" for n, text in VARIABLES.items()),
    ]


def _describe_command(page: CommandPage, *, level: int = 2) -> list[str]:
    arguments = [p.name if "required" in p.default else f"[{p.name}]" for p in page.parameters if not p.is_option]
    has_options = any(p.is_option for p in page.parameters)
    usage = " ".join(["connectivity", page.name, *arguments, *(["[OPTIONS]"] if has_options else [])])
    lines = [f"{'#' * level} {page.name}", "", page.summary, ""]
    if page.name in EXAMPLES:
        lines += ["```sh", *fold_example(page.name, width=118), "```", ""]
    lines += ["```text", usage, "```"]
    if page.parameters:
        lines += ["", "| argument or option | takes | default | meaning |", "|---|---|---|---|"]
    for p in page.parameters:
        cells = (f"`{p.name}`", p.kind, p.default, p.meaning)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return lines
