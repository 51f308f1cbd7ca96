"""What a scoring file may say: indicators, domains, weights, anchors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.base.errors import ConfigError

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
UNREACHABLE = ("no_route", "over_limit")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Anchors(_Strict):
    """Two fixed values between which the absolute index runs from 100 to 0."""

    best: float = Field(description="value that gives 100, in the indicator's unit")
    worst: float = Field(description="value that gives 0")

    @model_validator(mode="after")
    def _check(self) -> Anchors:
        if self.best == self.worst:
            raise ValueError("best and worst must differ")
        return self


class Domain(_Strict):
    """A group of indicators that share a weight."""

    label: str = Field(description="name in the report")
    weight: float = Field(ge=0, description="weight of the whole domain")


class Indicator(_Strict):
    """One indicator: where its value stands and how it counts."""

    name: Name
    label: str = Field(description="name in the report")
    definition: str = Field(description="a sentence that says what is measured")
    caveat: str = Field("", description="a sentence that says what it does not tell")
    table: str = Field(description="published table")
    column: str = Field(description="column of the value")
    filters: dict[str, str | int | float] = Field(default_factory=dict, description="column to value of the rows meant")
    unit: str = Field(description="unit of the value, such as s or runs per day")
    worse: Literal["high", "low"] = Field(description="which end is worse")
    domain: Name
    weight: float = Field(1.0, ge=0, description="weight within the domain")
    nulls: Literal["unreachable", "missing"] = Field(
        description="unreachable: a null whose reason is no_route or over_limit is the worst and ties with its like; "
        "missing: a null is no data and is not ranked"
    )
    transformation: Literal["exponential", "rank", "anchors"] = Field(
        "exponential",
        description="exponential: that of the Indices of Deprivation on ranks; rank: 100 R; anchors: 100 minus the "
        "absolute index, which can be followed over time",
    )
    anchors: Anchors | None = Field(None, description="fixed anchors of the absolute index")
    source: str = Field("", description="where the measure comes from: a publication or a standard")
    limit: float | None = Field(
        None, gt=0, description="value beyond which people are counted as too far, in the indicator's unit"
    )

    @model_validator(mode="after")
    def _check(self) -> Indicator:
        if self.anchors is not None and (self.anchors.best < self.anchors.worst) != (self.worse == "high"):
            raise ValueError(f"the anchors of {self.name} run against worse: {self.worse}")
        if self.transformation == "anchors" and self.anchors is None:
            raise ValueError(f"{self.name} is transformed by anchors but has none")
        return self


class Uncertainty(_Strict):
    """How weights are varied to see how much ranks depend on them."""

    n_draws: int = Field(1000, ge=0, le=100_000, description="draws of weights")
    concentration: float = Field(
        30.0, gt=0, description="concentration of the Dirichlet distribution around the stated weights; higher: nearer"
    )
    partial_left_out: float = Field(
        0.5, ge=0, le=1, description="probability that a draw leaves out an indicator that rests on partial coverage"
    )
    seed: int = Field(20240101, ge=0, description="seed of the random numbers")


class ScoringSpec(_Strict):
    """A scoring file."""

    name: Name
    label: str = Field("Connectivity score", description="name of the score in the report")
    description: str = Field("", description="a sentence that says what the score is for")
    exponent: float = Field(23.0, gt=0, description="constant of the exponential transformation")
    min_weight_share: float = Field(
        0.5, ge=0, le=1, description="least share of the weights with data for a neighbourhood to have a score"
    )
    uncertainty: Uncertainty = Field(default_factory=Uncertainty)
    domains: dict[Name, Domain]
    indicators: tuple[Indicator, ...]

    @model_validator(mode="after")
    def _check(self) -> ScoringSpec:
        names = [indicator.name for indicator in self.indicators]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"indicators declared twice: {', '.join(doubled)}")
        unknown = sorted({i.domain for i in self.indicators} - set(self.domains))
        if unknown:
            raise ValueError(f"domains not declared: {', '.join(unknown)}")
        return self


def build_spec(content: Mapping[str, object], *, file: str = "") -> ScoringSpec:
    """Check the content of a scoring file.

    Parameters
    ----------
    content
        Parsed YAML.
    file
        Its name, for the message.

    Returns
    -------
    ScoringSpec
        The checked specification.

    Raises
    ------
    ConfigError
        A key is unknown, missing or wrong; the first such key is named.
    """
    try:
        return ScoringSpec.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"the scoring file is wrong: {first['msg']}",
            file=file or None,
            field=field or None,
            cure="Correct the key; the model ScoringSpec lists what may stand there.",
        ) from error
