"""One run of an area at a time."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.base.errors import UsageError
from pipeline.base.run_lock import LOCK_FILE, hold_area

HOLD = "import sys, time, pathlib; sys.path.insert(0, {root!r})\n"
HOLD += "from pipeline.base.run_lock import hold_area\n"
HOLD += "with hold_area(pathlib.Path({folder!r}), what='refresh here'):\n    print('held', flush=True); time.sleep(60)"


def test_a_second_run_is_told_who_holds_the_area_and_since_when(tmp_path: Path, root: Path) -> None:
    command = [sys.executable, "-c", HOLD.format(root=str(root), folder=str(tmp_path))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            about = json.loads((tmp_path / LOCK_FILE).read_text(encoding="utf-8"))
            expected = f"refresh here, process {process.pid}, since {about['started']}"
            with pytest.raises(UsageError, match=re.escape(expected)), hold_area(tmp_path, what="make all"):
                pass
            process.send_signal(signal.SIGKILL)
            process.wait()
            with hold_area(tmp_path, what="make all"):
                assert json.loads((tmp_path / LOCK_FILE).read_text(encoding="utf-8"))["pid"] == os.getpid()
        finally:
            process.kill()


def test_the_lock_is_given_back_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="inside"), hold_area(tmp_path / "new", what="make all"):
        raise ValueError("inside")
    with hold_area(tmp_path / "new", what="make all"):
        assert (tmp_path / "new" / LOCK_FILE).is_file()
