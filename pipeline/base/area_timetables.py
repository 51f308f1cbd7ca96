"""Models of the parts of an area file that say how its timetables are to be taken: calendar and duplicates."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field, model_validator

from pipeline.base.config import Model

Nation = Literal["england", "wales", "scotland", "northern_ireland"]


class Term(Model):
    """Days on which schools are open, both ends included."""

    start: dt.date
    end: dt.date

    @model_validator(mode="after")
    def _ordered(self) -> Term:
        if self.end < self.start:
            raise ValueError(f"the term from {self.start} to {self.end} ends before it begins")
        return self


class Calendar(Model):
    """What is known of public holidays and school terms; without it nothing is assumed."""

    nation: Nation | None = Field(
        None, description="part of the United Kingdom whose bank holidays and usual school terms hold; null: none"
    )
    terms: list[Term] = Field(
        default_factory=list,
        description="school terms of the periods measured; absent: the nation's usual ones, an approximation",
    )
    max_shift_weeks: int = Field(
        0,
        ge=0,
        le=26,
        description="weeks that the 28 days may lie off the snapshot's date to keep out of holidays; 0: they hold it",
    )


class NearDuplicates(Model):
    """The same bus filed twice, some minutes apart, under two operators or in two feeds."""

    report: bool = Field(default=True, description="list them and say how many there are")
    remove: bool = Field(default=False, description="let them count once")
    minutes: int = Field(2, ge=0, le=15, description="how far apart first departures and last arrivals may be, minutes")

    @model_validator(mode="after")
    def _checked(self) -> NearDuplicates:
        if self.remove and not self.report:
            raise ValueError("near duplicates can be removed only if they are reported")
        return self


class Duplicates(Model):
    """Which record of a journey stays where it is listed more than once."""

    precedence: dict[str, list[str]] = Field(
        default_factory=dict,
        description="operator (name or code as filed; * for all others) to feeds, the best first",
    )
    near: NearDuplicates = Field(default_factory=NearDuplicates)

    def list_unknown(self, feeds: list[str]) -> list[str]:
        """List the feeds named that a snapshot does not have."""
        return sorted({feed for names in self.precedence.values() for feed in names} - set(feeds))
