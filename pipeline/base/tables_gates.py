"""Declaration of the table of gates on the run; :mod:`pipeline.base.tables` takes it in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.base.run_gates import MEANINGS

if TYPE_CHECKING:
    from pipeline.base.tables import Table


def build_gate_tables() -> tuple[Table, ...]:
    """Return the declaration.

    Returns
    -------
    tuple of Table
        Gates on the run.
    """
    from pipeline.base.tables import Table, _c  # noqa: PLC0415 (takes in this one)

    return (
        Table(
            "out_run__gate",
            "Gates that the run passed before it was published, and what somebody accepted",
            ("gate", "subject"),
            (
                _c("gate", "text", "Gate.", allowed=tuple(MEANINGS)),
                _c("subject", "text", "Table, snapshot or category that was judged; 'all' for the whole run."),
                _c(
                    "value",
                    "float?",
                    "What was found; null for gates that compare with the last accepted run and were passed: what was "
                    "found then depends on that run, and stands in the change report.",
                ),
                _c("limit", "float?", "Limit."),
                _c("is_held", "bool", "Whether it lies beyond the limit, so that the run was held."),
                _c(
                    "is_accepted",
                    "bool",
                    "Whether somebody accepted it, for these results or for the same finding earlier.",
                ),
                _c("reason", "text", "Why it was accepted; empty where nothing was held."),
                _c("accepted_by", "text", "By whom."),
                _c("accepted_date", "text", "When, as YYYY-MM-DD."),
                _c("meaning", "text", "What the value is."),
            ),
        ),
    )
