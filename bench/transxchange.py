"""How long reading TransXChange takes: ``python -m bench.transxchange --documents 500`` (10 million stop times).

Each document has 500 journeys of 40 calls over five patterns; with ``--links`` every journey states the run time of
every link of its own, as newer exports do, which is the slower kind.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
import zipfile
from datetime import date
from pathlib import Path

from pipeline.base.notices import Notices
from pipeline.timetables.read_transxchange import read_transxchange
from tests.support.transxchange import Call, Service, Stop, Trip, build_profile, build_transxchange

N_JOURNEYS = 500
N_STOPS = 40
N_PATTERNS = 5


def build_document(number: int, *, has_links: bool) -> str:
    """Return one document.

    Parameters
    ----------
    number
        Makes its stops and service its own.
    has_links
        Every journey states its own run times.

    Returns
    -------
    str
        XML.
    """
    stops = [f"{number:04}X{at:04}" for at in range(N_STOPS)]
    service = f"PB{number:07}:1"
    trips = []
    for at in range(N_JOURNEYS):
        kind = at % N_PATTERNS
        start = 18_000 + at * 97 % 60_000 // 60 * 60
        times = [start + place * (90 + 10 * kind) for place in range(N_STOPS)]
        calls = [Call(stop, time_s, time_s) for stop, time_s in zip(stops[:: 1 - 2 * (kind % 2)], times, strict=True)]
        links = "".join(
            f"<VehicleJourneyTimingLink><JourneyPatternTimingLinkRef>JPS{kind + 1}-{place}"
            f"</JourneyPatternTimingLinkRef><RunTime>PT{1 + (at + place) % 3}M0S</RunTime></VehicleJourneyTimingLink>"
            for place in range(N_STOPS - 1)
        )
        profile = build_profile(["MondayToFriday"] if at % 3 else ["Saturday"], bank_off=["AllBankHolidays"])
        trips.append(Trip(f"VJ{at}", calls, service=service, profile=profile, extra=links if has_links else ""))
    places = [Stop(code, code, -1 - at / 1000, 52 + number / 1000) for at, code in enumerate(stops)]
    return build_transxchange(trips, services=[Service(service)], stops=places)


def main() -> None:
    """Generate an archive, read it and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=500)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--links", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "timetable.zip"
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for number in range(options.documents):
                archive.writestr(f"{number:04}.xml", build_document(number, has_links=options.links))
        began, began_cpu = time.perf_counter(), time.process_time()
        timetable = read_transxchange(
            file,
            feed="bench",
            notices=Notices(),
            gazetteer=None,
            as_of=date(2019, 6, 1),
            n_processes=options.processes,
        )
        seconds, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    n_calls = timetable.stop_times.height
    sys.stdout.write(
        f"{n_calls:,} stop times in {seconds:.1f} s ({n_calls / seconds:,.0f} a second); "
        f"{cpu:.1f} s of processor here and {others.ru_utime + others.ru_stime:.1f} s in readers; "
        f"at most {own.ru_maxrss / 1024:,.0f} MB here and {others.ru_maxrss / 1024:,.0f} MB in a reader\n"
    )


if __name__ == "__main__":
    main()
