"""Bank holidays of the nations of the United Kingdom."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Final

import holidays

SUBDIVISIONS: Final = {"england": "ENG", "wales": "WLS", "scotland": "SCT", "northern_ireland": "NIR"}


@cache
def list_bank_holidays(nation: str, year: int) -> frozenset[date]:
    """List the bank holidays of a year.

    Parameters
    ----------
    nation
        A key of ``SUBDIVISIONS``.
    year
        Such as 2024.

    Returns
    -------
    frozenset of date
        Substitute days included.
    """
    return frozenset(holidays.country_holidays("GB", subdiv=SUBDIVISIONS[nation], years=year))
