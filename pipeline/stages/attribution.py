"""Stage ``attribution``: which service's loss made journeys longer, and for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from pipeline.base.errors import UsageError
from pipeline.base.load import Project
from pipeline.base.manifest import StageRun, record_stage
from pipeline.base.notices import Notices, declare_notice
from pipeline.base.progress import track
from pipeline.change.attribution import (
    MEASURES,
    MISSING_DATA,
    REST,
    TOGETHER,
    WHOLE,
    Effect,
    Loss,
    People,
    build_no_effect,
    compute_effect,
    list_losses,
    rank_services,
    subtract_effects,
    sum_by_neighbourhood,
    sum_effect,
)
from pipeline.places.model import Places
from pipeline.routing.kernels import I32
from pipeline.stages.common import begin, get_folder, read_places, write_tables
from pipeline.stages.variants import VariantWork
from pipeline.stages.work import Case

NO_POPULATION = declare_notice(
    "attribution_without_population",
    "warning",
    "The population of a small area is unknown, so nobody there is counted when loss is attributed to services.",
    "Name a population column in the area file.",
)
SERVICE_TABLE = "out_service__attribution"
NEIGHBOURHOOD_TABLE = "out_neighbourhood__attribution"
CAUSE = "service"
Frames = tuple[pd.DataFrame, pd.DataFrame]


def run(project: Project, snapshot: str | None = None) -> StageRun:
    """Attribute the loss between the pairs of snapshots that the area file names.

    Parameters
    ----------
    project
        The area with its settings.
    snapshot
        Always None.

    Returns
    -------
    StageRun
        What was done.

    Raises
    ------
    UsageError
        If the area file names none.
    """
    if not project.area.attribution:
        raise UsageError(
            "This area names no pair of snapshots of which losses are attributed.",
            cure="Name pairs under 'attribution:' of the area file, or use 'connectivity attribute AREA S1 S2'.",
        )
    with record_stage(begin(project, "attribution", snapshot)) as stage:
        pairs = [(pair.earlier, pair.later) for pair in project.area.attribution]
        frames = [attribute_pair(project, *pair, notices=stage.notices) for pair in pairs]
        write_tables(
            stage,
            {
                name: pd.concat([frame[number] for frame in frames], ignore_index=True)
                for number, name in enumerate((SERVICE_TABLE, NEIGHBOURHOOD_TABLE))
            },
        )
    return stage


def attribute_pair(project: Project, earlier: str, later: str, *, notices: Notices) -> Frames:
    """Put back every service that lost something between two snapshots, alone and together, and compare travel times.

    Parameters
    ----------
    project
        The area with its settings; the stages before have been run.
    earlier, later
        Ids of the snapshots.
    notices
        Collector.

    Returns
    -------
    services : pandas.DataFrame
        ``out_service__attribution``.
    neighbourhoods : pandas.DataFrame
        ``out_neighbourhood__attribution``.

    Raises
    ------
    InputError
        If an earlier stage has not been run.
    """
    changes = _read_changes(project, earlier, later)
    losses = list_losses(changes)
    places = read_places(project)
    work = VariantWork(project, places, earlier, later)
    cases = work.list_attributed_cases()
    people = build_people(places, work.membership.member, notices)
    attribution = _Attribution(work, cases, people)
    for loss in track(losses, description=f"attribution {earlier} to {later}"):
        attribution.add_service(loss)
    attribution.add_parts(losses)
    pair = {"snapshot_from": earlier, "snapshot_to": later}
    return attribution.build_services(changes, pair), attribution.build_neighbourhoods(pair)


def _read_changes(project: Project, earlier: str, later: str) -> pl.DataFrame:
    path = get_folder(project, "service") / "out_service__change.parquet"
    return pl.read_parquet(path).filter((pl.col("snapshot_from") == earlier) & (pl.col("snapshot_to") == later))


def build_people(places: Places, member: np.ndarray, notices: Notices) -> People:
    """Gather who lives where; small areas whose population is unknown are noted.

    Parameters
    ----------
    places
        The area's places.
    member
        int64[n]; index of each small area's neighbourhood, -1 for none.
    notices
        Collector.

    Returns
    -------
    People
        Population and neighbourhood of every small area.
    """
    population = places.small_areas["population"]
    for code in places.small_areas.loc[population.isna(), "small_area_code"]:
        notices.add(NO_POPULATION, value=code)
    codes = tuple(places.neighbourhoods["neighbourhood_code"].tolist())
    return People(population.fillna(0.0).to_numpy(dtype=np.float64), member, codes)


class _Attribution:
    """Effects of all variants, gathered case by case."""

    def __init__(self, work: VariantWork, cases: Sequence[Case], people: People) -> None:
        self.work, self.cases, self.people = work, cases, people
        self.n = len(people.people)
        self._base: dict[Case, I32] = {}
        self._services: list[dict[str, Any]] = []
        self._rows: list[pl.DataFrame] = []
        work.use(None)
        for case in cases:
            self._base[case] = work.compute_times(case).travel_time_s

    def compute(self, losses: Sequence[Loss] | None) -> dict[Case, Effect]:
        """Compare the later snapshot with itself with some services put back; None: with the earlier snapshot."""
        effects: dict[Case, Effect] = {}
        for day_type in dict.fromkeys(case.day_type for case in self.cases):
            _, ledger = self.work.get_joined(day_type)
            kept = ~ledger.is_later if losses is None else ledger.restore(losses)
            self.work.use(kept)
            for case in (c for c in self.cases if c.day_type == day_type):
                window = self.work.get_window(case)
                if ledger.is_changed(kept, ledger.is_later, first_s=window.start_s, last_s=window.latest_s):
                    times = self.work.compute_times(case).travel_time_s
                    effects[case] = compute_effect(self._base[case], times, self.work.cap_s)
                else:
                    effects[case] = build_no_effect(self.n)
        return effects

    def add_service(self, loss: Loss) -> None:
        """Put one service back, alone, if its loss is not missing data."""
        effects = self.compute([loss]) if loss.is_comparable else None
        for case in self.cases:
            keys = {"service_number": loss.service_number, "category": case.category, "window": case.window}
            sums: Mapping[str, float | int | None] = {}
            if effects is not None:
                table = sum_by_neighbourhood(effects[case], self.people)
                sums = sum_effect(table)
                touched = (pl.col("lost_person_min") != 0) | (pl.col("people_cut_off") != 0)
                self._add_rows(table.filter(touched), case, CAUSE, loss.service_number)
            self._services.append({**keys, "is_counted": loss.is_comparable, **sums})

    def add_parts(self, losses: Sequence[Loss]) -> None:
        """Decompose the whole difference into what was lost, what may be missing data, and the rest."""
        together = self.compute([loss for loss in losses if loss.is_comparable])
        with_missing = self.compute(losses)
        whole = self.compute(None)
        for case in self.cases:
            parts = {
                TOGETHER: together[case],
                MISSING_DATA: subtract_effects(with_missing[case], together[case]),
                REST: subtract_effects(whole[case], with_missing[case]),
                WHOLE: whole[case],
            }
            for part, effect in parts.items():
                self._add_rows(sum_by_neighbourhood(effect, self.people), case, part, None)

    def _add_rows(self, table: pl.DataFrame, case: Case, part: str, service_number: int | None) -> None:
        self._rows.append(
            table.select(
                "neighbourhood_code",
                pl.lit(case.category).alias("category"),
                pl.lit(case.window).alias("window"),
                pl.lit(part).alias("part"),
                pl.lit(service_number, dtype=pl.Int32).alias("service_number"),
                "lost_person_min",
                "loss_min",
                "people_cut_off",
                "people_beyond_hour",
                "people_slower",
            )
        )

    def build_neighbourhoods(self, pair: Mapping[str, str]) -> pd.DataFrame:
        """Give ``out_neighbourhood__attribution``."""
        return pl.concat(self._rows).with_columns(pl.lit(v).alias(k) for k, v in pair.items()).to_pandas()

    def build_services(self, changes: pl.DataFrame, pair: Mapping[str, str]) -> pd.DataFrame:
        """Give ``out_service__attribution``."""
        schema = {
            "service_number": pl.Int32,
            "category": pl.String,
            "window": pl.String,
            "is_counted": pl.Boolean,
            **dict.fromkeys(MEASURES, pl.Float64),
            "neighbourhoods_affected": pl.Int32,
        }
        ranked = rank_services(pl.DataFrame(self._services, schema=schema))
        before, after = pl.col("route_before"), pl.col("route_after")
        named = changes.select(
            "service_number",
            pl.coalesce("operator_name_before", "operator_name_after").alias("operator_name"),
            pl.when(after.is_null() | (before == after))
            .then(before)
            .otherwise(pl.format("{} \N{RIGHTWARDS ARROW} {}", before, after))
            .alias("route"),
            "mode",
            "status",
            "coverage_class",
            "evidence",
        )
        joined = ranked.join(named, on="service_number", how="left", maintain_order="left")
        return joined.with_columns(pl.lit(v).alias(k) for k, v in pair.items()).to_pandas()
