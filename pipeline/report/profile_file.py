"""The profile of one neighbourhood as a file of its own, to hand over or to print, and its charts as files to paste."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from pipeline.base.errors import UsageError
from pipeline.report.data import ReportData
from pipeline.report.facts import Facts
from pipeline.report.profile_figure import build_profile_style
from pipeline.report.profile_maps import draw_locator
from pipeline.report.profiles import ProfileBuilder
from pipeline.report.quality import collect_attributions
from pipeline.report.site import HERE, build_environment
from pipeline.report.text import capitalise, format_integer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from pipeline.report.context import ReportContext
    from pipeline.report.profile_figure import Figure

MAX_FOOT = 110


@dataclass(frozen=True)
class ProfileFile:
    """A profile: the page as HTML without anything outside it, and its figures with their source lines."""

    html: str
    figures: tuple[tuple[Figure, str], ...]

    def build_charts(self) -> dict[str, bytes]:
        """Return every figure as SVG, PNG and CSV, numbered in the order of the page."""
        files: dict[str, bytes] = {}
        for number, (figure, source) in enumerate(self.figures, start=1):
            files |= figure.build_files(source, f"{number:02d}-{figure.key}")
        return files


def build_profile_file(
    tables: Mapping[str, pd.DataFrame], context: ReportContext, code: str, *, is_full: bool = False
) -> ProfileFile:
    """Return the profile of one neighbourhood.

    Parameters
    ----------
    tables
        Published tables by name.
    context
        Names, wording, dates, parameters and caveats.
    code
        Code of the neighbourhood.
    is_full
        Whether what a page folds away is unfolded, so that print holds it.

    Returns
    -------
    ProfileFile
        The same tables give the same bytes.

    Raises
    ------
    UsageError
        If there is no such neighbourhood.
    """
    report = ReportData(tables, context)
    if code not in report.position:
        raise unknown_place(code, [place.code for place in report.places])
    place = report.places[report.position[code]]
    builder = ProfileBuilder(report, Facts(report), max_maps=len(context.categories), is_alone=True)
    profile = builder.build_profile(place)
    locator = draw_locator(report, place)
    when = f"Timetables of {context.name_snapshot(context.latest)}"
    parts = [capitalise(profile.group_label)]
    parts += [f"{format_integer(place.population)} people"] if place.population > 0 else []
    parts += [f"code {place.code}", *([f"authority {place.authority}"] if place.authority else [])]
    html = render_profile(
        context,
        place.name,
        code,
        when,
        profile.source,
        body="profile_body.html.j2",
        lead=" · ".join(parts),
        vintage=f"{profile.vintage} {when}.".strip(),
        facts=profile.facts,
        locator=locator and locator.write_svg(f"Where {place.name} lies in {context.area_title}"),
        definitions=profile.definitions if profile.score_tables else None,
        caveats=profile.caveats,
        attributions=collect_attributions(report),
        profile=profile,
        unfolded=is_full,
    )
    return ProfileFile(html, tuple(profile.list_figures()))


def unknown_place(code: str, codes: Sequence[str]) -> UsageError:
    """Return the error for a code that is not there."""
    example = f" such as {codes[0]}" if codes else ""
    return UsageError(
        f"There is no neighbourhood '{code}' with a profile.", cure=f"Give the code of a neighbourhood,{example}."
    )


def render_profile(context: ReportContext, name: str, code: str, when: str, source: str, **values: object) -> str:
    """Return a page without anything outside it; in print each sheet says whose it is, and where it comes from.

    Parameters
    ----------
    context
        Names and wording.
    name, code
        Of the neighbourhood.
    when
        Date of the data in words.
    source
        Source line.
    **values
        What else the template needs.

    Returns
    -------
    str
        HTML.
    """
    style = (
        "\n".join((HERE / "static" / file).read_text(encoding="utf-8") for file in ("report.css", "series.css"))
        + build_profile_style()
    )
    environment = build_environment()
    environment.globals.update(context=context)
    template = environment.get_template("profile_file.html.j2")
    # both style sheets are the program's own, and texts within them are written as CSS strings
    return template.render(
        name=name,
        source=source,
        style=Markup(style),  # noqa: S704
        page_style=Markup(_build_page_style(f"{name} ({code})", when, source)),  # noqa: S704
        **values,
    )


def _build_page_style(head: str, when: str, source: str) -> str:
    foot = shorten_source(source)
    return (
        "@page { size: A4; margin: 18mm 14mm 18mm 14mm;"
        f" @top-left {{ content: {write_css_string(head)}; {SMALL} width: 65%; }}"
        f" @top-right {{ content: {write_css_string(when)}; {SMALL} }}"
        f" @bottom-left {{ content: {write_css_string(foot)}; {SMALL} width: 82%; }}"
        f' @bottom-right {{ content: counter(page) " of " counter(pages); {SMALL} }} }}\n'
        "@media print { header.site, footer.site { display: none; } }"
    )


SMALL = "font: 8pt Arial, 'Liberation Sans', sans-serif; color: #4a4a4a;"


def shorten_source(source: str) -> str:
    """Return the foot of a sheet: whole sentences of a source line, as many as fit; the first cut where it is long."""
    foot = ""
    for sentence in re.split(r"(?<=[.;]) ", source):
        longer = f"{foot} {sentence}".strip()
        if len(longer) > MAX_FOOT:
            break
        foot = longer
    return f"{foot.removesuffix(';')}." if foot.endswith(";") else foot or f"{source[: MAX_FOOT - 1].rstrip()}…"


def write_css_string(text: str) -> str:
    """Return a text as a CSS string: everything but plain letters, digits and a few signs as an escape."""
    plain = " ,.:;()-"
    body = "".join(
        character if (character.isascii() and character.isalnum()) or character in plain else f"\\{ord(character):x} "
        for character in text
    )
    return f'"{body}"'
