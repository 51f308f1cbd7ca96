"""Declarations of the tables that say where things are and whether they join the streets."""

from __future__ import annotations

from pipeline.base.tables_model import (
    CODE,
    GROUPS,
    LINK_KINDS,
    MODES,
    SNAPSHOT,
    Table,
)
from pipeline.base.tables_model import declare_column as _c

DECLARED: tuple[Table, ...] = (
    Table(
        "out_neighbourhood__geography",
        "Where the neighbourhoods are",
        ("neighbourhood_code",),
        (
            CODE,
            _c("neighbourhood_name", "text", "Name."),
            _c("area_group", "text", "Comparison group.", allowed=GROUPS),
            _c("authority_code", "text?", "Authority."),
            _c(
                "deprivation_rank",
                "float?",
                "Rank within the area of the deprivation that the area file names; 1 = most deprived; ties share "
                "their mean rank. For comparisons only.",
                minimum=1,
            ),
            _c("rurality", "text?", "Rural or urban class in which most of its people live. For comparisons only."),
            _c("population", "float?", "People.", minimum=0),
            _c("lon", "float?", "Longitude of the population-weighted centre, degrees."),
            _c("lat", "float?", "Latitude of it, degrees."),
            _c("geometry_wkb", "bytes?", "Polygon (or the circle that stands for it) in lon/lat, as WKB."),
        ),
    ),
    Table(
        "out_destination__location",
        "Destinations and whether they are joined to the streets",
        ("category", "destination_id"),
        (
            _c("category", "text", "Category."),
            _c("destination_id", "text", "Identifier as filed."),
            _c("name", "text", "Name."),
            _c("lon", "float?", "Longitude, degrees."),
            _c("lat", "float?", "Latitude, degrees."),
            _c("weight", "float", "Weight, such as jobs; 1 where none is given.", minimum=0),
            _c("is_linked", "bool", "Whether it is joined to the streets of the area."),
        ),
    ),
    Table(
        "out_stop__location",
        "Stops served, with the trips that call on the weekday examined",
        ("snapshot", "stop_id"),
        (
            SNAPSHOT,
            _c("stop_id", "text", "Stop, as feed:identifier."),
            _c("stop_name", "text?", "Name."),
            _c("lon", "float?", "Longitude, degrees."),
            _c("lat", "float?", "Latitude, degrees."),
            _c("mode", "text", "Mode with most trips there.", allowed=MODES),
            _c("runs_weekday", "float", "Trips that call on the weekday.", minimum=0),
            _c("is_linked", "bool", "Whether it is joined to the streets."),
        ),
    ),
    Table(
        "out_point__link",
        "Every point that joins the streets, how far it is from them, and why one does not join them",
        ("snapshot", "kind", "category", "point_id"),
        (
            SNAPSHOT,
            _c("kind", "text", "What it is; by_car: where it joins the roads.", allowed=LINK_KINDS),
            _c("category", "text?", "Category of a destination; empty for stops and small areas."),
            _c("point_id", "text", "Stop, as feed:identifier; code of a small area; identifier of a destination."),
            _c("name", "text?", "Name of a stop."),
            _c("is_linked", "bool", "Whether it is joined to the streets."),
            _c(
                "link_m",
                "float?",
                "Straight line to the street that it joins, metres; part of every walk.",
                minimum=0,
            ),
            _c("nearest_street_m", "float?", "Metres to the nearest street of any kind, however far.", minimum=0),
            _c(
                "reason",
                "text?",
                "Why it is not joined: no_location (no usable coordinates), too_far (no street within the limit), "
                "isolated_piece (the only street near is an isolated piece).",
                allowed=("no_location", "too_far", "isolated_piece"),
            ),
        ),
    ),
)
