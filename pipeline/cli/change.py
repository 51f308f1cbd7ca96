"""What the commands about change share."""

from __future__ import annotations

from pathlib import Path

import typer

from pipeline.base.cells import make_printable
from pipeline.base.io import write_text


def show(text: str, out: Path | None) -> None:
    """Print a result, or write it to a file.

    Parameters
    ----------
    text
        Without a line end at its end.
    out
        File to be written; None to print.
    """
    if out is None:
        typer.echo(make_printable(text, keep="\n"))
        return
    write_text(text + "\n", out)
    typer.echo(f"{out} is written.")
