"""What somebody probably meant by a name that does not exist. Needs nothing but Python, so that make can ask it."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable

CLOSE = 0.6
MOST = 3


def list_near(asked: str, names: Iterable[str]) -> list[str]:
    """List the names that are like one that does not exist.

    Parameters
    ----------
    asked
        As somebody typed it.
    names
        Those that exist.

    Returns
    -------
    list of str
        At most three, the likest first; case does not matter.
    """
    by_folded: dict[str, str] = {}
    for name in names:
        by_folded.setdefault(name.casefold(), name)
    folded = asked.casefold()
    found = difflib.get_close_matches(folded, by_folded, n=MOST, cutoff=CLOSE)
    if len(folded) > 2:
        found += sorted(name for name in by_folded if name.startswith(folded) and name not in found)
    return [by_folded[name] for name in found[:MOST]]


def suggest(asked: str, names: Iterable[str]) -> str:
    """Return ``Did you mean ...? `` for the beginning of a cure; empty where nothing is like it.

    Parameters
    ----------
    asked
        As somebody typed it.
    names
        Those that exist.

    Returns
    -------
    str
        With a space at its end.
    """
    near = list_near(asked, names)
    return f"Did you mean {' or '.join(near)}? " if near else ""


def main(arguments: list[str]) -> int:
    """Refuse a target or a variable of make that does not exist.

    Parameters
    ----------
    arguments
        ``target`` or ``variable``, the name, and the names that exist.

    Returns
    -------
    int
        2; 0 for a variable like none of this project's, which may be meant for make itself.
    """
    kind, asked, *names = arguments
    likely = suggest(asked, names)
    if kind == "variable" and not likely:
        return 0
    sys.stderr.write(f"error: There is no {kind} '{asked}'.\n  cure:  {likely}make help lists the {kind}s.\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
