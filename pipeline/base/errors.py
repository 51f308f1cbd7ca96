"""Errors that say what went wrong, where, and the cure.

Each class carries the exit code of the command line (see the design's contracts): 2 usage,
3 configuration, 4 input data, 5 network, 6 a quality gate held the run.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pipeline.base.cells import make_printable


class PipelineError(Exception):
    """A problem that a person can act on.

    Parameters
    ----------
    what
        What went wrong, in one sentence.
    file
        The file concerned.
    row
        1-based line of that file, counting its header as row 1 (as a spreadsheet shows it).
    field
        Column, key or tag concerned.
    cure
        What the person can do about it.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        what: str,
        *,
        file: str | Path | None = None,
        row: int | None = None,
        field: str | None = None,
        cure: str | None = None,
    ) -> None:
        self.what = what
        self.file = None if file is None else str(file)
        self.row = row
        self.field = field
        self.cure = cure
        super().__init__(self.describe())

    def describe(self) -> str:
        """Return the message as shown at the terminal.

        Returns
        -------
        str
            Up to three lines: what, where and the cure; control characters are shown, not sent.
        """
        where = [
            part
            for part in (
                self.file,
                None if self.row is None else f"row {self.row}",
                None if self.field is None else f"field {self.field}",
            )
            if part
        ]
        lines = [make_printable(self.what, keep="\n")]
        if where:
            lines.append("  where: " + make_printable(", ".join(where)))
        if self.cure:
            lines.append("  cure:  " + make_printable(self.cure))
        return "\n".join(lines)


class UsageError(PipelineError):
    """The command was called in a way that it does not understand."""

    exit_code = 2


class ConfigError(PipelineError):
    """A setting is unknown, missing or out of range."""

    exit_code = 3


class InputError(PipelineError):
    """An input file is missing, broken or unusable."""

    exit_code = 4


class FetchError(PipelineError):
    """Something could not be fetched over the network."""

    exit_code = 5


class ClusterError(PipelineError):
    """A cluster cannot be reached, was lost, or is not fit for the work."""

    exit_code = 5


class GateError(PipelineError):
    """A quality gate held the run."""

    exit_code = 6


class StoppedError(PipelineError):
    """Somebody pressed Ctrl-C; the message says what is kept and how to go on."""

    exit_code = 130


class AreaBusyError(GateError):
    """Another run is at work on the same area."""


class RoomError(GateError):
    """A run would not fit into the memory or onto the disk."""


class DiskError(PipelineError):
    """The disk does not take what was to be written."""

    exit_code = 4
