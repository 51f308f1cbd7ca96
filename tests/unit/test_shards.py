"""Answers as bytes, where they are kept, and questions cut into blocks."""

from __future__ import annotations

import io
import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.base.errors import ClusterError, StoppedError
from pipeline.routing import blocks
from pipeline.routing.blocks import cut_query, list_blocks
from pipeline.routing.decay import build_decay
from pipeline.routing.raptor import RangeQuery, compute_all_times
from pipeline.routing.window import DepartureWindow
from pipeline.stages import matrix_shards, shards
from pipeline.stages.cluster import _compare_versions
from pipeline.stages.matrix_shards import Asker, compute, open_work
from pipeline.stages.shards import (
    Job,
    Means,
    ShardStore,
    choose_most,
    decode_parts,
    describe_versions,
    encode_parts,
    is_whole,
    run_shards,
)
from tests.support.routing_worlds import make_network, make_world

PARTS = {
    "table": pd.DataFrame(
        {"code": ["a", "b", None], "empty": [None, None, None], "value": [1.5, np.nan, -0.0], "n": [1, 2, 3]}
    ),
    "times": np.arange(24, dtype=np.int32).reshape(2, 3, 4),
    "none": np.empty((0, 3)),
}


def test_answers_come_back_as_they_were_and_equal_ones_have_equal_bytes():
    data = encode_parts(PARTS)
    assert encode_parts({name: part.copy() for name, part in PARTS.items()}) == data
    back = decode_parts(data)
    assert list(back) == list(PARTS)
    pd.testing.assert_frame_equal(back["table"], PARTS["table"])
    for name in ("times", "none"):
        np.testing.assert_array_equal(back[name], PARTS[name])
        assert back[name].dtype == PARTS[name].dtype
    assert encode_parts(back) == data


def test_damage_anywhere_is_noticed():
    data = encode_parts(PARTS)
    assert is_whole(data)
    for at in range(0, len(data), 97):
        broken = bytearray(data)
        broken[at] ^= 1
        assert not is_whole(bytes(broken))
    for length in (0, 10, 50, len(data) - 1):
        assert not is_whole(data[:length])
        with pytest.raises(ValueError, match="damaged"):
            decode_parts(data[:length])


def test_arrays_of_objects_which_would_need_pickle_are_refused(tmp_path):
    with pytest.raises(ValueError, match="Object arrays"):
        encode_parts({"objects": np.array([{}, None], dtype=object)})
    stream = io.BytesIO()
    np.save(stream, np.array([{}], dtype=object), allow_pickle=True)
    whole = encode_parts({"x": np.zeros(1)})
    assert b"\x80\x04" in stream.getvalue()  # a pickle, which no part of ours ever is
    assert b"\x80\x04" not in whole


def test_a_store_gives_back_what_is_whole_and_forgets_on_demand(tmp_path):
    store = ShardStore(tmp_path / "shards")
    assert store.find("a") is None
    store.write("a", encode_parts(PARTS))
    assert store.get("a") == encode_parts(PARTS)
    (tmp_path / "shards" / "a.shard").write_bytes(b"cut short")
    assert store.find("a") is None
    with pytest.raises(LookupError):
        store.get("a")
    assert [path.name for path in (tmp_path / "shards").iterdir()] == ["a.shard"]
    store.remove()
    store.remove()
    assert not (tmp_path / "shards").exists()


def _make_job(folder: Path, **files: str) -> Job:
    return Job("matrix", {"a": 1}, folder, files)


