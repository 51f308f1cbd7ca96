"""Networks for wheelchairs: only what the feeds flag as accessible."""

from __future__ import annotations

import numpy as np

from pipeline.base.notices import Notices, declare_notice
from pipeline.timetables.model import Timetable
from pipeline.transit.packed import PackedNetwork
from pipeline.transit.subset import keep_accessible

NOT_ACCESSIBLE = declare_notice(
    "wheelchair_not_accessible",
    "info",
    "Of the trips of the day, or of the stops they call at, some are flagged as not accessible or not flagged at all; "
    "where wheelchairs are asked for they are not used.",
    "Nothing need be done; ask the publisher of the feed to fill wheelchair_accessible and wheelchair_boarding.",
)


def restrict_to_accessible(network: PackedNetwork, timetable: Timetable, notices: Notices) -> PackedNetwork:
    """Keep what the feed flags as accessible, and note what it does not.

    Parameters
    ----------
    network
        The network.
    timetable
        The timetable that it was made from.
    notices
        Takes the numbers of trips and stops that are left out.

    Returns
    -------
    PackedNetwork
        The smaller network.
    """
    access = timetable.stops["wheelchair_boarding"].fill_null(0).to_numpy()
    used = np.unique(network.pattern_stop)
    for name, flags in (("wheelchair_accessible", network.trip_wheelchair), ("wheelchair_boarding", access[used])):
        n_left = int((flags != 1).sum())
        if n_left:
            unknown = f"{n_left:,} of {flags.size:,}, {int((flags == 0).sum()):,} of them without a flag"
            notices.add(NOT_ACCESSIBLE, field=name, count=n_left, detail=unknown)
    return keep_accessible(network, access == 1)
