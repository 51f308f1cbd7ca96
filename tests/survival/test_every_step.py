"""Killed between any two changes of a file, publishing leaves a whole report behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.support.pipeline import ROOT, ProjectFolder

SEED = 20261124
N_STEPS = int(os.environ.get("CONNECTIVITY_KILLS", "30"))


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", ["the same version", "another version"])
def test_killed_at_any_step_of_publishing_the_last_report_is_whole(tiny_copy: ProjectFolder, kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.crash", str(tiny_copy.path), str(SEED), str(N_STEPS), kind],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout)  # noqa: T201
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) >= N_STEPS
    for result in results:
        assert result["code"] == 9, result
        assert "broken" not in result, result
        assert result["after"] == 0, result
        assert result["is_same"], result
        assert result["left"] == [], result
    shutil.rmtree(tiny_copy.path)
