"""Compare the installed packages with a lock file, before anything is installed."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LOCK_LINE = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^]]*\])?==([^\s;\\]+)\s*(?:;\s*([^\\]+?))?\s*\\?$")


def list_locked(lock: Path) -> Iterator[tuple[str, str]]:
    """Yield the packages and versions of a lock file that hold for this Python and system."""
    from packaging.markers import Marker  # noqa: PLC0415 (absent before the first installation)

    for line in lock.read_text(encoding="utf-8").splitlines():
        match = LOCK_LINE.match(line)
        if match and (not match.group(3) or Marker(match.group(3)).evaluate()):
            yield match.group(1), match.group(2)


def find_installed(name: str) -> str | None:
    """Return the version of an installed package; None if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def list_differences(lock: Path) -> list[str]:
    """List where the installed packages are not those of a lock file.

    Parameters
    ----------
    lock
        Lines ``name==version``, with or without markers and hashes.

    Returns
    -------
    list of str
        One sentence each, in the order of the file; empty if everything is as locked.
    """
    pairs = [(name, wanted, find_installed(name)) for name, wanted in list_locked(lock)]
    return [
        f"{name} is not installed" if found is None else f"{name} {found} is installed, the lock says {wanted}"
        for name, wanted, found in pairs
        if found != wanted
    ]


def main(arguments: list[str]) -> int:
    """Say why packages must be installed; exit code 1 if they must.

    Parameters
    ----------
    arguments
        The lock file.

    Returns
    -------
    int
        0 if the installed packages are those of the lock.
    """
    lock = Path(arguments[0])
    try:
        differences = list_differences(lock)
    except ImportError:
        differences = ["its packages are not installed yet"]
    if differences:
        more = f" (and {len(differences) - 1} more)" if len(differences) > 1 else ""
        sys.stdout.write(f"{lock} is not satisfied: {differences[0]}{more}.\n")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