def test_the_key_of_a_shard_depends_on_work_files_and_code_but_not_on_where_they_lie(tmp_path, monkeypatch):
    shard = {"starts": [0, 5]}
    key = _make_job(tmp_path, x="1").get_key(shard)
    assert _make_job(tmp_path / "elsewhere", x="1").get_key(shard) == key
    others = {
        _make_job(tmp_path, x="2").get_key(shard),
        _make_job(tmp_path, y="1").get_key(shard),
        Job("times", {"a": 1}, tmp_path, {"x": "1"}).get_key(shard),
        Job("matrix", {"a": 2}, tmp_path, {"x": "1"}).get_key(shard),
        _make_job(tmp_path, x="1").get_key({"starts": [0, 6]}),
    }
    monkeypatch.setattr(shards, "find_code", lambda stage: {"module": "changed"})
    others.add(_make_job(tmp_path, x="1").get_key(shard))
    assert len(others) == 6
    assert key not in others


def test_work_that_is_interrupted_keeps_what_is_done(tmp_path):
    job, store, done = _make_job(tmp_path), ShardStore(tmp_path / "shards"), []

    def stop_at_three(shard):
        if shard["n"] == 3:
            raise KeyboardInterrupt
        done.append(shard["n"])
        return {"n": np.array([shard["n"]])}

    contents = [{"n": n} for n in range(6)]
    run = {"means": Means(workers=1), "description": "numbers"}
    with pytest.raises(StoppedError, match="3 of 6 shards of numbers are kept") as stopped:
        list(run_shards(job, contents, store, here=stop_at_three, **run))
    assert stopped.value.exit_code == 130
    answers = run_shards(job, contents, store, here=lambda s: done.append(s["n"]) or {"n": np.array([s["n"]])}, **run)
    assert [int(parts["n"][0]) for parts in answers] == [0, 1, 2, 3, 4, 5]
    assert done == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("times_s", "n_left", "is_long"),
    [
        ([], 10_000, False),
        ([9.0], 10_000, False),  # the first one also reads and loads the kernels
        ([5.0, 0.1, 0.1, 0.1], 100, False),
        ([5.0, 0.1, 0.1, 0.1], 300, True),
        ([15.0, 15.0], 1, True),
    ],
)
def test_processes_are_started_for_long_work_only(times_s, n_left, is_long):
    assert shards._is_long(times_s, n_left) is is_long


def test_processors_are_shared_among_stages_that_run_at_a_time(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(6)), raising=False)
    assert [choose_most(n) for n in (0, 1, 2, 4, 9)] == [6, 6, 3, 1, 1]
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(64)), raising=False)
    assert choose_most() == 8


def test_other_versions_are_named_one_by_one():
    mine = describe_versions("matrix")
    _compare_versions(dict(mine), "matrix", "tcp://a:1")
    with pytest.raises(ClusterError, match=r"numpy: 1\.0 there") as error:
        _compare_versions({**mine, "numpy": "1.0"}, "matrix", "tcp://a:1")
    assert error.value.field == "tcp://a:1"
    assert error.value.exit_code == 5


# --- blocks of starts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_return", [False, True])
@pytest.mark.parametrize("max_changes", [None, 1])
def test_blocks_of_starts_put_together_are_the_whole(is_return, max_changes):
    for seed in range(8):
        query = _make_query(seed, is_return=is_return, max_changes=max_changes)
        whole = compute_all_times(query)
        for cuts in ([0, len(whole)], list(range(len(whole) + 1)), [0, 1, 1, len(whole)]):
            spans = list(itertools.pairwise(cuts))
            parts = [compute_all_times(cut_query(query, *span)) for span in spans]
            np.testing.assert_array_equal(np.concatenate(parts), whole)
    for span in ((-1, 1), (0, len(whole) + 1), (2, 1)):
        with pytest.raises(ValueError, match="do not lie within"):
            cut_query(query, *span)


def _make_query(seed: int, *, is_return: bool = False, max_changes: int | None = None) -> RangeQuery:
    world = make_world(seed)
    return RangeQuery(
        make_network(world),
        DepartureWindow(8 * 3600, 30, 5400),
        destinations=np.arange(len(world.egress), dtype=np.int32)[::-1].copy(),
        walk_s=np.array(world.walk, dtype=np.int32)[:, ::-1],
        max_changes=max_changes,
        is_return=is_return,
    )


