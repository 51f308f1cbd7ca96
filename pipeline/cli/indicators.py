"""Generated document: the indicators of the scoring files that ship."""

from __future__ import annotations

from pathlib import Path

from pipeline.base.load import ROOT
from pipeline.base.yaml_files import read_yaml
from pipeline.scoring.scores import compute_weights
from pipeline.scoring.spec import Indicator, ScoringSpec, build_spec


def build_indicator_list(folder: Path = ROOT / "config" / "scoring") -> str:
    """Return every scoring file with its indicators as Markdown.

    Parameters
    ----------
    folder
        Of the scoring files.

    Returns
    -------
    str
        One section a file, one part an indicator.
    """
    lines = [
        "# Indicators",
        "",
        "Generated from the files in `config/scoring/` by `make docs`. A weight is that of the whole score where every",
        "indicator has data; an indicator without any drops out and the others of its domain take its part.",
    ]
    for path in sorted(folder.glob("*.yaml")):
        spec = build_spec(read_yaml(path), file=str(path))
        lines += ["", f"## {spec.label} (`config/scoring/{path.name}`)", "", spec.description, "", *_list_domains(spec)]
        weights = compute_weights(spec, frozenset(i.name for i in spec.indicators))
        for indicator in spec.indicators:
            lines += ["", *_describe(indicator, weights.get(indicator.name, 0.0))]
    return "\n".join(lines) + "\n"


def _list_domains(spec: ScoringSpec) -> list[str]:
    rows = [f"| `{name}` | {domain.label} | {domain.weight:g} |" for name, domain in spec.domains.items()]
    draws = spec.uncertainty
    settings = [
        f"Constant of the exponential transformation: {spec.exponent:g}. A score needs data for",
        f"{spec.min_weight_share:.0%} of the weights. Rank intervals: {draws.n_draws:,} draws, concentration",
        f"{draws.concentration:g}; an indicator on partial coverage is left out of {draws.partial_left_out:.0%}.",
    ]
    return ["| domain | label | weight |", "|---|---|---|", *rows, "", *settings]


def _describe(indicator: Indicator, weight: float) -> list[str]:
    where = ", ".join(f"`{name}` = {value}" for name, value in indicator.filters.items())
    anchors = indicator.anchors
    facts = {
        "Definition": indicator.definition,
        "Does not tell": indicator.caveat,
        "Source": indicator.source,
        "Read from": f"`{indicator.table}`.`{indicator.column}`" + (f" where {where}" if where else ""),
        "Weight": f"{weight:.4f} of the score (domain `{indicator.domain}`); scale: {indicator.transformation}",
        "Worse": f"{indicator.worse} values, {indicator.unit}; a null is {indicator.nulls}",
        "Anchors": "" if anchors is None else f"100 at {anchors.best:g}, 0 at {anchors.worst:g} {indicator.unit}",
        "Too far beyond": "" if indicator.limit is None else f"{indicator.limit:g} {indicator.unit}",
    }
    return [
        f"### {indicator.label} (`{indicator.name}`)",
        "",
        *(f"- {term}: {text}" for term, text in facts.items() if text),
    ]
