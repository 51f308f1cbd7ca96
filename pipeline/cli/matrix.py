"""What ``connectivity matrix`` does around the computation: read options, write the result, list notices."""

from __future__ import annotations

from datetime import date as Date  # noqa: N812 (the option is called date)
from pathlib import Path
from typing import Any

import pandas as pd
import typer

from pipeline.base.clock import parse_time_s
from pipeline.base.errors import UsageError
from pipeline.base.io import write_csv
from pipeline.base.notices import Notices
from pipeline.stages.matrix import MatrixQuestion, check_out, compute_matrix, write_matrix
from pipeline.transit.packed import MODES

SHOWN = 3


def run_matrix(
    options: dict[str, Any],
    *,
    date: str,
    time: str,
    percentiles: str,
    direction: str,
    modes: str | None,
    out: Path,
    notices_file: Path | None,
) -> None:
    """Check the options that are texts, compute, write, and say what was doubtful.

    Parameters
    ----------
    options
        Fields of :class:`pipeline.stages.matrix.MatrixQuestion` that need no reading.
    date, time, percentiles, direction, modes
        As typed.
    out
        Result.
    notices_file
        Where to list the notices, if wanted.

    Raises
    ------
    UsageError
        For an option that cannot be understood.
    """
    check_out(out)
    if direction not in {"to", "from"}:
        raise UsageError(f"'{direction}' is no direction.", field="--direction", cure="Use to or from.")
    question = MatrixQuestion(
        **options,
        day=_parse_date(date),
        time_s=_parse_time(time),
        percentiles=_parse_percentiles(percentiles),
        is_return=direction == "from",
        modes=_parse_modes(modes),
    )
    if out.resolve() in {p.resolve() for p in (*question.gtfs, question.osm, question.origins, question.destinations)}:
        raise UsageError("--out would overwrite an input.", file=out, cure="Give the result another name.")
    frame = compute_matrix(question)
    describe_notices(question.notices, notices_file)
    write_matrix(frame, out)
    n_null = frame["travel_time_s"].null_count()
    typer.echo(f"{out}: {frame.height:,} rows, {n_null:,} without a travel time (see their reason)")


def describe_notices(notices: Notices, file: Path | None) -> None:
    """Print what was doubtful to standard error, and list it in a file if wanted.

    Parameters
    ----------
    notices
        The collector.
    file
        A ``.csv``, or None.
    """
    frame = notices.to_frame()
    for code, count in notices.counts().items():
        rows = frame[frame["code"] == code]
        typer.echo(f"notice {code} ({rows['severity'].iloc[0]}): {count:,} x {rows['meaning'].iloc[0]}", err=True)
        for row in rows.head(SHOWN).to_dict("records"):
            place = "" if pd.isna(row["row"]) else f"row {row['row']}"
            text = ", ".join(part for part in (row["file"], place, row["field"], row["value"]) if part)
            typer.echo(f"    {text} {row['detail']}".rstrip(), err=True)
    if file is not None:
        write_csv(frame, file)


def _parse_date(text: str) -> Date:
    try:
        found = Date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.isoformat() != text:
        raise UsageError(f"'{text}' is no date.", field="--date", cure="Write it as 2024-03-05.")
    return found


def _parse_time(text: str) -> int:
    try:
        return parse_time_s(text)
    except ValueError as error:
        raise UsageError(f"{error}.", field="--time", cure="Write it as 07:30.") from None


def _parse_percentiles(text: str) -> tuple[float, ...]:
    try:
        values = tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        values = (-1.0,)
    if any(not 0 <= value <= 100 for value in values):
        raise UsageError(f"'{text}' are no percentiles.", field="--percentiles", cure="Write them as 25,50,75.")
    return values


def _parse_modes(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    modes = tuple(part.strip() for part in text.split(",") if part.strip())
    unknown = [mode for mode in modes if mode not in MODES]
    if unknown or not modes:
        raise UsageError(f"Unknown modes: {', '.join(unknown)}.", field="--modes", cure=f"Modes: {', '.join(MODES)}.")
    return modes
