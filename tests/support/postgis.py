"""A PostgreSQL cluster of its own, with PostGIS, for tests: from Debian's packages, under a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest


def find_programs() -> Path:
    """Return the folder of PostgreSQL's programs; skips the test where there is none, or no PostGIS."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    for folder in reversed(folders):
        control = Path("/usr/share/postgresql") / folder.parent.name / "extension" / "postgis.control"
        if (folder / "initdb").is_file() and control.is_file():
            return folder
    pytest.skip(
        "PostgreSQL with PostGIS is not installed (on Debian: apt-get install postgresql postgresql-15-postgis-3)"
    )


@contextmanager
def run_postgis() -> Iterator[str]:
    """Start a private cluster that listens on a socket only, and give the connection string of its administrator."""
    programs = find_programs()
    with TemporaryDirectory(prefix="pg") as name:
        folder = Path(name)
        user = _choose_user(folder)
        data = folder / "data"
        _run(user, programs / "initdb", "-D", data, "-U", "admin", "-A", "trust", "-E", "UTF8", "--no-sync", "-N")
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off -c max_connections=20"
        _run(user, programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield f"host={folder} user=admin dbname=postgres"
        finally:
            _run(user, programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")


def _choose_user(folder: Path) -> str | None:
    """PostgreSQL does not run as root: take its own user then, who must be able to enter the folder."""
    if os.getuid() != 0:
        return None
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("tests run as root and there is no user 'postgres' to run PostgreSQL as")
    shutil.chown(folder, "postgres")
    return "postgres"


def _run(user: str | None, *command: object) -> None:
    words = [str(word) for word in command]
    extra = {} if user is None else {"user": user, "group": user, "extra_groups": ()}
    done = subprocess.run(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=120, check=False, cwd="/", **extra
    )
    assert done.returncode == 0, done.stderr
