"""``connectivity --help`` with the commands in groups, as plain text that fits 80 columns."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

RUN = "Runs of an area"
ASK = "Questions about an area"
FILES = "Your own files, without an area"
HOUSE = "Set-up and upkeep"
ORDER = (RUN, ASK, FILES, HOUSE)
MAX_TEXT = 200


class GroupedHelp(TyperGroup):
    """A group of commands whose help lists them under the headings with which they were registered."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands that are not hidden, group by group; those without a heading come last."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is None or command.hidden:
                continue
            panel = getattr(command, "rich_help_panel", None)
            heading = panel if isinstance(panel, str) else "Commands"
            groups.setdefault(heading, []).append((name, command.get_short_help_str(limit=MAX_TEXT)))
        width = max((len(name) for rows in groups.values() for name, _ in rows), default=0)
        for heading in (*ORDER, *(key for key in groups if key not in ORDER)):
            if heading in groups:
                with formatter.section(heading):
                    formatter.write_dl([(name.ljust(width), text) for name, text in groups[heading]])
