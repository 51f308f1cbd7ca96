"""Write the file of registered snapshots, which stands beside the area file."""

from __future__ import annotations

from pathlib import Path

import yaml

from pipeline.base.io import write_text
from pipeline.base.registered import Registered, get_registered_path

_HEAD = """\
# Snapshots registered by `connectivity refresh`, which writes this file. Read it, keep it with the area file.
# state: accepted - used by every run; held - a check held it (note says why), `connectivity accept` takes it after all;
# superseded - a later timetable took its place; candidate - a refresh was stopped while trying it, the next goes on.
# docs/operations.md says more.
"""


def write_registered(found: Registered, area_file: Path) -> Path:
    """Write the registered snapshots of an area, whole or not at all, if they changed.

    Parameters
    ----------
    found
        What to write.
    area_file
        The area file.

    Returns
    -------
    pathlib.Path
        The file.
    """
    path = get_registered_path(area_file)
    plain = found.model_dump(mode="json", exclude_defaults=True)
    text = _HEAD + yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=110)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(text, path)
    return path