def test_blocks_cover_every_start_once_and_stay_small():
    assert list_blocks(0, n_minutes=10) == []
    for n_starts, n_minutes, n_values in ((1, 1, 1), (1000, 1, 1), (33_755, 180, 4), (500, 120, 33_755), (3, 10**6, 1)):
        spans = list_blocks(n_starts, n_minutes=n_minutes, n_values=n_values)
        assert [start for first, end in spans for start in range(first, end)] == list(range(n_starts))
        for first, end in spans:
            assert end - first == 1 or (end - first) * n_minutes <= blocks.BLOCK_DEPARTURES
            assert end - first == 1 or (end - first) * n_values <= blocks.BLOCK_VALUES


FACTOR = build_decay("step", [900, 2700], cap_s=5400, parameter_s=600)
QUESTIONS = [
    ("percentiles", {"percentiles": (50.0, 25.0, 75.0)}),
    ("reliability", {}),
    ("ranks", {"k": 2}),
    ("opportunities", {"percentiles": (50.0, 75.0), "factor": FACTOR}),
    ("nearest", {}),
]


@pytest.mark.parametrize("is_return", [False, True])
@pytest.mark.parametrize(("what", "parameters"), QUESTIONS)
def test_a_question_in_blocks_has_the_same_answer_and_is_not_asked_twice(
    what, parameters, is_return, tmp_path, monkeypatch
):
    monkeypatch.setattr(matrix_shards, "BLOCKS_FROM", 0)
    monkeypatch.setattr(blocks, "BLOCK_DEPARTURES", 1)
    asked = []
    monkeypatch.setattr(
        matrix_shards, "compute", lambda query, *rest: asked.append(query.on_done is None) or compute(query, *rest)
    )
    for seed in (1, 2):
        query = _make_query(seed, is_return=is_return)
        if what == "opportunities":
            parameters = {**parameters, "weight": np.arange(len(query.destinations)) + 0.25}
        whole = compute(query, what, parameters)
        asker = Asker(Means(workers=1), tmp_path / "kept")
        asked.clear()
        answer = asker.ask(query, what, **parameters)
        is_cut = not (is_return and what in matrix_shards.WHOLE_IF_RETURN)
        assert asked == ([True] * len(whole_first(whole)) if is_cut else [False])
        asked.clear()
        again = asker.ask(query, what, **parameters)
        assert asked == ([] if is_cut else [False])
        for name, array in whole.items():
            np.testing.assert_array_equal(answer[name], array)
            np.testing.assert_array_equal(again[name], array)
            assert answer[name].dtype == array.dtype
        asker.remove()
        assert not (tmp_path / "kept").exists()


def whole_first(parts):
    """The first array of an answer: it has a row for each start."""
    return next(iter(parts.values()))


def test_what_another_process_reads_answers_the_same(tmp_path):
    query = _make_query(3)
    parameters = {"weight": np.arange(len(query.destinations)) + 0.5, "factor": FACTOR, "percentiles": (50.0,)}
    arrays = {name: parameters[name] for name in ("weight", "factor")}
    files = matrix_shards._write_job(query, arrays, tmp_path / "job")
    assert {"walk_s.npy", "destinations.npy", "weight.npy", "factor.npy", "network/con_dep_s.npy"} <= set(files)
    content = {
        "window": [query.window.start_s, query.window.n_minutes, query.window.cap_s],
        "max_changes": None,
        "is_return": False,
        "what": "opportunities",
        "arrays": sorted(arrays),
        "parameters": {"percentiles": [50.0]},
    }
    work = open_work(content, tmp_path / "job", n_threads=1)
    found = work({"starts": [0, query.network.n_origins]})["weight"]
    np.testing.assert_array_equal(found, compute(query, "opportunities", parameters)["weight"])
    without = replace(query, walk_s=None)
    assert "walk_s.npy" not in matrix_shards._write_job(without, {}, tmp_path / "job")
