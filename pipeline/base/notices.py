"""Data problems as notices: a code, where it was seen, how often, and the cure.

System problems are exceptions; doubtful data is a notice. Counts are complete, examples are
capped. In strict mode a warning is raised as an error.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

from pipeline.base.errors import InputError

Severity = Literal["info", "warning", "error"]
MAX_EXAMPLES = 1000
FURTHER = "further cases, not listed"
COLUMNS = ["code", "severity", "file", "row", "field", "value", "count", "detail", "meaning", "cure"]


@dataclass(frozen=True)
class NoticeCode:
    """A kind of notice: its code, severity, meaning and cure, and what stood where it was seen."""

    code: str
    severity: Severity
    meaning: str
    cure: str
    example: str = ""


SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


def describe_severities(counts: dict[str, int]) -> str:
    """Put numbers of notices into words.

    Parameters
    ----------
    counts
        Severity to number.

    Returns
    -------
    str
        Such as ``2 warnings, 1,204 notes``; empty if there are none.
    """
    words = {"error": "error", "warning": "warning", "info": "note"}
    parts = [(counts.get(severity, 0), words[severity]) for severity in SEVERITIES]
    return ", ".join(f"{count:,} {word}{'s' if count != 1 else ''}" for count, word in parts if count)


_DECLARED: dict[str, NoticeCode] = {}


def declare_notice(code: str, severity: Severity, meaning: str, cure: str, *, example: str = "") -> NoticeCode:
    """Declare a kind of notice; call it at module level of the room that raises it.

    Parameters
    ----------
    code
        Unique name in lower case with underscores.
    severity
        ``info``, ``warning`` or ``error``.
    meaning
        One sentence a non-programmer understands.
    cure
        What can be done about it.
    example
        Where it was seen and what stood there, such as ``stops.txt, row 2, stop_lat: 91``, for the generated list.

    Returns
    -------
    NoticeCode
        To be handed to :meth:`Notices.add`.

    Raises
    ------
    ValueError
        If the code was declared with another text before.
    """
    notice = NoticeCode(code, severity, meaning, cure, example)
    if _DECLARED.setdefault(code, notice) != notice:
        raise ValueError(f"notice {code} is declared twice with different texts")
    return notice


def get_declared_notices() -> list[NoticeCode]:
    """Return all kinds of notice declared by the modules imported so far, sorted by code."""
    return [_DECLARED[code] for code in sorted(_DECLARED)]


@dataclass(frozen=True)
class Example:
    """One place where a notice was seen; ``count`` is how many rows this example stands for."""

    code: NoticeCode
    file: str
    row: int | None
    field: str
    value: str
    count: int
    detail: str


class Notices:
    """Collects notices: complete counts, at most ``MAX_EXAMPLES`` examples for each code.

    Parameters
    ----------
    strict
        Raise :class:`InputError` for every warning or error.
    """

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self._counts: Counter[str] = Counter()
        self._kept: Counter[str] = Counter()
        self._examples: list[Example] = []

    def add(
        self,
        code: NoticeCode,
        *,
        file: str | Path = "",
        row: int | None = None,
        field: str = "",
        value: object = "",
        count: int = 1,
        detail: str = "",
    ) -> None:
        """Note one place (or ``count`` of them together).

        Parameters
        ----------
        code
            From :func:`declare_notice`.
        file, row, field, value
            Where it was seen, and what stood there.
        count
            How many rows this note stands for.
        detail
            A sentence particular to this place.

        Raises
        ------
        InputError
            In strict mode, unless the severity is ``info``.
        """
        if self.strict and code.severity != "info":
            raise InputError(
                f"{code.code}: {detail or code.meaning}",
                file=str(file) or None,
                row=row,
                field=field or None,
                cure=code.cure,
            )
        self._counts[code.code] += count
        if self._kept[code.code] < MAX_EXAMPLES:
            self._kept[code.code] += 1
            self._examples.append(
                Example(
                    code,
                    Path(file).name if file else "",
                    None if row is None else int(row),
                    field,
                    "" if value is None else str(value)[:200],
                    int(count),
                    detail,
                )
            )

    def extend(self, other: Notices) -> None:
        """Take over everything another collector noted.

        Parameters
        ----------
        other
            The collector to read; it is left as it is.
        """
        self._counts.update(other._counts)
        for example in other._examples:
            if self._kept[example.code.code] < MAX_EXAMPLES:
                self._kept[example.code.code] += 1
                self._examples.append(example)

    def counts(self) -> dict[str, int]:
        """Return how often each code was noted, sorted by code."""
        return {code: self._counts[code] for code in sorted(self._counts)}

    def describe(self) -> str:
        """Say how many there are of each severity.

        Returns
        -------
        str
            Such as ``2 warnings, 1,204 notes``; empty if there are none.
        """
        return describe_severities(self.counts_by_severity())

    def counts_by_severity(self) -> dict[str, int]:
        """Return how often each severity was noted, the worst first."""
        found: Counter[str] = Counter()
        for code, count in self._counts.items():
            found[_DECLARED[code].severity] += count
        return {severity: found[severity] for severity in SEVERITIES if found[severity]}

    def to_frame(self) -> pd.DataFrame:
        """Return the examples as a table.

        Returns
        -------
        pandas.DataFrame
            Columns ``code severity file row field value count detail meaning cure``, sorted by code, file and
            row. Where examples were capped, a last row of that code carries the remaining count.
        """
        import pandas as pd  # noqa: PLC0415 (keeps commands that make no table quick)

        rows = [
            (
                e.code.code,
                e.code.severity,
                e.file,
                e.row,
                e.field,
                e.value,
                e.count,
                e.detail,
                e.code.meaning,
                e.code.cure,
            )
            for e in self._examples
        ]
        shown: Counter[str] = Counter()
        for example in self._examples:
            shown[example.code.code] += example.count
        for code, total in self._counts.items():
            if total > shown[code]:
                declared = _DECLARED[code]
                rest = total - shown[code]
                rows.append(
                    (
                        code,
                        declared.severity,
                        "",
                        None,
                        "",
                        "",
                        rest,
                        FURTHER,
                        declared.meaning,
                        declared.cure,
                    )
                )
        frame = pd.DataFrame(rows, columns=COLUMNS)
        frame["row"] = frame["row"].astype("Int64")
        frame["count"] = frame["count"].astype("int64")
        for column in ("code", "severity", "file", "field", "value", "detail", "meaning", "cure"):
            frame[column] = frame[column].astype("str")
        frame = frame.assign(is_rest=frame["detail"] == FURTHER)
        order = ["code", "is_rest", "file", "row", "field", "value", "detail"]
        return frame.sort_values(order, kind="stable", ignore_index=True).drop(columns="is_rest")
