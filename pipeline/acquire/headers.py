"""What the headers of an answer say, whatever a server writes into them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

from pipeline.base.errors import FetchError

MAX_DIGITS = 300
FOREVER_S = 1e9


def find_length(headers: Mapping[str, str]) -> int | None:
    """Return the length of the body that an answer states.

    Parameters
    ----------
    headers
        Of the answer.

    Returns
    -------
    int or None
        Bytes; None where it states none, or nonsense.
    """
    text = headers.get("Content-Length", "").strip()
    return int(text) if _is_number(text) else None


def find_tag(headers: Mapping[str, str], name: str) -> str | None:
    """Return what tells a version, if it can be sent back as it came.

    Parameters
    ----------
    headers
        Of the answer.
    name
        ``ETag`` or ``Last-Modified``.

    Returns
    -------
    str or None
        None where there is none, or one with anything but the printable characters of ASCII.
    """
    text = headers.get(name, "").strip()
    return text if text and text.isascii() and text.isprintable() else None


def find_encoding(headers: Mapping[str, str]) -> str:
    """Return how a body is packed for the way, empty where it is not.

    Parameters
    ----------
    headers
        Of the answer.

    Returns
    -------
    str
        Such as ``gzip``, in small letters.
    """
    return headers.get("Content-Encoding", "").strip().lower().replace("identity", "")


def find_retry_after(headers: Mapping[str, str], now: dt.datetime) -> float | None:
    """Return how long a server asks to wait.

    Parameters
    ----------
    headers
        Of the answer; ``Retry-After`` is a number of seconds or a date.
    now
        The time.

    Returns
    -------
    float or None
        Seconds; None where it does not say, or says nonsense.
    """
    text = headers.get("Retry-After", "").strip()
    if _is_number(text):
        return min(float(text), FOREVER_S)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - now).total_seconds())


def follow_location(address: str, location: str, *, shown: str) -> str:
    """Return the address to which a server redirects.

    Parameters
    ----------
    address
        What was asked.
    location
        The header.
    shown
        The source's address without secrets, for the message.

    Returns
    -------
    str
        To be checked by the policy.

    Raises
    ------
    FetchError
        If it is no address.
    """
    try:
        return urljoin(address, location)
    except ValueError:
        raise FetchError(
            "The server redirects to something that is no address.",
            file=shown,
            cure="Try again later; if it stays so, tell the publisher.",
        ) from None


def _is_number(text: str) -> bool:
    """Tell whether a header is a whole number: the digits of ASCII alone, and no more than a number can have."""
    return text.isascii() and text.isdigit() and len(text) < MAX_DIGITS
