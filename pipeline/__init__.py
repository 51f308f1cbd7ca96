"""Travel times, bus-service change and connectivity scores for neighbourhoods.

Importing the package points numba at a private compile cache inside the project (or at
``CONNECTIVITY_CACHE_DIR``), because a cache in a shared folder could be written by others.
"""

from __future__ import annotations

import os
from pathlib import Path

__version__ = "0.1.0"


def _set_numba_cache() -> None:
    """Keep compiled kernels in a private folder (mode 0700) unless the user chose another."""
    if "NUMBA_CACHE_DIR" in os.environ:
        return
    chosen = os.environ.get("CONNECTIVITY_CACHE_DIR")
    folder = Path(chosen) if chosen else Path(__file__).resolve().parent.parent / ".cache"
    folder = folder / "numba"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)  # also where it stood before: who can write there can run code as the user
    except OSError:
        return  # read-only installation: numba falls back to its own choice of folder
    os.environ["NUMBA_CACHE_DIR"] = str(folder)


_set_numba_cache()
