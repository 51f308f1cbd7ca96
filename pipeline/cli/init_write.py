"""The text of a new area file: YAML with a comment above every part."""

from __future__ import annotations

import textwrap
from typing import Any

import yaml

Comments = dict[tuple[str, ...], list[str]]
WIDTH = 110


def write_commented(content: dict[str, Any], comments: Comments, *, head: list[str], tail: list[str]) -> str:
    """Write nested content as YAML, with comments.

    Parameters
    ----------
    content
        Mappings, lists, texts, numbers and dates.
    comments
        Keys from the top (members of lists share theirs) to the lines that stand above.
    head, tail
        Lines of comment at the beginning and at the end.

    Returns
    -------
    str
        YAML that reads back as the content.
    """
    lines = _comment(head)
    _write_mapping(lines, content, comments, (), 0)
    return "\n".join([*lines, *_comment(tail)]) + "\n"


def _comment(texts: list[str], pad: str = "") -> list[str]:
    lines = []
    for text in texts:
        inner = len(text) - len(text.lstrip(" -"))
        parts = textwrap.wrap(
            text, WIDTH, subsequent_indent=" " * inner, break_long_words=False, break_on_hyphens=False
        )
        lines += [f"{pad}# {part}".rstrip() for part in parts or [""]]
    return lines


def _write_mapping(
    lines: list[str], content: dict[str, Any], comments: Comments, above: tuple[str, ...], depth: int
) -> None:
    pad = "  " * depth
    for key, value in content.items():
        path = (*above, key)
        lines += _comment(comments.get(path, []), pad)
        if isinstance(value, dict) and value:
            lines.append(f"{pad}{_scalar(key)}:")
            _write_mapping(lines, value, comments, path, depth + 1)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            lines.append(f"{pad}{_scalar(key)}:")
            for item in value:
                below: list[str] = []
                _write_mapping(below, item, comments, path, depth + 2)
                at = next(i for i, line in enumerate(below) if not line.lstrip().startswith("#"))
                lines += [line[2:] for line in below[:at]]
                lines.append(f"{pad}  - {below[at].strip()}")
                lines += below[at + 1 :]
        else:
            lines.append(f"{pad}{_scalar(key)}: {_scalar(value)}")


def _scalar(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...").strip()
