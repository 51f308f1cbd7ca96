"""Compile the numba kernels by asking a small question of each, so that no later run waits for the compiler."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from pipeline.base.errors import PipelineError
from pipeline.base.load import ROOT
from pipeline.routing.explain import explain_journey
from pipeline.routing.profile_scan import build_seeds, compute_nearest, compute_nearest_return
from pipeline.routing.visits import VisitPlan, compute_out_and_back
from pipeline.stages.matrix import compute_matrix, prepare_network
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
        question = MatrixQuestion(
            gtfs=[FEED],
            osm=SAMPLE / "saltmarsh.osm.pbf",
            origins=points,
            destinations=points,
            day=date(2024, 10, 8),
            time_s=8 * 3600,
            window_min=5,
        )
        for is_return in (False, True):
            one_way = replace(question, is_return=is_return)
            for max_changes in (None, 1):
                for is_nearest in (False, True):
                    compute_matrix(replace(one_way, is_nearest=is_nearest, max_changes=max_changes))
            compute_matrix(replace(one_way, n_nearest=2, has_reliability=True))
            compute_matrix(replace(one_way, limits_min=(15,)))
            compute_matrix(replace(one_way, limits_min=(15,), diminishing=1.0))
        compute_matrix(replace(question, has_reliability=True))
        compute_matrix(replace(question, window_min=None))
        compute_matrix(replace(question, is_car=True, gtfs=[], window_min=None))
        network, _, _, destinations = prepare_network(question)
        seeds = build_seeds(network, np.arange(len(destinations), dtype=np.int32))
        for search in (compute_nearest, compute_nearest_return):
            search(network, seeds, question.window, n_threads=2, slices_from=0)
        explain_journey(network, 0, seeds, question.time_s, cap_s=question.window.cap_s)
    plan = VisitPlan(np.array([3600], dtype=np.int32), 60, 0, 7200, 600)
    times = [np.zeros((1, window.n_minutes), np.int32) for window in (plan.outward, plan.back)]
    compute_out_and_back([(times[0], times[1])], plan, n_origins=1)
