"""``connectivity attribute``: what the loss of each service between two snapshots did to travel times."""

from __future__ import annotations

import json

import pandas as pd

from pipeline.base.errors import UsageError
from pipeline.base.load import Project
from pipeline.base.notices import Notices
from pipeline.change.attribution import MISSING_DATA, REST, TOGETHER, WHOLE
from pipeline.stages.attribution import attribute_pair
from pipeline.stages.diff import FORMS, check_pair

MAX_SERVICES = 5


def describe_attribution(project: Project, earlier: str, later: str, *, form: str = "text") -> str:
    """Put lost services back, one by one, and tell what that does.

    Parameters
    ----------
    project
        The area with its settings; its stages up to ``service`` have been run.
    earlier, later
        Ids of two snapshots that follow one another, or the first and a later one.
    form
        ``text`` for people; ``csv``: ``out_service__attribution``; ``json``: that and
        ``out_neighbourhood__attribution``.

    Returns
    -------
    str
        Without a line end at its end.

    Raises
    ------
    UsageError
        If a snapshot or the form is unknown or the pair is not compared.
    InputError
        If the area has not been run.
    """
    check_pair(project, earlier, later)
    if form not in FORMS:
        raise UsageError(f"There is no format '{form}'.", cure=f"Formats: {', '.join(FORMS)}.")
    services, neighbourhoods = attribute_pair(project, earlier, later, notices=Notices(strict=project.settings.strict))
    if form == "csv":
        return services.to_csv(index=False, lineterminator="\n").rstrip("\n")
    if form == "json":
        content = {
            "services": json.loads(services.to_json(orient="records")),
            "neighbourhoods": json.loads(neighbourhoods.to_json(orient="records")),
        }
        return json.dumps(content, indent=1, ensure_ascii=False)
    return "\n".join(
        [f"{project.area.title}: what was lost from {earlier} to {later}", *_describe(services, neighbourhoods)]
    )


def _describe(services: pd.DataFrame, neighbourhoods: pd.DataFrame) -> list[str]:
    lines = []
    for (category, window), parts in neighbourhoods.groupby(["category", "window"], sort=False):
        sums = parts.groupby("part")["lost_person_min"].sum()
        total = f"{category}, {window}: {sums[WHOLE]:+,.0f} person-minutes = "
        total += f"{sums[TOGETHER]:+,.0f} lost services together, "
        total += f"{sums[MISSING_DATA]:+,.0f} services that may be missing data, {sums[REST]:+,.0f} the rest"
        lines += ["", total]
        rows = services[(services["category"] == category) & (services["window"] == window) & services["is_counted"]]
        for row in rows[rows["lost_person_min"] > 0].sort_values("rank").head(MAX_SERVICES).to_dict("records"):
            lines.append(
                f"  {row['rank']:.0f}. {row['route']} ({row['operator_name']}; {row['status']}): "
                f"{row['lost_person_min']:,.0f} person-minutes, {row['people_cut_off']:,.0f} people cut off, "
                f"{row['people_beyond_hour']:,.0f} now over an hour away, "
                f"{row['neighbourhoods_affected']:.0f} neighbourhoods"
            )
    apart = services[~services["is_counted"]].drop_duplicates("service_number")
    if len(apart):
        lines += ["", "Not counted, since it may be missing data:"]
        lines += [f"  {row['route']}: {row['evidence']}" for row in apart.to_dict("records")]
    return lines
