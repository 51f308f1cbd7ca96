"""Area files with one defect each: refused with exit code 3, the row and the key."""

from __future__ import annotations

from pathlib import Path

from tests.hostile.case import Case, Rejected, Same

ROOT = Path(__file__).resolve().parents[2]
TINY = (ROOT / "config/test/tiny.yaml").read_text(encoding="utf-8")


def _case(name: str, text: str | bytes, expected: Rejected | Same, run: str = "config show") -> Case:
    def build(folder: Path) -> None:
        (folder / "area.yaml").write_bytes(text.encode() if isinstance(text, str) else text)

    arguments = (*run.split(), "--area", "area.yaml", "--data", str(ROOT / "data/sample"))
    return Case(f"config-{name}", build, expected, "area.yaml", "config", "pwned" if run == "rules" else "", arguments)


def _swap(
    name: str, old: str, new: str, words: str, key: str = "", *, has_row: bool = True, run: str = "config show"
) -> Case:
    assert old in TINY, old
    text = TINY.replace(old, new, 1)
    row = TINY[: TINY.index(old)].count("\n") + 1 + new[: len(new) - len(new.lstrip("\n"))].count("\n")
    return _case(name, text, Rejected(words, row if has_row else None, key, 3), run)


BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(9)
)
CASES = [
    _case("good", TINY, Same()),
    _case("byte-order-mark", "\ufeff" + TINY, Same()),
    _case("crlf", TINY.replace("\n", "\r\n"), Same()),
    _case("empty", "", Rejected("missing", None, "name", 3)),
    _case("a-list", "- a\n- b\n", Rejected("keys and values", None, "", 3)),
    _case("a-word", "area\n", Rejected("keys and values", None, "", 3)),
    _case("latin-1", TINY.replace("Saltmarsh", "Salzm\xe4rsch").encode("latin-1"), Rejected("not UTF-8", None, "", 3)),
    _case("utf-16", TINY.encode("utf-16"), Rejected("not UTF-8", None, "", 3)),
    _case("random-bytes", bytes(range(256)), Rejected("not UTF-8", None, "", 3)),
    _case("control-character", TINY + 'x: "\x07"\n', Rejected("U+0007", TINY.count("\n") + 1, "", 3)),
    _case("nul", TINY + "\x00", Rejected("U+0000", None, "", 3)),
    _case("ten-megabytes", TINY + "# " + "x" * 10_000_000, Rejected("larger than", None, "", 3)),
    _case("alias-bomb", BOMB, Rejected("unfold", None, "", 3)),
    _case("alias-of-itself", "name: &a [*a]\n", Rejected("contains itself", 1, "", 3)),
    _case("merge-bomb", "a: &a {k: v}\nb: {<<: [" + "*a," * 1000 + "]}\n", Rejected("merging", 2, "", 3)),
    _case("five-thousand-brackets", "name: " + "[" * 5000, Rejected("nests deeper", 1, "", 3)),
    _case("five-thousand-levels", "".join(" " * n + "a:\n" for n in range(200)), Rejected("nests deeper", None, "", 3)),
    _case("python-object", "name: !!python/object/apply:os.system [id]\n", Rejected("tag", 1, "", 3)),
    _case("python-name", "name: !!python/name:os.system\n", Rejected("tag", 1, "", 3)),
    _case("local-tag", "name: !include /etc/passwd\n", Rejected("tag", 1, "", 3)),
    _case("two-documents", TINY + "---\nname: b\n", Rejected("another document", None, "", 3)),
    _case("unclosed-quote", 'name: "tiny\n', Rejected("not valid YAML", None, "", 3)),
    _case("tab", "name:\n\tx: 1\n", Rejected("not valid YAML", 2, "", 3)),
    _case("list-as-key", "? [a, b]\n: 1\n", Rejected("a key must be", 1, "", 3)),
    _case("number-of-5000-digits", "name: " + "9" * 5000 + "\n", Rejected("cannot be read", 1, "", 3)),
    _case("bad-boolean", "name: !!bool maybe\n", Rejected("cannot be read", 1, "", 3)),
    _swap("key-twice", "name: tiny\n", "name: tiny\nname: other\n", "stands twice", has_row=False),
    _swap("unknown-key", "title: Saltmarsh", "titel: x\ntitle: Saltmarsh", "unknown", "titel"),
    _swap("date-of-no-calendar", "date: 2016-10-11", "date: 2016-02-31", "2016-02-31"),
    _swap("date-in-words", "date: 2016-10-11", "date: soon", "", "snapshots.0.date"),
    _swap("sunday", "date: 2016-10-11", "date: 2016-10-09", "no weekday", has_row=False),
    _swap("snapshots-out-of-order", "date: 2016-10-11", "date: 2025-10-07", "order", has_row=False),
    _swap("window-ends-first", '{start: "07:00", end: "07:30"}', '{start: "07:30", end: "07:00"}', "ends before"),
    _swap("time-without-quotes", '"07:30"', "7.5", "", "end", has_row=False),
    _swap("name-with-slash", "name: tiny", "name: ../../evil", "", "name"),
    _swap("name-with-escape", "name: tiny", 'name: "\\e[2J"', "", "name"),
    _swap("name-is-a-list", "name: tiny", "name: [a]", "", "name"),
    _swap("snapshot-with-slash", 'id: "2016"', 'id: "../2016"', "", "id"),
    _swap("feed-with-slash", "key: bus_council", "key: a/b", "", "key"),
    _swap("category-with-slash", "category: hospitals", "category: a/b", "", "category"),
    _swap(
        "streets-of-two-kinds",
        "  path: saltmarsh.osm.pbf",
        "  path: x\n  overpass: {north: 1, south: 0, east: 1, west: 0}",
        "either",
        has_row=False,
    ),
    _swap("number-for-list", "destinations:\n", "destinations: 5\nother:\n", "", "destinations", has_row=False),
    _swap("make-command", "timetables/2016/rail.zip", "'x;touch pwned'", "make", "path", has_row=False, run="rules"),
    _swap("make-backticks", "timetables/2016/rail.zip", "'x`touch pwned`'", "make", "path", has_row=False, run="rules"),
    _swap("make-line", "timetables/2016/rail.zip", '"x\\n\\ttouch pwned"', "make", "path", has_row=False, run="rules"),
    _swap(
        "walking-backwards", "settings:\n", "settings:\n  walking: {speed_kmh: -1}\n", "", "speed_kmh", has_row=False
    ),
    _swap(
        "walking-not-a-number",
        "settings:\n",
        "settings:\n  walking: {speed_kmh: .nan}\n",
        "",
        "speed_kmh",
        has_row=False,
    ),
]
