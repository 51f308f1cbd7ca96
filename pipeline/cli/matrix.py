"""What ``connectivity matrix`` does around the computation: read options, write the result, list notices."""

from __future__ import annotations

from datetime import date as Date  # noqa: N812 (the option is called date)
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import typer

from pipeline.base.cells import make_printable
from pipeline.base.clock import parse_time_s
from pipeline.base.errors import UsageError
from pipeline.base.io import write_csv
from pipeline.base.manifest import SHARDS
from pipeline.base.notices import Notices
from pipeline.routing.decay import DECAYS, Decay
from pipeline.stages.matrix import check_out, compute_matrix, write_matrix
from pipeline.stages.matrix_question import MatrixQuestion
from pipeline.stages.matrix_shards import Asker
from pipeline.stages.means import build_means
from pipeline.transit.packed import MODES

SHOWN = 3
WAYS = ("public_transport", "car")
WALK = "walk"


def run_matrix(
    options: dict[str, Any],
    *,
    mode: str,
    date: str | None,
    time: str | None,
    arrive_by: str | None,
    cumulative: str | None,
    decay: str,
    percentiles: str,
    direction: str,
    modes: str | None,
    without_modes: str | None,
    out: Path,
    notices_file: Path | None,
    coordinates: tuple[str, ...] = (),
    cluster: str | None = None,
    workers: int | None = None,
) -> None:
    """Check the options that are texts, compute, write, and say what was doubtful.

    Parameters
    ----------
    options
        Fields of :class:`pipeline.stages.matrix.MatrixQuestion` that need no reading.
    mode, date, time, arrive_by, cumulative, decay, percentiles, direction, modes, without_modes
        As typed.
    out
        Result.
    notices_file
        Where to list the notices, if wanted.
    coordinates
        Pairs of column names, as typed.
    cluster, workers
        With what large questions are answered.

    Raises
    ------
    UsageError
        For an option that cannot be understood.
    """
    check_out(out)
    if direction not in {"to", "from"}:
        raise UsageError(f"'{direction}' is no direction.", field="--direction", cure="Use to or from.")
    if mode not in WAYS:
        raise UsageError(f"There is no mode '{mode}'.", field="--mode", cure=f"Use one of: {', '.join(WAYS)}.")
    is_car = mode == "car"
    if is_car:
        _refuse_means(cluster, workers)
    else:
        _require_timetable(options["gtfs"], date)
    question = MatrixQuestion(
        **options,
        day=None if date is None else parse_day(date, "--date"),
        time_s=0 if is_car and time is None and arrive_by is None else _choose_time(time, arrive_by),
        is_car=is_car,
        is_arrive_by=arrive_by is not None,
        limits_min=_parse_limits(cumulative),
        decay=_parse_decay(decay),
        percentiles=_parse_percentiles(percentiles),
        is_return=direction == "from",
        modes=_choose_modes(modes, without_modes),
        coordinate_columns=tuple(_parse_pair(text) for text in coordinates),
    )
    if out.resolve() in {p.resolve() for p in (*question.gtfs, question.osm, question.origins, question.destinations)}:
        raise UsageError("--out would overwrite an input.", file=out, cure="Give the result another name.")
    asker = Asker(build_means(cluster, workers), out.with_name(f".{out.name}.{SHARDS}"))
    frame = compute_matrix(question, asker=asker)
    describe_notices(question.notices, notices_file)
    write_matrix(frame, out)
    asker.remove()
    n_null = frame.height - frame["reason"].null_count()
    what = "value" if question.limits_min else "travel time"
    typer.echo(f"{out}: {frame.height:,} rows, {n_null:,} without a {what} (see their reason)")


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
            typer.echo(make_printable(f"    {text} {row['detail']}".rstrip()), err=True)
    if file is not None:
        write_csv(frame, file)


