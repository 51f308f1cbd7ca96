"""Compile the numba kernels by asking a small question of each, so that no later run waits for the compiler."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

from pipeline.base.errors import PipelineError
from pipeline.base.load import ROOT
from pipeline.stages.matrix import compute_matrix
from pipeline.stages.matrix_question import MatrixQuestion

SAMPLE = ROOT / "data" / "sample"
FEED = SAMPLE / "timetables" / "2024" / "rail.zip"


def warm_kernels() -> None:
    """Run both algorithms, in every variant, on a corner of the embedded sample.

    Raises
    ------
    PipelineError
        If the embedded sample is missing.
    """
    if not FEED.is_file():
        raise PipelineError("The embedded sample is missing.", file=FEED, cure="Check out data/sample again.")
    with tempfile.TemporaryDirectory() as folder:
        points = Path(folder) / "points.csv"
        points.write_text("id,lon,lat\na,0.83025,53.209435\nb,0.773684,53.24961\n", encoding="utf-8")
        for is_nearest in (False, True):
            for is_return in (False, True):
                for max_changes in (None, 1):
                    compute_matrix(
                        MatrixQuestion(
                            gtfs=[FEED],
                            osm=SAMPLE / "saltmarsh.osm.pbf",
                            origins=points,
                            destinations=points,
                            day=date(2024, 10, 8),
                            time_s=8 * 3600,
                            window_min=5,
                            is_nearest=is_nearest,
                            is_return=is_return,
                            max_changes=max_changes,
                        )
                    )
