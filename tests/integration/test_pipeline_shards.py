"""Travel times in shards: the same bytes from one process, several, a cluster, and after any interruption."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import psutil
import pytest

from pipeline.base.config import Opportunities
from pipeline.base.load import load_project
from pipeline.base.notices import Notices
from pipeline.routing import blocks
from pipeline.scoring.travel_time import build_small_area_times
from pipeline.stages import matrix_shards
from pipeline.stages.common import read_places
from pipeline.stages.shards import ShardStore
from pipeline.stages.times_shards import build_tables, build_work, list_shards
from pipeline.stages.work import SnapshotWork
from tests.support.cluster import LocalCluster, start_cluster, wait_until
from tests.support.pipeline import TINY, ProjectFolder, check_error, hash_files

RUN = ("run", "times", "--area", TINY, "--snapshot", "2016")
N_SHARDS = 25  # 18 cases, blocks of jobs for 4 of them, driving, 2 visits
SLOW = """
import time
from pipeline.cli.main import main
from pipeline.stages.work import SnapshotWork
quick = SnapshotWork.compute_times
def slow(self, *arguments):
    time.sleep(0.1)
    return quick(self, *arguments)
SnapshotWork.compute_times = slow
main()
"""
OTHER_VERSION = """
import pipeline.stages.shards as shards
shards.PACKAGES += ("dask",)
from pipeline.cli.main import main
main()
"""


EVERYTHING = """settings:
  nearest_k: {hospitals: 3}
  opportunities: {gentle: {decay: logistic}, choice: {diminishing: 1}}
"""


def _ask_everything(project: ProjectFolder) -> None:
    """Let the settings ask all that they can: ranks, ways of counting, deadlines (car times and visits are there)."""
    project.edit(TINY, "settings:\n", EVERYTHING)
    project.edit(TINY, "    weekday_am:\n", "    weekday_am:\n      arrive_by: {start: '08:50', end: '09:00'}\n")


def _hash(project: ProjectFolder) -> dict[str, str]:
    return hash_files(project.outputs() / "times" / "2016")


def _get_folder(project: ProjectFolder) -> Path:
    return project.outputs() / "times" / "2016" / "shards"


def _list_kept(project: ProjectFolder) -> list[Path]:
    return sorted(_get_folder(project).glob("*.shard"))


def _count_written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the key of every shard that is computed within this process."""
    written: list[str] = []
    write = ShardStore.write

    def note(self: ShardStore, key: str, data: bytes) -> None:
        written.append(key)
        write(self, key, data)

    monkeypatch.setattr(ShardStore, "write", note)
    return written


def _list_spawned(process: subprocess.Popen[str]) -> list[psutil.Process]:
    children = psutil.Process(process.pid).children()
    return [child for child in children if any("spawn_main" in word for word in child.cmdline())]


def _start_slowly(project: ProjectFolder, *arguments: str) -> subprocess.Popen[str]:
    """Start the stage with a pause in every shard of this one process, so that there is time to stop it."""
    return project.start([sys.executable, "-c", SLOW, *RUN, *arguments])


def _finish(process: subprocess.Popen[str], timeout_s: float = 300) -> tuple[int, str]:
    _, err = process.communicate(timeout=timeout_s)
    return process.returncode, err


# --- one process and several ------------------------------------------------------------------------------------------


