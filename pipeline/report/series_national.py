"""Every place of a series on one scale: national fifths of change, steps, and how the groups fall into them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.report.series_data import PLACE_CHANGE, select
from pipeline.report.tables import Cell, Column, Table, build_text_cell
from pipeline.report.text import as_text, capitalise, format_integer, format_number, format_pct

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from pipeline.report.series_context import MeasureInfo
    from pipeline.report.series_data import SeriesReport

STEPS: Final = (-80.0, -60.0, -40.0, -20.0)
"""Upper limits of the steps in per cent; the last step has none."""
N_FIFTHS: Final = 5
NONE: Final = "-"
SOUND: Final = "comparable"
KINDS: Final = ("fifth", "step")


def compute_fifths(middle: NDArray[np.float64], is_sound: NDArray[np.bool_]) -> tuple[float, ...]:
    """Return the limits between the fifths of the change of all places whose data has no known fault.

    Parameters
    ----------
    middle
        Middle of the range of change in per cent by place; NaN without a figure.
    is_sound
        Whether the data of a place has no known fault.

    Returns
    -------
    tuple of float
        Four limits, rounded to a tenth of a per cent as they are stated; empty where nothing can be divided. Ties may
        make fifths uneven, and limits equal.
    """
    known = middle[is_sound & ~np.isnan(middle)]
    if len(known) < N_FIFTHS:
        return ()
    shares = np.arange(1, N_FIFTHS) / N_FIFTHS
    return tuple(float(value) for value in np.round(np.quantile(known, shares, method="inverted_cdf"), 1) + 0.0)


def build_classes(middle: NDArray[np.float64], limits: Sequence[float]) -> str:
    """Return a digit a place: 0 for less than the first limit (most lost), and ``-`` without a figure or limits."""
    if not limits:
        return NONE * len(middle)
    number = np.searchsorted(np.asarray(limits), middle, side="right")
    return "".join(NONE if np.isnan(value) else str(at) for value, at in zip(middle, number.tolist(), strict=True))


class National:
    """The change of every place of a series, put into classes.

    Parameters
    ----------
    report
        The tables and the words.
    """

    def __init__(self, report: SeriesReport) -> None:
        self.report = report
        self._frames: dict[str, pd.DataFrame] = {}
        self._limits: dict[str, tuple[float, ...]] = {}

    def _select(self, measure: MeasureInfo) -> pd.DataFrame:
        if measure.key not in self._frames:
            frame = select(self.report.tables[PLACE_CHANGE], measure).set_index("neighbourhood_code")
            low, high = (
                frame[f"change_{end}_pct"].to_numpy(dtype=np.float64, na_value=np.nan) for end in ("low", "high")
            )
            middle, is_sound = (low + high) / 2, (frame["coverage_class"] == SOUND).to_numpy(dtype=bool)
            frame = frame.assign(is_sound=is_sound)
            self._limits[measure.key] = compute_fifths(middle, is_sound)
            frame["fifth"] = list(build_classes(middle, self._limits[measure.key]))
            frame["step"] = list(build_classes(middle, STEPS))
            self._frames[measure.key] = frame[["area_group", "is_sound", "fifth", "step"]]
        return self._frames[measure.key]

    def get_limits(self, measure: MeasureInfo) -> tuple[float, ...]:
        """Return the limits between the national fifths, per cent."""
        self._select(measure)
        return self._limits[measure.key]

    def label_fifths(self, measure: MeasureInfo) -> list[str]:
        """Return the national fifths in words with their limits, most lost first; empty without limits."""
        limits = [f"{format_number(value, 1)}%" for value in self.get_limits(measure)]
        if not limits:
            return []
        between = [f"{low} to below {high}" for low, high in pairwise(limits)]
        return [f"fifth that lost most: below {limits[0]}", *between, f"fifth that lost least: {limits[-1]} or more"]

    def count(self, measure: MeasureInfo, kind: str, group: str, *, only_sound: bool) -> list[int]:
        """Count the places of a group (``all``: every one) in the classes of a kind, and those without a figure."""
        frame = self._select(measure)
        mine = frame if group == "all" else frame[frame["area_group"] == group]
        mine = mine[mine["is_sound"]] if only_sound else mine
        found = mine[kind].value_counts()
        return [int(found.get(key, 0)) for key in (*map(str, range(N_FIFTHS)), NONE)]

    def build_payload(self, others: Sequence[str]) -> dict[str, object]:
        """Return what the map needs beyond the ranked places.

        Parameters
        ----------
        others
            Codes of the places without a page, in the order of their points on the map.

        Returns
        -------
        dict
            Groups, names and groups of the others, and by measure a digit a place for each kind of class.
        """
        report, keys = self.report, [group.key for group in self.report.groups]
        head = self._select(report.head)
        names = select(report.tables[PLACE_CHANGE], report.head).set_index("neighbourhood_code")["neighbourhood_name"]
        group_of = head["area_group"].reindex(list(others))
        measures = {}
        for measure in report.info.measures:
            frame = self._select(measure)
            parts: dict[str, object] = {"labels": self.label_fifths(measure)}
            for name, codes in (("ranked", report.ranked), ("others", list(others))):
                mine = frame.reindex(codes)
                parts[name] = {
                    "fifth": "".join(mine["fifth"].fillna(NONE)),
                    "step": "".join(mine["step"].fillna(NONE)),
                    "sound": "".join("1" if value is True else "0" for value in mine["is_sound"].tolist()),
                }
            parts["counts"] = {
                key: {
                    data: {
                        kind: self.count(measure, kind, key, only_sound=data == "sound") for kind in ("fifth", "step")
                    }
                    for data in ("all", "sound")
                }
                for key in (*keys, "all")
            }
            measures[measure.key] = parts
        return {
            "groups": [
                *({"key": group.key, "label": group.label} for group in report.groups),
                {"key": "all", "label": f"all {report.context.noun_plural}"},
            ],
            "name": [as_text(name) for name in names.reindex(list(others)).fillna("")],
            "group": "".join(str(keys.index(key)) if key in keys else NONE for key in group_of.fillna("").tolist()),
            "measures": measures,
        }

    def build_table(self, measure: MeasureInfo) -> Table | None:
        """Return how the groups fall into the national fifths; None where there are none."""
        labels = self.label_fifths(measure)
        if not labels:
            return None
        rows = []
        for key, label in (
            *((g.key, g.label) for g in self.report.groups),
            ("all", f"all {self.report.context.noun_plural}"),
        ):
            counts = self.count(measure, "fifth", key, only_sound=False)
            n = sum(counts[:-1])
            cells = [
                Cell(format_integer(count) + (f" ({format_pct(100 * count / n)})" if n else ""))
                for count in counts[:-1]
            ]
            rows.append((build_text_cell(capitalise(label)), *cells, Cell(format_integer(counts[-1]))))
        return Table(
            "fifths",
            f"How many {self.report.context.noun_plural} fall into each national fifth: {measure.label}",
            (
                Column("Group", is_number=False),
                *(Column(capitalise(label)) for label in labels),
                Column("No figure"),
            ),
            tuple(rows),
            f"By the middle of the range of change in %. The limits divide all {self.report.context.noun_plural} whose "
            "data has no known fault into fifths; the counts hold doubtful ones too. In brackets: share of those with "
            "a figure.",
        )
