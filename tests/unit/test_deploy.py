"""The ready-made units call what exists, and name nothing of any one machine."""

from __future__ import annotations

import configparser
from pathlib import Path

import yaml
from typer.testing import CliRunner

from pipeline.cli.main import app


def read_unit(path: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(path.read_text(encoding="utf-8"))
    return parser


def test_the_service_calls_refresh_and_is_fenced_in(root: Path) -> None:
    service = read_unit(root / "deploy/connectivity-refresh@.service")["Service"]
    assert service["ExecStart"].endswith("/connectivity refresh --area %i")
    assert service["Type"] == "oneshot"
    for key in ("User", "ProtectSystem", "MemoryMax", "Nice", "EnvironmentFile", "NoNewPrivileges"):
        assert service[key], key
    writable = {Path(part).relative_to("/srv/connectivity").as_posix() for part in service["ReadWritePaths"].split()}
    assert writable == {"data", "outputs", "config/areas", ".cache"}
    timer = read_unit(root / "deploy/connectivity-refresh@.timer")
    assert timer["Timer"]["Persistent"] == "true"
    assert timer["Install"]["WantedBy"] == "timers.target"


def test_the_workflow_and_the_cron_line_call_refresh(root: Path) -> None:
    workflow = yaml.safe_load((root / "deploy/github-refresh.yml").read_text(encoding="utf-8"))
    steps = workflow["jobs"]["refresh"]["steps"]
    assert any('connectivity refresh --area "$AREA" --json' in step.get("run", "") for step in steps)
    lines = (root / "deploy/crontab.example").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if line and not line.startswith("#")]
    assert len(line.split()[:5]) == 5
    assert "connectivity refresh --area newport" in line


def test_the_commands_exist() -> None:
    for command in ("refresh", "accept"):
        done = CliRunner().invoke(app, [command, "--help"])
        assert done.exit_code == 0, done.output
