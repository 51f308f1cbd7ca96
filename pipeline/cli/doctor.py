"""``connectivity doctor`` checks whether everything is here that a run needs."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipeline.base.load import ROOT, build_default_yaml, build_schema_json

PACKAGES = ("geopandas", "networkx", "numba", "numpy", "osmium", "osmnx", "pandas", "pandera", "polars", "pyarrow")
LEAST_FREE_GB = 2


def diagnose() -> list[tuple[str, bool]]:
    """Check the installation.

    Returns
    -------
    list of tuple
        A sentence, and whether it is good news.
    """
    python = sys.version_info
    found = [(f"Python {python.major}.{python.minor} (3.11 or newer is needed)", python >= (3, 11))]
    for package in PACKAGES:
        try:
            found.append((f"{package} {version(package)}", True))
        except PackageNotFoundError:
            found.append((f"{package} is not installed; run: make setup", False))
    free_gb = shutil.disk_usage(Path.cwd()).free / 1e9
    found.append((f"{free_gb:.0f} GB of disk free here ({LEAST_FREE_GB} are needed)", free_gb >= LEAST_FREE_GB))
    cache = os.environ.get("NUMBA_CACHE_DIR")
    is_writable = cache is not None and os.access(cache, os.W_OK)
    found.append((f"compile cache {cache}", is_writable))
    found.append(
        (f"make {'is here' if shutil.which('make') else 'is missing; install it'}", bool(shutil.which("make")))
    )
    for name, text in (("default.yaml", build_default_yaml()), ("schema.json", build_schema_json())):
        path = ROOT / "config" / name
        is_current = path.is_file() and path.read_text(encoding="utf-8") == text
        found.append((f"config/{name} {'is current' if is_current else 'is out of date; run: make docs'}", is_current))
    return found
