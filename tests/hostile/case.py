"""What a case is: one defect, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

Build = Callable[[Path], object]


@dataclass(frozen=True)
class Rejected:
    """Refused with one message that names the place and a cure."""

    words: str
    row: int | None = None
    field: str = ""
    code: int = 4


@dataclass(frozen=True)
class Noted:
    """Read, with a notice at that row; exit code 4 where nothing usable is left beside the defect."""

    notice: str
    row: int | None = None
    code: int = 0


@dataclass(frozen=True)
class Same:
    """Read as if the defect were not there."""


@dataclass(frozen=True)
class Case:
    """One input with one defect.

    Attributes
    ----------
    build
        Writes the input into a folder.
    file
        The input, below that folder; it must be named in a refusal.
    named
        What a refusal must name instead.
    """

    name: str
    build: Build
    expected: Rejected | Noted | Same
    file: str
    kind: str
    named: str = ""
    arguments: tuple[str, ...] = field(default=())
