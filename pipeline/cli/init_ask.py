"""Questions of ``connectivity config init``: to a person at a terminal, or to nobody."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import typer

from pipeline.base.cells import make_printable
from pipeline.base.errors import UsageError

T = TypeVar("T", str, Path)


def _listen_to_ctrl_c() -> None:
    """Let Ctrl-C end a question at once.

    Polars puts a handler of its own before Python's, with which the system goes on waiting for a line after Ctrl-C.
    """
    signal.signal(signal.SIGINT, signal.getsignal(signal.SIGINT))


@dataclass(frozen=True)
class Asker:
    """Asks, or takes what is clear and refuses what is not.

    Attributes
    ----------
    is_interactive
        Whether somebody is there to answer.
    """

    is_interactive: bool

    def ask(self, question: str, default: str) -> str:
        """Return an answer; the default where nobody is there or Enter is pressed."""
        if not self.is_interactive:
            return default
        _listen_to_ctrl_c()
        return str(typer.prompt(make_printable(question), default=default)).strip()

    def confirm(self, question: str, *, default: bool = True) -> bool:
        """Return yes or no; the default where nobody is there."""
        if not self.is_interactive:
            return default
        _listen_to_ctrl_c()
        return typer.confirm(make_printable(question), default=default)

    def pick(self, what: str, choices: Sequence[T], option: str, *, cure: str = "") -> T:
        """Return the only choice, or the one that a person picks.

        Parameters
        ----------
        what
            What is to be chosen, for the question.
        choices
            In order.
        option
            The option that decides it.
        cure
            What else helps where there is none.

        Returns
        -------
        str or Path
            One of the choices.

        Raises
        ------
        UsageError
            If there is none, or several and nobody to ask.
        """
        if not choices:
            raise UsageError(
                f"Nothing was found for {what}.",
                field=option,
                cure=f"Name it with {option} FILE.{f' {cure}' if cure else ''}",
            )
        if len(choices) == 1:
            return choices[0]
        if not self.is_interactive:
            shown = ", ".join(str(choice) for choice in choices[:6]) + (", ..." if len(choices) > 6 else "")
            raise UsageError(
                f"It cannot be decided which of {len(choices)} is {what}: {shown}.",
                field=option,
                cure=f"Say which with {option}.",
            )
        _listen_to_ctrl_c()
        typer.echo(f"Several could be {what}:")
        for position, choice in enumerate(choices, 1):
            typer.echo(make_printable(f"  {position}  {choice}"))
        number: int = typer.prompt("Which one", default=1, type=int)
        while not 1 <= number <= len(choices):
            number = typer.prompt(f"A number from 1 to {len(choices)}", default=1, type=int)
        return choices[number - 1]
