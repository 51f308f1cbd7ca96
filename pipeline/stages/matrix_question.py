"""What may be asked of ``connectivity matrix``, and which questions contradict themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from pipeline.base.errors import UsageError
from pipeline.base.notices import Notices
from pipeline.routing.decay import WITH_PARAMETER, Decay
from pipeline.routing.window import DepartureWindow


@dataclass(frozen=True)
class MatrixQuestion:
    """What is asked of :func:`pipeline.stages.matrix.compute_matrix`.

    Times of day are in seconds, lengths in the unit of the name. `time_s` is the first departure or, with
    `is_arrive_by`, the first deadline; `day` is None only by car, which needs no timetable. `modes` may be empty: on
    foot. `links` names a file that lists how far every point is from the streets. `id_columns` and `coordinate_columns`
    name the columns of the points, where they are not the usual ones.
    """

    gtfs: list[Path]
    osm: Path
    origins: Path
    destinations: Path
    day: date | None
    time_s: int
    window_min: int | None = None
    percentiles: tuple[float, ...] = (25, 50, 75)
    is_nearest: bool = False
    n_nearest: int | None = None
    is_return: bool = False
    is_arrive_by: bool = False
    has_reliability: bool = False
    limits_min: tuple[int, ...] = ()
    weight: str | None = None
    decay: Decay = "step"
    decay_parameter_min: float | None = None
    diminishing: float = 0.0
    is_wheelchair: bool = False
    walk_kmh: float = 4.8
    max_walk_m: float = 2000.0
    max_transfer_m: float = 600.0
    interchange_s: int = 120
    max_changes: int | None = None
    max_time_min: int = 120
    max_link_m: float = 500.0
    min_component_nodes: int = 100
    crs: str = "EPSG:27700"
    modes: tuple[str, ...] | None = None
    naptan: Path | None = None
    is_car: bool = False
    links: Path | None = None
    id_columns: tuple[str, ...] = ()
    coordinate_columns: tuple[tuple[str, str], ...] = ()
    notices: Notices = field(default_factory=Notices)

    @property
    def window(self) -> DepartureWindow:
        """The departures, or deadlines: one minute if no window was asked for."""
        return DepartureWindow(self.time_s, self.window_min or 1, 60 * self.max_time_min)

    @property
    def horizon_s(self) -> tuple[int, int]:
        """The span of time that journeys can touch; the whole day is in it."""
        window = self.window
        if self.is_arrive_by:
            return self.time_s - window.cap_s, window.last_s
        return self.time_s, window.latest_s


def check_question(question: MatrixQuestion) -> None:
    """Refuse options that do not go together, and numbers that mean nothing.

    Parameters
    ----------
    question
        The question.

    Raises
    ------
    UsageError
        Naming the option and the cure.
    """
    _check_numbers(question)
    if question.limits_min:
        _check_cumulative(question)
    else:
        for name, is_given in (
            ("--weight", question.weight is not None),
            ("--decay", question.decay != "step"),
            ("--decay-parameter", question.decay_parameter_min is not None),
            ("--diminishing", question.diminishing != 0),
        ):
            if is_given:
                raise UsageError(f"{name} needs limits.", field=name, cure="Add --cumulative, such as 15,30,45,60.")
    if question.is_car:
        _check_car(question)
    if question.has_reliability and not question.window_min:
        raise UsageError(
            "Reliability is about the minutes of a window.", field="--reliability", cure="Add --window, such as 120."
        )


def _check_numbers(question: MatrixQuestion) -> None:
    """Refuse numbers below the least that means something; whoever comes from Python passed no option parser."""
    least: tuple[tuple[str, float | None, float], ...] = (
        ("--max-changes", question.max_changes, 0),
        ("--window", question.window_min, 1),
        ("--k", question.n_nearest, 1),
        ("--max-time-min", question.max_time_min, 1),
        ("--interchange-s", question.interchange_s, 0),
        ("--max-walk-m", question.max_walk_m, 0),
        ("--max-transfer-m", question.max_transfer_m, 0),
    )
    for name, value, smallest in least:
        if value is not None and not (math.isfinite(value) and value >= smallest):
            raise UsageError(f"{value} is below {smallest:g}.", field=name, cure=f"Give {smallest:g} or more.")
    if not (math.isfinite(question.walk_kmh) and question.walk_kmh > 0):
        raise UsageError("Walking speed must be above 0.", field="--walk-kmh", cure="Give it in km/h, such as 4.8.")


def _check_car(question: MatrixQuestion) -> None:
    """Car times know no timetable: refuse what is about one."""
    for name, is_given in (
        ("--gtfs", bool(question.gtfs)),
        ("--naptan", question.naptan is not None),
        ("--arrive-by", question.is_arrive_by),
        ("--window", question.window_min is not None),
        ("--reliability", question.has_reliability),
        ("--modes", question.modes is not None),
        ("--wheelchair", question.is_wheelchair),
        ("--max-changes", question.max_changes is not None),
    ):
        if is_given:
            raise UsageError(
                f"{name} is about public transport; car times are the same at every minute.",
                field=name,
                cure="Leave it out, or leave out --mode car.",
            )


def _check_cumulative(question: MatrixQuestion) -> None:
    for name, is_given in (
        ("--nearest", question.is_nearest),
        ("--k", question.n_nearest is not None),
        ("--reliability", question.has_reliability),
    ):
        if is_given:
            raise UsageError(
                f"{name} and --cumulative are two questions.", field=name, cure="Ask for one of them at a time."
            )
    if not (math.isfinite(question.diminishing) and question.diminishing >= 0):
        raise UsageError(
            "The exponent of diminishing returns must be at least 0.",
            field="--diminishing",
            cure="Give 1 for a harmonic series (1, 1/2, 1/3, ...).",
        )
    if max(question.limits_min) > question.max_time_min:
        raise UsageError(
            f"The limit of {max(question.limits_min)} minutes is beyond the longest journey that counts.",
            field="--cumulative",
            cure=f"Give --max-time-min {max(question.limits_min)} or more.",
        )
    parameter = question.decay_parameter_min
    if parameter is not None and question.decay not in WITH_PARAMETER:
        raise UsageError(
            f"The decay '{question.decay}' has no parameter.", field="--decay-parameter", cure="Leave it out."
        )
    if parameter is not None and not (math.isfinite(parameter) and parameter > 0):
        raise UsageError(
            "The parameter must be above 0.", field="--decay-parameter", cure="Give it in minutes, such as 10."
        )
