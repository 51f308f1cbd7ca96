"""``connectivity convert``: timetables of any format to one GTFS archive."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import polars as pl
import typer

from pipeline.base.errors import InputError, UsageError
from pipeline.base.notices import Notices
from pipeline.cli.matrix import describe_notices, parse_day
from pipeline.timetables.duplicates import remove_duplicate_trips
from pipeline.timetables.model import Timetable
from pipeline.timetables.read_any import TITLES, FeedSource, find_format, read_timetable
from pipeline.timetables.write_gtfs import write_gtfs


def describe_timetable(timetable: Timetable, feed: str) -> str:
    """Say what a feed holds: format, trips, stops and dates.

    Parameters
    ----------
    timetable
        Timetable of one or more feeds.
    feed
        Which of them.

    Returns
    -------
    str
        Such as ``ATCO-CIF, 981 trips, 65 stops, 2010-07-26 to 2011-08-09``.
    """
    about = timetable.feeds[feed]
    trips = timetable.trips.filter(pl.col("feed") == feed).height
    stops = timetable.stops.filter((pl.col("feed") == feed) & (pl.col("location_type") != 1))
    lost = int((~stops["is_located"]).sum())
    place = f" ({lost:,} without a place)" if lost else ""
    title = TITLES[about["format"]]  # type: ignore[index]
    return f"{title}, {trips:,} trips, {stops.height:,} stops{place}, {about['first_date']} to {about['last_date']}"


def name_feeds(inputs: list[Path]) -> dict[str, Path]:
    """Give each input a short name of its own: its file's, as far as letters and digits go.

    Parameters
    ----------
    inputs
        Files or folders.

    Returns
    -------
    dict
        Name to input, in order.
    """
    seen: Counter[str] = Counter()
    named = {}
    for path in inputs:
        stem = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in path.stem).strip("_")
        stem = stem or "feed"
        seen[stem] += 1
        named[stem if seen[stem] == 1 else f"{stem}-{seen[stem]}"] = path
    return named


def convert_inputs(
    inputs: list[Path],
    *,
    naptan: Path | None,
    as_of: str | None,
    nation: str,
    out: Path,
    notices_file: Path | None,
) -> None:
    """Read timetables, let every journey count once, and write them as one GTFS archive.

    Parameters
    ----------
    inputs
        TransXChange, ATCO-CIF or GTFS.
    naptan
        NaPTAN's table of stops.
    as_of
        Date from which open ends are counted, YYYY-MM-DD.
    nation
        Whose bank holidays hold.
    out
        The archive.
    notices_file
        Where to list the notices, if wanted.

    Raises
    ------
    UsageError
        For options that cannot be.
    InputError
        For inputs that cannot be used.
    """
    day = parse_day(as_of, "--as-of") if as_of is not None else None
    if out.suffix.lower() != ".zip":
        raise UsageError(
            f"'{out.name}' does not end in .zip.", field="--out", cure="Name a GTFS archive, such as out.zip."
        )
    if out.resolve() in {path.resolve() for path in (*inputs, *([naptan] if naptan else []))}:
        raise UsageError("--out names one of the inputs.", field="--out", cure="Choose another name.")
    for path in inputs:
        if not path.exists():
            raise InputError("This input does not exist.", file=path, cure="Check the path.")
    notices = Notices()
    feeds = {name: FeedSource(path, find_format(path), naptan, nation) for name, path in name_feeds(inputs).items()}
    timetable = read_timetable(feeds, notices=notices, as_of=day)
    for name, source in feeds.items():
        typer.echo(f"{source.path}: {describe_timetable(timetable, name)}")
    kept = remove_duplicate_trips(timetable, notices=notices)
    write_gtfs(kept, out)
    gone = timetable.trips.height - kept.trips.height
    without = f", {gone:,} duplicates left out" if gone else ""
    typer.echo(f"{out}: GTFS, {kept.trips.height:,} trips{without}")
    describe_notices(notices, notices_file)
