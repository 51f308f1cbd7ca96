"""YAML that is not trusted: safe tags only, and bounds on size, nesting and what aliases unfold to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml

from pipeline.base.errors import ConfigError

T = TypeVar("T")
MAX_BYTES = 4 * 1024**2
MAX_DEPTH = 40
MAX_VALUES = 200_000
"""Most values after every alias is unfolded; a configuration of this project has a few hundred."""


class _Loader(yaml.SafeLoader):
    """Safe loader that refuses a key written twice, deep nesting and aliases that unfold without bound."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0
        self._n_values: dict[int, int] = {}
        self._kept: list[yaml.Node] = []

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        """Compose a node, and count the values that it unfolds to."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        start = event.start_mark
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise yaml.constructor.ConstructorError(None, None, f"it nests deeper than {MAX_DEPTH} levels", start)
        node = super().compose_node(parent, index)  # type: ignore[arg-type]
        self._depth -= 1
        if isinstance(event, yaml.AliasEvent):
            if id(node) not in self._n_values:
                raise yaml.constructor.ConstructorError(None, None, "a value contains itself", start)
        elif node is not None:
            self._kept.append(node)  # so that no other node takes its id
            self._n_values[id(node)] = self._count(node, start)
        return node

    def _count(self, node: yaml.Node, start: yaml.Mark) -> int:
        total = 1
        if isinstance(node, yaml.CollectionNode):
            parts = (
                node.value if isinstance(node, yaml.SequenceNode) else [part for pair in node.value for part in pair]
            )
            for part in parts:
                total += self._n_values[id(part)]
        if total > MAX_VALUES:
            raise yaml.constructor.ConstructorError(
                None, None, f"its aliases unfold to more than {MAX_VALUES:,} values", start
            )
        return total

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        """Construct a mapping whose keys are plain and differ."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key must be a plain word or number", key_node.start_mark
                )
            if key_node.tag == "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(
                    None, None, "merging with << is not supported: write the keys out", key_node.start_mark
                )
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002
        """Construct a value, or say where one stands that cannot be one, such as the 31st of February."""
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, OverflowError, TypeError, LookupError, AttributeError) as error:
            text = f"{str(node.value)[:50]!r} cannot be read as what it looks like ({error})"
            raise yaml.constructor.ConstructorError(None, None, text, node.start_mark) from None


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as handle:
            data = handle.read(MAX_BYTES + 1)
        text = data.decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError("This configuration file does not exist.", file=path, cure="Check the name.") from None
    except OSError as error:
        raise ConfigError(
            f"This configuration file cannot be opened: {error.strerror}.", file=path, cure="Check the path."
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"This file is not UTF-8 text: {error.reason}.", file=path, cure="Save it as UTF-8."
        ) from None
    if len(data) > MAX_BYTES:
        raise ConfigError(f"This file is larger than {MAX_BYTES:,} bytes.", file=path, cure="Check that it is yours.")
    return text


def compose_yaml(path: Path) -> yaml.Node | None:
    """Read the nodes of a YAML file, which know their lines.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    yaml.Node or None
        None for an empty file.

    Raises
    ------
    ConfigError
        As :func:`read_yaml`.
    """
    return _explain(path, lambda loader: loader.get_single_node())


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds a mapping.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    dict
        Its content; empty for an empty file.

    Raises
    ------
    ConfigError
        If it is missing or too large, is not YAML, has a key twice, a tag beyond YAML's own, or is no mapping; with the
        row.
    """
    content = _explain(path, lambda loader: loader.get_single_data())
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError("This file must hold keys and values.", file=path, cure="See config/default.yaml.")
    return content


def _explain(path: Path, read: Callable[[_Loader], T]) -> T:
    """Read with a loader, problems put into words."""
    text = _read_text(path)
    try:
        loader = _Loader(text)
        try:
            return read(loader)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        row = error.problem_mark.line + 1 if error.problem_mark else None
        raise ConfigError(
            f"This is not valid YAML: {error.problem}.", file=path, row=row, cure="Check indentation and quotes there."
        ) from None
    except yaml.reader.ReaderError as error:
        row = text.count("\n", 0, error.position) + 1
        raise ConfigError(
            f"This is not valid YAML: the character U+{ord(text[error.position]):04X} may not stand in it.",
            file=path,
            row=row,
            cure="Delete that character.",
        ) from None
    except RecursionError:
        raise ConfigError("This is not valid YAML: it nests too deep.", file=path, cure="Check its brackets.") from None
