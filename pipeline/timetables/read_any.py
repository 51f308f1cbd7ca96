"""Timetables of any format: which one it is, by its content, and reading it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Literal, get_args

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.timetables.archives import HEAD_BYTES, is_zip, iter_files
from pipeline.timetables.cif_files import is_cif
from pipeline.timetables.model import Timetable, combine_timetables
from pipeline.timetables.naptan import Gazetteer, read_naptan
from pipeline.timetables.read_atco_cif import read_atco_cif
from pipeline.timetables.read_gtfs import read_gtfs
from pipeline.timetables.read_transxchange import is_transxchange, read_transxchange

Format = Literal["gtfs", "transxchange", "atco_cif"]
FORMATS: tuple[Format, ...] = get_args(Format)
TITLES: dict[Format, str] = {"gtfs": "GTFS", "transxchange": "TransXChange", "atco_cif": "ATCO-CIF"}
GTFS_FILES = frozenset(
    f"{name}.txt" for name in ("agency", "stops", "routes", "trips", "stop_times", "calendar", "calendar_dates")
)
HTML_STARTS = (b"<!doctype html", b"<html")


@dataclass(frozen=True)
class FeedSource:
    """One timetable to be read.

    Attributes
    ----------
    path
        File, archive or folder.
    format
        Its format; found by content where it is None.
    naptan
        NaPTAN's table of stops, for formats that only name them.
    nation
        Whose bank holidays hold.
    """

    path: Path
    format: Format | None = None
    naptan: Path | None = None
    nation: str = "england"


def find_format(path: Path) -> Format:
    """Find out the format of a timetable from its content, whatever it is called.

    Parameters
    ----------
    path
        A file, a folder, or a zip archive, also of archives.

    Returns
    -------
    str
        ``gtfs``, ``transxchange`` or ``atco_cif``. An archive or folder in which none of them is recognised counts as
        GTFS, whose reader says what is missing.

    Raises
    ------
    InputError
        If there is nothing there, or it is a file of another kind.
    """
    if not path.exists():
        raise InputError(
            f"there is no timetable {path.name}", file=path, cure="Check the path, or fetch the timetable first."
        )
    if path.is_file() and not is_zip(path):
        return _find_format_of_file(path)
    if path.is_dir() and any((path / name).is_file() for name in GTFS_FILES):
        return "gtfs"
    is_tried = False
    try:
        for found in iter_files(path, head_bytes=HEAD_BYTES):
            if PurePosixPath(found.name.rsplit(":", 1)[-1]).name in GTFS_FILES:
                return "gtfs"
            if is_cif(found.data):
                return "atco_cif"
            if not is_tried and found.data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
                is_tried = True
                if is_transxchange(path):
                    return "transxchange"
    except InputError:
        return "gtfs"  # reading it says what is wrong with the archive
    return "gtfs"


def _find_format_of_file(path: Path) -> Format:
    """Find the format of a file that is no archive."""
    data = next(iter(iter_files(path, head_bytes=HEAD_BYTES))).data
    start = data.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if is_cif(data):
        return "atco_cif"
    if is_transxchange(path):
        return "transxchange"
    if not data:
        raise InputError(f"{path.name} is empty", file=path, cure="Fetch the timetable again.")
    if start.startswith(HTML_STARTS):
        raise InputError(
            f"{path.name} is a web page, not a timetable",
            file=path,
            cure="The download probably gave an error page: open it in a text editor, then fetch the timetable again.",
        )
    if data.startswith(b"PK") or path.suffix.lower() == ".zip":
        return "gtfs"  # a damaged archive: reading it says in which way
    kind = "XML of another kind than TransXChange" if start.startswith(b"<") else "of no format that is known"
    raise InputError(
        f"{path.name} is {kind}",
        file=path,
        cure="Timetables are GTFS (a zip archive or folder), TransXChange (XML) or ATCO-CIF (text that begins so).",
    )


def read_timetable(
    feeds: Mapping[str, Path | FeedSource], *, notices: Notices, as_of: date | None = None, n_processes: int = 2
) -> Timetable:
    """Read the feeds of one snapshot, each in its own format, into one timetable.

    Parameters
    ----------
    feeds
        Name of each feed, and where and what it is; their order does not matter.
    notices
        Collector.
    as_of
        Date of the snapshot, from which ends that a timetable leaves open are counted.
    n_processes
        How many TransXChange documents to read at once.

    Returns
    -------
    Timetable
        All feeds together; see :func:`pipeline.timetables.duplicates.remove_duplicate_trips`.

    Raises
    ------
    InputError
        As the readers of the formats; or if the feeds' time zones differ.
    """
    gazetteers: dict[Path, Gazetteer] = {}
    parts = []
    for name in sorted(feeds):
        given = feeds[name]
        source = given if isinstance(given, FeedSource) else FeedSource(given)
        if source.naptan is not None and source.naptan not in gazetteers:
            gazetteers[source.naptan] = read_naptan(source.naptan, notices=notices)
        gazetteer = gazetteers[source.naptan] if source.naptan is not None else None
        parts.append(_read_feed(name, source, gazetteer, notices, as_of, n_processes))
    return combine_timetables(parts)


def _read_feed(
    name: str, source: FeedSource, gazetteer: Gazetteer | None, notices: Notices, as_of: date | None, n_processes: int
) -> Timetable:
    found = source.format or find_format(source.path)
    if found == "gtfs":
        timetable = read_gtfs(source.path, feed=name, notices=notices)
    elif found == "atco_cif":
        timetable = read_atco_cif(
            source.path, feed=name, notices=notices, as_of=as_of, nation=source.nation, gazetteer=gazetteer
        )
    else:
        timetable = read_transxchange(
            source.path,
            feed=name,
            notices=notices,
            gazetteer=gazetteer,
            as_of=as_of,
            nation=source.nation,
            n_processes=n_processes,
        )
    timetable.feeds[name]["format"] = found
    return timetable