def _require_timetable(gtfs: list[Path], date: str | None) -> None:
    for field, is_there, cure in (
        ("--gtfs", bool(gtfs), "Give --gtfs FILE for each timetable; only --mode car needs none."),
        ("--date", date is not None, "Give --date 2024-03-05; only --mode car needs none."),
    ):
        if not is_there:
            raise UsageError(f"{field} is needed for public transport.", field=field, cure=cure)


def _refuse_means(cluster: str | None, workers: int | None) -> None:
    for field, value in (("--cluster", cluster), ("--workers", workers)):
        if value is not None:
            raise UsageError("Car times are not shared out.", field=field, cure=f"Leave {field} out.")


def parse_day(text: str, field: str) -> Date:
    """Read a date given as an option.

    Parameters
    ----------
    text
        YYYY-MM-DD.
    field
        Name of the option, for the message.

    Returns
    -------
    datetime.date
        The day.

    Raises
    ------
    UsageError
        If it is no date.
    """
    try:
        found = Date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.isoformat() != text:
        raise UsageError(f"'{text}' is no date.", field=field, cure="Write it as 2024-03-05.")
    return found


def _choose_time(time: str | None, arrive_by: str | None) -> int:
    if (time is None) == (arrive_by is None):
        raise UsageError(
            "A departure or a deadline is needed, and not both.",
            field="--time",
            cure="Give --time 07:30 to leave then, or --arrive-by 09:00 to be there by then.",
        )
    text, field = (time, "--time") if time is not None else (arrive_by, "--arrive-by")
    try:
        return parse_time_s(str(text))
    except ValueError as error:
        raise UsageError(f"{error}.", field=field, cure="Write it as 07:30.") from None


def _parse_limits(text: str | None) -> tuple[int, ...]:
    if text is None:
        return ()
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isascii() and part.isdigit() and int(part) > 0 for part in parts):
        raise UsageError(f"'{text}' are no limits in minutes.", field="--cumulative", cure="Write them as 15,30,45,60.")
    return tuple(int(part) for part in parts)


def _parse_decay(text: str) -> Decay:
    for name in get_args(Decay):
        if text == name:
            found: Decay = name
            return found
    raise UsageError(f"There is no decay '{text}'.", field="--decay", cure=f"Decays: {', '.join(DECAYS)}.")


def _parse_pair(text: str) -> tuple[str, str]:
    x, sign, y = (part.strip() for part in text.partition(","))
    if not (x and sign and y) or "," in y:
        raise UsageError(
            f"'{text}' are no two columns.", field="--coordinates", cure="Write them as --coordinates X,Y."
        )
    return x, y


def _parse_percentiles(text: str) -> tuple[float, ...]:
    try:
        values = tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        values = (-1.0,)
    if any(not 0 <= value <= 100 for value in values):
        raise UsageError(f"'{text}' are no percentiles.", field="--percentiles", cure="Write them as 25,50,75.")
    return values


def _choose_modes(only: str | None, without: str | None) -> tuple[str, ...] | None:
    """Read which modes may be used, or may not; walking always may, so that ``walk`` alone means nothing else."""
    if only is not None and without is not None:
        raise UsageError(
            "Either the modes that may be used or those that may not.",
            field="--without-modes",
            cure="Leave out --modes or --without-modes.",
        )
    if only is not None:
        return tuple(mode for mode in _parse_modes(only, "--modes", (*MODES, WALK)) if mode != WALK)
    if without is not None:
        gone = _parse_modes(without, "--without-modes", MODES)
        return tuple(mode for mode in MODES if mode not in gone)
    return None


def _parse_modes(text: str, field: str, known: tuple[str, ...]) -> tuple[str, ...]:
    modes = tuple(part.strip() for part in text.split(",") if part.strip())
    unknown = [mode for mode in modes if mode not in known]
    if unknown or not modes:
        raise UsageError(f"Unknown modes: {', '.join(unknown)}.", field=field, cure=f"Modes: {', '.join(known)}.")
    return modes
