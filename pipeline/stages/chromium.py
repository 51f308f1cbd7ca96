"""Prints a page to PDF with the Chromium of this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from pipeline.base.errors import ConfigError
from pipeline.base.io import write_bytes

VARIABLE = "CONNECTIVITY_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
TIMEOUT_S = 180
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
)
DATE = re.compile(rb"(/(?:CreationDate|ModDate) \(D:)\d{14}")
NO_DATE = b"20000101000000"


def find_chromium() -> str | None:
    """Return Chromium, or a browser made of it; None where this machine has none.

    Returns
    -------
    str or None
        The path in the environment variable CONNECTIVITY_CHROMIUM, else the first known name on the path.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return shutil.which(named)
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def print_pdf(html: str, out: Path) -> None:
    """Print a page that needs nothing outside it to PDF.

    Parameters
    ----------
    html
        The page.
    out
        The file; its dates are fixed, so that the same page and browser give the same bytes.

    Raises
    ------
    ConfigError
        If there is no Chromium, or it fails.
    """
    browser = find_chromium()
    if browser is None:
        named = os.environ.get(VARIABLE)
        what = f"{VARIABLE} names '{named}', which cannot be run" if named else "no Chromium was found on this machine"
        raise ConfigError(
            f"A PDF needs Chromium, but {what}.",
            field=VARIABLE,
            cure=f"Install it (Debian: apt-get install chromium), or name one in the variable {VARIABLE}; without "
            "--pdf the profile is written as HTML, which any browser prints.",
        )
    with tempfile.TemporaryDirectory(prefix="connectivity-") as folder:
        page, pdf = Path(folder) / "profile.html", Path(folder) / "profile.pdf"
        page.write_text(html, encoding="utf-8")
        root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        command = [browser, *FLAGS, *root, f"--user-data-dir={folder}/user", f"--print-to-pdf={pdf}", page.as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)  # noqa: S603
            said = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        except subprocess.TimeoutExpired:
            said = [f"no answer within {TIMEOUT_S} seconds"]
        if not pdf.is_file():
            raise ConfigError(
                f"Chromium ({browser}) did not print the page: {said[0]}",
                file=out,
                cure=f"Try another browser with the variable {VARIABLE}, or leave --pdf out and print the HTML.",
            )
        write_bytes(DATE.sub(rb"\g<1>" + NO_DATE, pdf.read_bytes()), out)
