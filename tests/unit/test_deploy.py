"""The ready-made units call what exists, and name nothing of any one machine."""

from __future__ import annotations

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest
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


def test_systemd_takes_the_units(root: Path, tmp_path: Path) -> None:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not on this machine")
    program = tmp_path / "connectivity"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    units = []
    for kind in ("service", "timer"):
        text = (root / f"deploy/connectivity-refresh@.{kind}").read_text(encoding="utf-8")
        text = text.replace("/srv/connectivity/.venv/bin/connectivity", str(program))
        units.append(tmp_path / f"connectivity-refresh@newport.{kind}")
        units[-1].write_text(text, encoding="utf-8")
    done = subprocess.run([tool, "verify", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_folders_of_the_service_exist_before_it_is_fenced_in(root: Path) -> None:
    """A folder that is to be writable and does not exist ends a unit before it begins."""
    service = read_unit(root / "deploy/connectivity-refresh@.service")["Service"]
    made = {part for part in service["ExecStartPre"].split() if part.startswith("/srv/")}
    assert service["ExecStartPre"].startswith("+/usr/bin/install -d -o connectivity -g connectivity ")
    assert all(any(path == one or path.startswith(f"{one}/") for path in made) for one in _list_writable(service))


def _list_writable(service: configparser.SectionProxy) -> list[str]:
    return service["ReadWritePaths"].split()


@pytest.mark.parametrize(("code", "is_mailed"), [(0, False), (6, True)])
def test_the_cron_line_hands_on_the_key_keeps_both_logs_and_mails_failures_alone(
    root: Path, tmp_path: Path, code: int, is_mailed: bool
) -> None:
    lines = (root / "deploy/crontab.example").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if line and not line.startswith("#")]
    assert "%" not in line  # cron takes it for the end of a line
    program = tmp_path / ".venv/bin/connectivity"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\necho "summary $BODS_API_KEY"\necho details >&2\nexit {code}\n', encoding="utf-8")
    program.chmod(0o755)
    (tmp_path / "refresh.env").write_text("BODS_API_KEY=abc\n", encoding="utf-8")
    command = line.split(maxsplit=5)[5].replace("/srv/connectivity", str(tmp_path))
    done = subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"}
    )
    assert (tmp_path / "outputs/newport-runs.log").read_text(encoding="utf-8") == "summary abc\n"
    assert (tmp_path / "outputs/newport-details.log").read_text(encoding="utf-8") == "details\n"
    assert ("summary abc" in done.stdout and "details" in done.stdout) == is_mailed
    assert done.stdout != "" or not is_mailed
    assert done.stderr == ""


def test_the_workflow_can_commit_where_nothing_was_registered(root: Path) -> None:
    workflow = yaml.safe_load((root / "deploy/github-refresh.yml").read_text(encoding="utf-8"))
    (step,) = [one for one in workflow["jobs"]["refresh"]["steps"] if one.get("name", "").startswith("Commit")]
    assert step["run"].index("mkdir -p config/areas/registered") < step["run"].index("git add")
