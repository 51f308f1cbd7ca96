"""Laws that changes in a published series obey."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.series_worlds import build_series, describe_change

laws = settings(max_examples=60, deadline=None, derandomize=True)
YEARS = range(2008, 2015)
runs = st.dictionaries(st.sampled_from(list(YEARS)), st.floats(0, 500).map(lambda v: round(v, 2)), min_size=1)
worlds = st.lists(runs, min_size=1, max_size=5).map(
    lambda rows: {**{f"A{i}": row for i, row in enumerate(rows)}, "Z": dict.fromkeys(YEARS, 10.0)}
)
ENDS = ("before_{}_runs_per_day", "after_{}_runs_per_day", "change_{}_runs_per_day", "change_{}_pct")


@laws
@given(worlds)
def test_the_low_end_of_a_range_is_never_above_the_high_end(world):
    frame = describe_change(build_series(world))
    for name in ENDS:
        known = frame.dropna(subset=name.format("low"))
        assert (known[name.format("low")] <= known[name.format("high")]).all()


@laws
@given(worlds)
def test_a_series_that_ends_as_it_began_has_not_changed(world):
    level = {code: dict.fromkeys(YEARS, next(iter(row.values()))) for code, row in world.items()}
    frame = describe_change(build_series(level))
    assert set(frame["change_direction"]) == {"unchanged"}
    assert not frame["is_interrupted"].any()


@laws
@given(worlds, st.integers(0, 4))
def test_taking_a_place_out_of_the_series_makes_it_unknown_and_changes_no_other(world, number):
    gone = sorted(set(world) - {"Z"})[number % (len(world) - 1)]
    before = describe_change(build_series(world)).assign(code=sorted(world)).set_index("code")
    after = describe_change(build_series(world, without=gone)).assign(code=sorted(world)).set_index("code")
    columns = [name.format(end) for name in ENDS for end in ("low", "high")]
    others = sorted(set(world) - {gone})
    assert before.loc[others, columns].equals(after.loc[others, columns])
    assert after.loc[gone, "change_direction"] == "unknown"
    assert after.loc[gone, "coverage_class"] == "missing"


@laws
@given(worlds, st.sampled_from([2009, 2010, 2011]))
def test_more_runs_in_a_baseline_year_never_make_a_change_look_better(world, year):
    rows = {code: {**dict.fromkeys((2009, 2010, 2011, 2014), 10.0), **row} for code, row in world.items()}
    more = {code: {**row, year: row[year] + 5.0} for code, row in rows.items()}
    one, two = (describe_change(build_series(w)) for w in (rows, more))
    for end in ("low", "high"):
        assert (two[f"change_{end}_runs_per_day"] <= one[f"change_{end}_runs_per_day"] + 1e-3).all()
