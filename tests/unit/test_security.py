"""Rules that the code keeps: no pickle, no unsafe YAML, private cache, capped examples, harmless cells and lines."""

from __future__ import annotations

import ast
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from pipeline.base.cells import make_printable, neutralise_columns
from pipeline.base.csv_files import MAX_ROW_BYTES, iter_csv
from pipeline.base.errors import InputError
from pipeline.base.io import write_csv
from pipeline.base.notices import MAX_EXAMPLES, Notices
from pipeline.cli.documents import build_notice_list
from pipeline.cli.notice_examples import EXAMPLES
from pipeline.places.read_table import FILE_DOUBTFUL

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*(ROOT / "pipeline").rglob("*.py"), *(ROOT / "bench").rglob("*.py"), *(ROOT / "data").rglob("*.py")])
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "joblib"}
FORBIDDEN_CALLS = {
    "read_pickle",
    "to_pickle",
    "eval",
    "exec",
    "unsafe_load",
    "full_load",
    "load_all",
    "system",
    "popen",
}


def _find_unsafe(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names if a.name.partition(".")[0] in FORBIDDEN_MODULES]
        elif isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] in FORBIDDEN_MODULES:
            found.append(str(node.module))
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            keywords = {k.arg: k.value for k in node.keywords}
            whole = ast.unparse(node.func)
            if name in FORBIDDEN_CALLS or whole == "yaml.load":
                found.append(whole)
            flag = keywords.get("allow_pickle")
            if flag is not None and not (isinstance(flag, ast.Constant) and flag.value is False):
                found.append(f"{whole} with allow_pickle")
            shell = keywords.get("shell")
            if shell is not None and not (isinstance(shell, ast.Constant) and shell.value is False):
                found.append(f"{whole} with shell")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_pickle_no_shell_no_evaluated_text(path: Path) -> None:
    assert _find_unsafe(ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "code",
    ["import pickle", "from joblib import load", "pd.read_pickle(p)", "np.load(p, allow_pickle=True)", "yaml.load(t)",
     "subprocess.run(c, shell=True)", "eval(x)"],
)  # fmt: skip
def test_the_search_for_unsafe_calls_finds_them(code: str) -> None:
    assert _find_unsafe(ast.parse(code))


def test_the_compile_cache_is_private_even_where_it_was_open_before(tmp_path: Path) -> None:
    folder = tmp_path / "numba"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    code = (
        "import os; os.environ.pop('NUMBA_CACHE_DIR', None);"
        f"os.environ['CONNECTIVITY_CACHE_DIR'] = {str(tmp_path)!r};"
        "import pipeline; print(os.environ['NUMBA_CACHE_DIR'])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()) == folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_at_most_a_thousand_examples_of_a_code_and_complete_counts() -> None:
    notices = Notices()
    for row in range(5000):
        notices.add(FILE_DOUBTFUL, file="a.csv", row=row, value="x" * 10_000)
    frame = notices.to_frame()
    assert notices.counts() == {FILE_DOUBTFUL.code: 5000}
    assert len(frame) == MAX_EXAMPLES + 1
    assert frame["count"].sum() == 5000
    assert frame["value"].str.len().max() == 200


def test_published_csv_has_no_formulas_and_keeps_numbers(tmp_path: Path) -> None:
    frame = pd.DataFrame({"name": ["=1+1", "@x", "-5", "Bus -5"], "n": [-1, 2, 3, 4], "@t": ["\tx", "+a", "-", ""]})
    write_csv(frame, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "name,n,'@t\n'=1+1,-1,'\tx\n'@x,2,'+a\n-5,3,'-\nBus -5,4,\n"
    cells = neutralise_columns(pl.DataFrame({"id": ["=1", "-2", "+1e3", " =x", "a", None], "n": range(6)}))
    assert cells["id"].to_list() == ["'=1", "-2", "+1e3", "' =x", "a", None]


def test_an_error_shows_control_characters_instead_of_sending_them() -> None:
    text = str(InputError("no \x1b[2J\x9b2J\u202e", file="a\x07.csv", field="b\r", cure="c"))
    assert text == "no \\x1b[2J\\x9b2J\\u202e\n  where: a\\x07.csv, field b\\r\n  cure:  c"
    assert make_printable("Café, 10\xa0km – fine") == "Café, 10\xa0km – fine"


def test_a_quotation_mark_that_is_never_closed_does_not_fill_the_memory() -> None:
    def endless() -> object:
        yield b'a,b\n1,2\n3,"'
        while True:
            yield b"x,y\n" * 4_000_000

    with pytest.raises(InputError, match="without the end of a row") as error:
        list(iter_csv(endless(), where="a.csv"))  # type: ignore[arg-type]
    assert error.value.row == 3
    assert MAX_ROW_BYTES < 200 * 1024**2


def test_a_dollar_in_the_name_of_a_file_reaches_no_shell(tmp_path: Path) -> None:
    name = "x$(shell touch pwned)$(touch pwned).zip"
    text = (ROOT / "config/test/tiny.yaml").read_text().replace("timetables/2016/rail.zip", f"'{name}'")
    (tmp_path / "area.yaml").write_text(text)
    shutil.copytree(ROOT / "data/sample", tmp_path / "data/sample")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pipeline", "rules", "--area", "area.yaml", "--command", "echo RUN"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    (tmp_path / "Makefile").write_text(f"include {done.stdout.strip()}\n.PHONY: all\nall: $(MANIFESTS_timetables)\n")
    made = subprocess.run(
        ["make", "-k", "all"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert f"RUN missing data/sample/{name}" in made.stdout
    assert not (tmp_path / "pwned").exists()


def test_every_notice_of_the_list_has_an_example_and_a_cure() -> None:
    rows = [line for line in build_notice_list().splitlines() if line.startswith("| `")]
    codes = {line.split("`")[1] for line in rows}
    assert set(EXAMPLES) <= codes
    assert [line for line in rows if line.count(" | ") < 4 or not line.rstrip("|").split(" | ")[-1].strip()] == []
