"""How much memory this process may use: the machine's, or less where a container or a control group says so."""

from __future__ import annotations

import os
from pathlib import Path

UNLIMITED = 1 << 60


def get_available_memory(root: Path = Path("/")) -> int:
    """Return the memory that can still be used.

    Parameters
    ----------
    root
        Where ``proc`` and ``sys`` are; another folder for tests.

    Returns
    -------
    int
        Bytes: what the machine has available, or what is left of the smallest limit of the control groups that this
        process is in; files that the kernel keeps in memory and can drop count as free.
    """
    return min(_read_machine(root), *(_read_group(folder) for folder in _list_groups(root)), UNLIMITED)


def _read_machine(root: Path) -> int:
    try:
        lines = (root / "proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        pages = os.sysconf("SC_PHYS_PAGES") if "SC_PHYS_PAGES" in os.sysconf_names else 0
        return pages * os.sysconf("SC_PAGE_SIZE") if pages > 0 else UNLIMITED
    found = next((line.split()[1] for line in lines if line.startswith("MemAvailable:")), None)
    return int(found) * 1024 if found else UNLIMITED


def _list_groups(root: Path) -> list[Path]:
    """List the folders of this process's control groups and of those above them (versions 1 and 2)."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, names, path = line.split(":", 2)
        if names not in {"", "memory"} and "memory" not in names.split(","):
            continue
        base = root / "sys/fs/cgroup" / ("memory" if names else "")
        parts = [part for part in path.split("/") if part not in {"", ".."}]
        found += [base.joinpath(*parts[:n]) for n in range(len(parts), -1, -1)]
    return found


def _read_group(folder: Path) -> int:
    limit = _read_number(folder / "memory.max", folder / "memory.limit_in_bytes")
    if limit is None or limit >= UNLIMITED:
        return UNLIMITED
    used = _read_number(folder / "memory.current", folder / "memory.usage_in_bytes") or 0
    return max(0, limit - max(0, used - _read_droppable(folder)))


def _read_number(*paths: Path) -> int | None:
    for path in paths:
        try:
            text = path.read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit():
            return int(text)
    return None


def _read_droppable(folder: Path) -> int:
    try:
        lines = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    values = dict(line.split() for line in lines if line.count(" ") == 1)
    return sum(int(values.get(name, 0)) for name in ("inactive_file", "active_file"))
