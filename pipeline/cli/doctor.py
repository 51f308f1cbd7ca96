"""``connectivity doctor`` looks for what a run would miss, in this installation and among the inputs of an area."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline.base.errors import PipelineError
from pipeline.base.load import ROOT, build_default_yaml, build_schema_json
from pipeline.base.locked import find_installed, list_locked

Level = Literal["ok", "note", "bad"]
LEAST_FREE_GB = 2
LEAST_MEMORY_GB = 2
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")
MAX_LAG_S = 86_400
"""A clock that lies so far before the files of this installation is wrong."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    name
        Stable, for programs.
    level
        ``ok``; ``note``: something optional is missing or doubtful; ``bad``: a run will fail.
    text
        What was found.
    cure
        What to do; blank where all is well.
    """

    name: str
    level: Level
    text: str
    cure: str = ""


def diagnose(folder: Path | None = None) -> list[Check]:
    """Check the installation.

    Parameters
    ----------
    folder
        Where runs are started; the current folder if absent.

    Returns
    -------
    list of Check
        In a fixed order.
    """
    here = folder or Path.cwd()
    return [
        _check_python(),
        *_check_packages(ROOT / "requirements.lock"),
        *_check_machine(here),
        _check_writable(here),
        _check_clock(),
        _check_zones(),
        *_check_programs(),
        *_check_generated(),
    ]


def _check_python() -> Check:
    python = sys.version_info
    text = f"Python {python.major}.{python.minor} (3.11 or newer is needed)"
    if python >= (3, 11):
        return Check("python", "ok", text)
    return Check("python", "bad", text, "Install Python 3.11 or newer and say make setup PYTHON=python3.12.")


def _check_packages(lock: Path) -> list[Check]:
    """Compare what is installed with the lock."""
    if not lock.is_file():
        return [Check("packages", "note", "there is no requirements.lock to compare with", "Fetch the project again.")]
    found: list[Check] = []
    n = 0
    for name, wanted in list_locked(lock):
        n += 1
        installed = find_installed(name)
        if installed is None:
            found.append(Check(f"package {name}", "bad", f"{name} is not installed", "Run: make setup"))
            continue
        if installed != wanted:
            text = f"{name} {installed} is installed, the lock says {wanted}"
            found.append(Check(f"package {name}", "note", text, "Run: make setup (results are tested with the lock)."))
    return found or [Check("packages", "ok", f"{n} packages as locked, numba {version('numba')} among them")]


def _check_machine(here: Path) -> list[Check]:
    free_gb = shutil.disk_usage(here).free / 1e9
    text = f"{free_gb:.0f} GB of disk free here ({LEAST_FREE_GB} are needed)"
    cure = "" if free_gb >= LEAST_FREE_GB else "Free some space, or work in a folder on another disk."
    found = [Check("disk", "bad" if cure else "ok", text, cure)]
    memory_gb = _find_free_memory_gb()
    if memory_gb is not None:
        text = f"{memory_gb:.1f} GB of memory free ({LEAST_MEMORY_GB} do for a town)"
        cure = "" if memory_gb >= LEAST_MEMORY_GB else "Close other programs, or use WORKERS=1."
        found.append(Check("memory", "note" if cure else "ok", text, cure))
    cache = os.environ.get("NUMBA_CACHE_DIR")
    if cache is not None and os.access(cache, os.W_OK):
        found.append(Check("compile cache", "ok", f"compile cache {cache}"))
    else:
        cure = "Set CONNECTIVITY_CACHE_DIR to a folder that you may write to."
        found.append(Check("compile cache", "bad", f"compile cache {cache or ''} cannot be written", cure))
    return found


def _find_free_memory_gb() -> float | None:
    """Return the memory that is free, gigabytes; None where the system does not say so."""
    path = Path("/proc/meminfo")
    if not path.is_file():
        return None
    match = re.search(r"^MemAvailable:\s+(\d+) kB", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return int(match.group(1)) / 1e6 if match else None


def _check_writable(here: Path) -> Check:
    for folder in (here, here / "outputs"):
        if not folder.is_dir():
            continue
        try:
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            cure = "Start from a folder that you may write to, or give yourself the right to."
            return Check("folder", "bad", f"nothing can be written to {folder}: {error.strerror}", cure)
    return Check("folder", "ok", "results can be written here")


def _check_clock(now: float | None = None) -> Check:
    """Compare the clock with the youngest file of the installation: make goes by times of files."""
    files = [*(ROOT / "pipeline" / "base").glob("*.py"), ROOT / "Makefile"]
    youngest = max(path.stat().st_mtime for path in files if path.is_file())
    present = time.time() if now is None else now
    shown = datetime.fromtimestamp(present, UTC).strftime("%Y-%m-%d %H:%M")
    if present < youngest - MAX_LAG_S:
        text = f"the clock says {shown} UTC, which is before the files of this installation were made"
        return Check("clock", "bad", text, "Set the clock: make compares times, and would run too much or too little.")
    return Check("clock", "ok", f"the clock says {shown} UTC")


def _check_zones() -> Check:
    try:
        ZoneInfo("Europe/London")
    except ZoneInfoNotFoundError:
        return Check("time zones", "bad", "the system has no time zones", "Run: make setup (it installs tzdata).")
    return Check("time zones", "ok", "time zones are known")


def _check_programs() -> list[Check]:
    is_there = bool(shutil.which("make"))
    cure = "" if is_there else "On Debian: apt-get install make."
    found = [Check("make", "ok" if is_there else "bad", f"make is {'here' if is_there else 'missing'}", cure)]
    browser = next((name for name in CHROMIUM if shutil.which(name)), None)
    text = f"{browser} is here, for profiles as PDF" if browser else "no Chromium, so no profiles as PDF"
    cure = "" if browser else "Optional. On Debian: apt-get install chromium."
    found.append(Check("chromium", "ok" if browser else "note", text, cure))
    git = bool(shutil.which("git"))
    text = "git is here" if git else "no git, so manifests do not name the commit"
    found.append(
        Check("git", "ok" if git else "note", text, "" if git else "Optional. On Debian: apt-get install git.")
    )
    try:
        found.append(Check("postgis", "ok", f"psycopg {version('psycopg')}, for publishing to PostGIS"))
    except PackageNotFoundError:
        found.append(Check("postgis", "note", "no psycopg, so no publishing to PostGIS", "Optional. Run: make setup"))
    return found


def _check_generated() -> list[Check]:
    found = []
    for name, text in (("default.yaml", build_default_yaml()), ("schema.json", build_schema_json())):
        path = ROOT / "config" / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            found.append(Check(name, "ok", f"config/{name} is current"))
        else:
            found.append(Check(name, "bad", f"config/{name} is missing or out of date", "Run: make docs"))
    return found


def diagnose_area(area: str, *, config: str | None, data: str | None) -> list[Check]:
    """Check the configuration and the inputs of an area.

    Parameters
    ----------
    area, config, data
        As of :func:`pipeline.base.load.load_project`.

    Returns
    -------
    list of Check
        Missing files, unknown coordinate systems, live sources without a key, dates without service.
    """
    from pipeline.base.load import load_project  # noqa: PLC0415 (what follows is heavy)
    from pipeline.cli.doctor_area import check_inputs  # noqa: PLC0415

    try:
        project = load_project(area, config=config, data=data)
    except PipelineError as error:
        return [Check("area", "bad", error.what, error.cure or "See config/schema.json.")]
    return [Check("area", "ok", f"{project.area_file} is a good area file"), *check_inputs(project)]
