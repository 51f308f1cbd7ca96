"""Model of the part of an area file that says how new timetables become snapshots by themselves."""

from __future__ import annotations

import datetime as dt
import re

from pydantic import Field, field_validator

from pipeline.base.config import Model


class RefreshOptions(Model):
    """How snapshots are registered when new timetables arrive (`make refresh`)."""

    label: str = Field(
        "%-d %B %Y", description="how charts name a registered snapshot: its date in the codes of strftime"
    )
    id_format: str = Field(
        "%G-W%V", description="name of a registered snapshot: its date in the codes of strftime; b, c, ... where taken"
    )
    keep: int | None = Field(
        None, ge=1, description="how many registered snapshots are used, the latest; null: all of them"
    )

    @field_validator("label", "id_format")
    @classmethod
    def _checked(cls, value: str) -> str:
        if "%" not in value:
            raise ValueError(f"{value!r} holds no date: write codes of strftime, such as %Y-%m-%d")
        return value

    @field_validator("id_format")
    @classmethod
    def _nameable(cls, value: str) -> str:
        made = dt.date(2001, 1, 1).strftime(value)
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", made):
            raise ValueError(f"{value!r} gives names such as {made!r}: use letters, digits and - _ . alone")
        return value
