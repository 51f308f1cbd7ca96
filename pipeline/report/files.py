"""Files that a report offers: compressed with reproducible bytes, and their size in words."""

from __future__ import annotations

import io
import zipfile

from pipeline.report.text import format_number

ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def zip_file(name: str, content: bytes) -> bytes:
    """Return a zip archive of one file; the same content gives the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression=zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        entry = zipfile.ZipInfo(name, ZIP_TIME)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, content)
    return target.getvalue()


def format_size(n_bytes: int) -> str:
    """Return the size of a file, ``12 kB`` or ``3.4 MB``."""
    if n_bytes < 1_000_000:
        return f"{max(n_bytes // 1000, 1)} kB"
    return f"{format_number(n_bytes / 1_000_000, 1)} MB"
