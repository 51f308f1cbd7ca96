"""Declarations of the tables about a run: notices, windows, inputs."""

from __future__ import annotations

from pipeline.base.tables_model import (
    SNAPSHOT,
    Table,
)
from pipeline.base.tables_model import declare_column as _c

DECLARED: tuple[Table, ...] = (
    Table(
        "out_run__notices",
        "Notices about doubtful data",
        ("stage", "snapshot", "code", "file", "row", "field", "value", "detail"),
        (
            _c("stage", "text", "Stage that noted it."),
            _c("snapshot", "text?", "Snapshot concerned."),
            _c("code", "text", "Kind of notice."),
            _c("severity", "text", "How bad it is.", allowed=("info", "warning", "error")),
            _c("file", "text", "File."),
            _c("row", "int?", "Line of the file, its header counted.", minimum=0),
            _c("field", "text", "Column."),
            _c("value", "text", "What stood there."),
            _c("count", "int", "How many cases the row stands for.", minimum=0),
            _c("detail", "text", "Particulars."),
            _c("meaning", "text", "What the notice means."),
            _c("cure", "text", "What can be done."),
        ),
    ),
    Table(
        "out_run__service_window",
        "The 28 days over which each snapshot's service is counted, and why these",
        ("snapshot",),
        (
            SNAPSHOT,
            _c("snapshot_date", "text", "The snapshot's date, as YYYY-MM-DD."),
            _c("default_date", "text?", "Date that the default rule would choose from the timetable; null: none."),
            _c("begins_date", "text", "Monday on which the 28 days begin."),
            _c("first_date", "text", "First of them on which all feeds can be relied on."),
            _c("last_date", "text", "Last of them on which all feeds can be relied on."),
            _c("valid_from_date", "text", "First day on which all feeds can be relied on."),
            _c("valid_to_date", "text", "Last day on which all feeds can be relied on."),
            _c("n_weekdays", "int", "Weekdays over which means are taken.", minimum=0, maximum=20),
            _c("n_saturdays", "int", "Saturdays over which means are taken.", minimum=0, maximum=4),
            _c("n_sundays", "int", "Sundays over which means are taken.", minimum=0, maximum=4),
            _c("n_holidays", "int", "Public holidays among the 28 days; not in the means.", minimum=0),
            _c("n_out_of_term", "int?", "Weekdays out of term; in the means. Null: nothing is known of terms."),
            _c(
                "terms_basis",
                "text",
                "On what school terms rest: the area file, or usual ones of the nation, an approximation.",
                allowed=("none", "configured", "approximation"),
            ),
            _c("explanation", "text", "What was chosen and why."),
        ),
    ),
    Table(
        "out_run__inputs",
        "Inputs behind the hashes that the other tables carry",
        ("stage", "snapshot", "role", "path"),
        (
            _c("stage", "text", "Stage that read it."),
            _c("snapshot", "text?", "Snapshot concerned."),
            _c("result_hash", "text", "Hash of that stage's result."),
            _c("role", "text", "What it is used for; 'stage' for another stage's result."),
            _c("path", "text", "Path as configured, or the other stage."),
            _c("sha256", "text", "SHA-256 of the file, or the other stage's result hash."),
            _c("bytes", "int?", "Size, bytes.", minimum=0),
            _c("licence", "text", "Licence as stated where it was taken from."),
            _c("attribution", "text", "Whom to name."),
            _c("vintage", "text", "Date or census it belongs to."),
        ),
    ),
)