def test_one_and_two_processes_give_the_bytes_of_make(
    tiny: ProjectFolder, tiny_copy: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for count in ("1", "2"):
        written = _count_written(monkeypatch)
        done = tiny_copy.call(*RUN, "--workers", count)
        assert done.returncode == 0, done.stderr
        assert len(set(written)) == len(written) == N_SHARDS
        assert _hash(tiny_copy) == _hash(tiny)
        assert not _get_folder(tiny_copy).exists()
        monkeypatch.undo()


def test_whatever_the_settings_ask_blocks_and_processes_change_no_byte(
    tiny: ProjectFolder, tiny_copy: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ask_everything(tiny_copy)
    hashes = []
    for count, most in (("1", 512), ("2", 512), ("2", 7)):
        monkeypatch.setattr(blocks, "MOST_STARTS", most)
        done = tiny_copy.call(*RUN, "--workers", count)
        assert done.returncode == 0, done.stderr
        hashes.append(_hash(tiny_copy))
    assert hashes[0] == hashes[1] == hashes[2]
    folders = [project.outputs() / "times/2016" for project in (tiny_copy, tiny)]
    asked = {f"out_neighbourhood__{name}" for name in ("opportunity", "nearest_rank")}
    before, after = ({path.stem for path in folder.glob("*.parquet")} for folder in reversed(folders))
    assert after - before == asked
    # what was asked besides leaves the rest as it is
    for name in ("car_time", "jobs", "visit"):
        ours, others = (pd.read_parquet(folder / f"out_neighbourhood__{name}.parquet") for folder in folders)
        pd.testing.assert_frame_equal(ours.drop(columns="network_hash"), others.drop(columns="network_hash"))


def test_the_shard_of_a_killed_process_is_done_by_another(tiny: ProjectFolder, tiny_copy: ProjectFolder) -> None:
    process = tiny_copy.start([sys.executable, "-m", "pipeline", *RUN, "--workers", "2"])
    wait_until(lambda: len(_list_spawned(process)) == 2, "two processes")
    victim = _list_spawned(process)[0]
    victim.suspend()  # it was given a shard, which it cannot answer now
    wait_until(lambda: len(_list_kept(tiny_copy)) == N_SHARDS - 1, "all shards but one")
    assert process.poll() is None
    victim.kill()
    code, err = _finish(process)
    assert code == 0, err
    assert _hash(tiny_copy) == _hash(tiny)


def test_blocks_of_small_areas_give_the_tables_of_all_at_once(
    tiny: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny.path)
    project = load_project(TINY)
    transit = project.settings.transit.model_copy(update={"max_changes": 1})
    asked = {
        "transit": transit,
        "visits": {},
        "nearest_k": {"hospitals": 2},
        "opportunities": {"choice": Opportunities(decay="gaussian", diminishing=1)},
    }
    project = replace(project, settings=project.settings.model_copy(update=asked))
    work = SnapshotWork(project, read_places(project), project.outputs / "network" / "2016")
    n_starts, keys = len(work.links.origin_vertex), {"snapshot": "2016", "network_hash": "x"}
    answer = build_work(work)
    found = []
    for most, n_blocks in ((1, n_starts), (5, -(-n_starts // 5)), (512, 1)):
        monkeypatch.setattr(blocks, "MOST_STARTS", most)
        shards = list_shards(work, Notices())
        outward = [case for case in work.list_cases() if case.direction == "outward"]
        kinds = Counter(shard["kind"] for shard in shards)
        n_reach = sum(case.is_cumulative for case in outward)
        assert kinds["pairs"] == n_blocks * len(outward)
        assert kinds["reach"] == n_blocks * n_reach > 0
        assert kinds["counted"] == kinds["reach"]
        n_ranked = sum(case.category == "hospitals" for case in outward)
        assert kinds["ranked"] == n_blocks * n_ranked > 0
        assert kinds["routes"] == n_ranked
        assert kinds["car"] == 1
        assert kinds["nearest"] == len(work.list_cases()) - len(outward) > 0
        found.append(build_tables(work, shards, (answer(shard) for shard in shards), keys))
    for name, table in found[0].items():
        pd.testing.assert_frame_equal(found[1][name], table)
        pd.testing.assert_frame_equal(found[2][name], table)
    case = work.list_cases()[0]
    whole, _ = build_small_area_times(work.compute(case))
    mine = found[0]["out_small_area__travel_time"].iloc[:n_starts]
    assert set(mine[["category", "window", "direction", "mode_set"]].itertuples(index=False, name=None)) == {
        tuple(case.keys.values())
    }
    # a column of texts that is empty in one case and not in another changes its kind when they are stacked
    columns = list(whole.columns)
    pd.testing.assert_frame_equal(mine[columns].fillna({"reason": ""}), whole.fillna({"reason": ""}), check_dtype=False)


# --- interrupted ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGKILL])
def test_after_an_interruption_only_what_is_missing_is_computed(
    tiny: ProjectFolder, tiny_copy: ProjectFolder, monkeypatch: pytest.MonkeyPatch, kind: signal.Signals
) -> None:
    process = _start_slowly(tiny_copy)
    wait_until(lambda: len(_list_kept(tiny_copy)) >= 5, "five shards")
    process.send_signal(kind)
    code, err = _finish(process)
    kept = {path.stem for path in _list_kept(tiny_copy)}
    assert 5 <= len(kept) < N_SHARDS
    if kind is signal.SIGINT:
        assert code == 130
        assert f"{len(kept)} of {N_SHARDS} shards of times 2016 are kept" in err
        assert err.startswith("stopped: ")
        assert "Run the same command to go on" in err
        assert "Traceback" not in err
    else:
        assert code == -signal.SIGKILL
    written = _count_written(monkeypatch)
    done = tiny_copy.call(*RUN)
    assert done.returncode == 0, done.stderr
    assert len(written) == N_SHARDS - len(kept)
    assert not kept & set(written)
    assert _hash(tiny_copy) == _hash(tiny)
    assert not _get_folder(tiny_copy).exists()
    assert tiny_copy.find_leftovers() == []


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_one_that_started_it(tiny_copy: ProjectFolder, kind: signal.Signals) -> None:
    process = tiny_copy.start([sys.executable, "-m", "pipeline", *RUN, "--workers", "2"])
    wait_until(lambda: len(_list_spawned(process)) == 2, "two processes")
    spawned = _list_spawned(process)
    process.send_signal(kind)
    code, err = _finish(process)
    assert code == (130 if kind is signal.SIGINT else -signal.SIGKILL), err
    gone, alive = psutil.wait_procs(spawned, timeout=60)
    assert len(gone) == 2
    assert alive == []


def test_a_damaged_shard_and_one_of_other_settings_are_not_used(
    tiny: ProjectFolder, tiny_copy: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = _start_slowly(tiny_copy)
    wait_until(lambda: len(_list_kept(tiny_copy)) >= 3, "three shards")
    process.kill()
    _finish(process)
    first, *others = _list_kept(tiny_copy)
    first.write_bytes(first.read_bytes()[:-1])
    written = _count_written(monkeypatch)
    assert tiny_copy.call(*RUN).returncode == 0
    assert len(written) == N_SHARDS - len(others)
    assert first.stem in written
    assert _hash(tiny_copy) == _hash(tiny)

    process = _start_slowly(tiny_copy)
    wait_until(lambda: len(_list_kept(tiny_copy)) >= 3, "three shards")
    process.kill()
    _finish(process)
    tiny_copy.edit(TINY, 'end: "07:30"', 'end: "07:20"')
    written.clear()
    assert tiny_copy.call(*RUN).returncode == 0
    assert len(written) == N_SHARDS
    assert _hash(tiny_copy) != _hash(tiny)


# --- what make does ---------------------------------------------------------------------------------------------------


def test_neither_workers_nor_cluster_make_anything_out_of_date(tiny_copy: ProjectFolder) -> None:
    assert tiny_copy.make_all("WORKERS=2") == []
    assert tiny_copy.make_all("CLUSTER=tcp://127.0.0.1:1") == []
    tiny_copy.edit(TINY, "settings:\n", "settings:\n  workers: 2\n  cluster: {address: 'tcp://127.0.0.1:1'}\n")
    assert tiny_copy.make_all() == []
    assert tiny_copy.plan() == {}


def test_make_hands_workers_and_cluster_to_the_stage_that_is_shared_out(tiny_copy: ProjectFolder) -> None:
    for unit in ("times/2016", "report"):
        (tiny_copy.outputs() / unit / "manifest.json").unlink()
    done = tiny_copy.make("-n", "all", "WORKERS=3", "CLUSTER=tcp://host:8786")
    lines = {line.split(" run ")[1].split()[0]: line for line in done.stdout.splitlines() if " run " in line}
    assert lines["times"].endswith("--cluster tcp://host:8786 --workers 3")
    assert not any("--workers" in line or "--cluster" in line for stage, line in lines.items() if stage != "times")


def test_options_that_do_not_fit_are_refused(tiny_copy: ProjectFolder) -> None:
    done = tiny_copy.call("run", "report", "--area", TINY, "--workers", "2")
    check_error(done, 2, where=None, field="--workers", words=("times",))
    done = tiny_copy.call(*RUN, "--cluster", "localhost")
    check_error(done, 2, where=None, field="--cluster", words=("tcp://host:8786",))


# --- connectivity matrix ----------------------------------------------------------------------------------------------


def _list_matrix(project: ProjectFolder, out: str, *options: str) -> list[str]:
    points = project.path / "points.csv"
    rows = pd.read_csv(project.path / "data/sample/small_areas.csv", dtype=str).iloc[:20]
    rows[["sa21cd", "easting", "northing"]].rename(columns={"sa21cd": "id"}).to_csv(points, index=False)
    feeds = [part for name in ("bus_council", "rail") for part in ("--gtfs", f"data/sample/timetables/2024/{name}.zip")]
    osm = ["--osm", "data/sample/saltmarsh.osm.pbf", "--origins", "points.csv", "--destinations", "points.csv"]
    return ["matrix", *feeds, *osm, "--date", "2024-10-08", "--time", "07:00", *options, "--out", out]


WITH_PAUSES = """
import time
from pipeline.cli.main import main
from pipeline.routing import blocks
from pipeline.stages import matrix_shards
quick = matrix_shards.compute
def slow(*arguments):
    time.sleep(0.1)
    return quick(*arguments)
matrix_shards.compute, matrix_shards.BLOCKS_FROM, blocks.MOST_STARTS = slow, 0, 2
main()
"""


def test_a_matrix_goes_on_after_a_stop(tiny_copy: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ("--window", "20", "--reliability")
    assert tiny_copy.call(*_list_matrix(tiny_copy, "whole.csv", *options)).returncode == 0
    process = tiny_copy.start([sys.executable, "-c", WITH_PAUSES, *_list_matrix(tiny_copy, "m.csv", *options)])
    folder = tiny_copy.path / ".m.csv.shards"
    wait_until(lambda: len(list(folder.glob("*.shard"))) >= 3, "three shards")
    process.send_signal(signal.SIGINT)
    code, err = _finish(process)
    kept = {path.stem for path in folder.glob("*.shard")}
    assert code == 130
    assert f"stopped: {len(kept)} of 10 shards of percentiles of all pairs are kept in .m.csv.shards" in err
    assert not (tiny_copy.path / "m.csv").exists()
    monkeypatch.setattr(matrix_shards, "BLOCKS_FROM", 0)
    monkeypatch.setattr(blocks, "MOST_STARTS", 2)
    written = _count_written(monkeypatch)
    assert tiny_copy.call(*_list_matrix(tiny_copy, "m.csv", *options)).returncode == 0
    assert not kept & set(written)
    assert len(written) % 10 == 10 - len(kept) % 10
    assert (tiny_copy.path / "m.csv").read_bytes() == (tiny_copy.path / "whole.csv").read_bytes()
    assert not folder.exists()


# --- a cluster --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """A scheduler with two workers, which share no files with the client."""
    with start_cluster(tmp_path_factory.mktemp("cluster")) as started:
        yield started


def _list_bundles(cluster: LocalCluster) -> list[Path]:
    found = cluster.folder.glob("worker*/dask-scratch-space/*/connectivity-*")
    return [path for path in found if "arriving" not in path.name]


@pytest.mark.timeout(600)
def test_a_cluster_gives_the_same_bytes_and_is_sent_the_network_once(
    tiny: ProjectFolder, tiny_copy: ProjectFolder, cluster: LocalCluster, tmp_path: Path
) -> None:
    """Also with a worker that was killed in the middle, and with one that came later."""
    process = tiny_copy.start([sys.executable, "-m", "pipeline", *RUN, "--cluster", cluster.address])
    wait_until(lambda: bool(_list_kept(tiny_copy)), "a shard")
    victim = cluster.workers[0]
    victim.send_signal(signal.SIGSTOP)  # it holds shards, which it cannot answer now
    try:
        wait_until(lambda: len(_list_kept(tiny_copy)) >= 10, "ten shards")
        assert process.poll() is None
    finally:
        victim.kill()  # a worker that stays stopped would hold up the tests that follow
    newcomer = cluster.add_worker()
    code, err = _finish(process)
    assert code == 0, err
    assert _hash(tiny_copy) == _hash(tiny)
    assert not _get_folder(tiny_copy).exists()
    assert newcomer.poll() is None

    before = {path: path.stat().st_mtime_ns for path in _list_bundles(cluster)}
    assert len({path.name for path in before}) == 1
    done = tiny_copy.run(*RUN, "--cluster", cluster.address)
    assert done.returncode == 0, done.stderr
    assert _hash(tiny_copy) == _hash(tiny)
    after = {path: path.stat().st_mtime_ns for path in _list_bundles(cluster)}
    assert before.items() <= after.items()


def test_whatever_the_settings_ask_a_cluster_gives_the_same_bytes(
    tiny_copy: ProjectFolder, cluster: LocalCluster
) -> None:
    _ask_everything(tiny_copy)
    hashes = []
    for means in (("--workers", "1"), ("--cluster", cluster.address)):
        done = tiny_copy.run(*RUN, *means)
        assert done.returncode == 0, done.stderr
        hashes.append(_hash(tiny_copy))
    assert hashes[0] == hashes[1]


def test_a_matrix_is_the_same_from_processes_and_from_a_cluster(
    tiny_copy: ProjectFolder, cluster: LocalCluster
) -> None:
    texts = []
    for question in (("--cumulative", "15,30"), ("--cumulative", "15,30", "--diminishing", "1")):
        texts.clear()
        for name, means in (("a", ()), ("b", ("--workers", "2")), ("c", ("--cluster", cluster.address))):
            done = tiny_copy.run(*_list_matrix(tiny_copy, f"{name}.csv", *question, *means))
            assert done.returncode == 0, done.stderr
            texts.append((tiny_copy.path / f"{name}.csv").read_bytes())
        assert texts[0] == texts[1] == texts[2]
    assert list(tiny_copy.path.glob(".*.shards")) == []


def test_a_worker_of_another_version_is_named(tiny_copy: ProjectFolder, cluster: LocalCluster) -> None:
    done = tiny_copy.execute([sys.executable, "-c", OTHER_VERSION, *RUN, "--cluster", cluster.address])
    check_error(done, 5, words=("tcp://127.0.0.1:", "dask: None there", "same checkout"))


def test_a_scheduler_that_cannot_be_reached_is_an_error_of_the_network(tiny_copy: ProjectFolder) -> None:
    done = tiny_copy.run(*RUN, "--cluster", "tcp://127.0.0.1:1")
    check_error(done, 5, field="tcp://127.0.0.1:1", words=("cannot be reached", "docs/cluster.md"))
    assert tiny_copy.plan() == {}
