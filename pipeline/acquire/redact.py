"""Keep secrets out of everything that is written or shown."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, quote_plus, unquote, unquote_plus, urlencode, urlsplit, urlunsplit

HIDDEN = "***"
MAX_QUOTED = 3
SECRET_NAMES = frozenset({
    "access_token",
    "api_key",
    "app_id",
    "app_key",
    "appkey",
    "auth_token",
    "authtoken",
    "client_secret",
    "jwt",
    "passwd",
    "pwd",
    "subscription_key",
    "x-api-key",
    "api-key",
    "apikey",
    "auth",
    "key",
    "password",
    "secret",
    "sig",
    "signature",
    "subscription-key",
    "token",
    "uid",
    "x-amz-credential",
    "x-amz-security-token",
    "x-amz-signature",
    "x-goog-credential",
    "x-goog-signature",
})  # fmt: skip
LIBRARY_LOGS = ("urllib3.connectionpool", "requests")


def strip_secrets(address: str, *, keys: Iterable[str] = ()) -> str:
    """Return an address without user name, password, fragment and secret parameters.

    Parameters
    ----------
    address
        Any address.
    keys
        Values that must not be shown, whatever the parameter is called.

    Returns
    -------
    str
        What may be written down.
    """
    hidden = {key for key in keys if key}
    try:
        parts = urlsplit(address)
    except ValueError:
        return "(an address that cannot be read)"
    netloc = parts.netloc.rpartition("@")[2]
    kept = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if name.lower() not in SECRET_NAMES and value not in hidden
    ]
    plain = urlunsplit((parts.scheme, netloc, parts.path, urlencode(kept, safe="/:,*"), ""))
    return redact(plain, hidden)


def redact(text: str, keys: Iterable[str]) -> str:
    """Replace every occurrence of a key in a text, plain or quoted.

    Parameters
    ----------
    text
        Any text.
    keys
        What must not be shown.

    Returns
    -------
    str
        The text with ``***`` in place of keys.
    """
    for key in keys:
        if key:
            for form in {key, quote(key, safe=""), quote_plus(key)}:
                text = text.replace(form, HIDDEN)
    return text


def carries_key(address: str, keys: Iterable[str]) -> bool:
    """Tell whether a key stands in an address, however it is quoted.

    Parameters
    ----------
    address
        Any address.
    keys
        Secrets.

    Returns
    -------
    bool
        True if it does.
    """
    forms, text = {address}, address
    for _ in range(MAX_QUOTED):
        forms |= {unquote_plus(text), unquote(text)}
        text = unquote(text)
    return any(key and key in form for key in keys for form in forms)


class DropRequestLines(logging.Filter):
    """The HTTP library logs the path of every request, keys included; nothing of it is passed on."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002, D102 (the library's signature)
        return False


def silence_library_logs() -> None:
    """Drop what the HTTP library would log: it shows whole addresses."""
    for name in LIBRARY_LOGS:
        logger = logging.getLogger(name)
        if not any(isinstance(f, DropRequestLines) for f in logger.filters):
            logger.addFilter(DropRequestLines())
