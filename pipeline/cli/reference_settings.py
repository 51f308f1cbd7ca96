"""Generated document: every key of settings, area files, scenario files and scoring files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pipeline.base.area import Area
from pipeline.base.config import Settings
from pipeline.base.scenario import Scenario
from pipeline.cli.reference_words import KEYS, UNITS, UNITS_OF_KEYS
from pipeline.scoring.spec import ScoringSpec

_BOUNDS = {"minimum": "≥ ", "exclusiveMinimum": "> ", "maximum": "≤ ", "exclusiveMaximum": "< "}
_TYPES = {"integer": "whole number", "boolean": "true or false", "string": "text", "null": "null", "number": "number"}
_PATTERNS = {r"^\d{1,2}:[0-5]\d$": "HH:MM", r"^#[0-9a-fA-F]{6}$": "colour, #rrggbb"}
_ROOTS: tuple[tuple[str, type[BaseModel], str], ...] = (
    (
        "Settings",
        Settings,
        "In `config/default.yaml` with their defaults; overridden under `settings:` of an area file, or in a file of your "
        "own (`CONFIG=`, `--config`).",
    ),
    ("Area files", Area, "`config/areas/<area>.yaml`: one area, its inputs and its words."),
    ("Scenario files", Scenario, "`config/scenarios/<name>.yaml`; [scenarios](../scenarios.md) explains them."),
    (
        "Scoring files",
        ScoringSpec,
        "`config/scoring/<name>.yaml`; [indicators](../indicators.md) lists those that ship.",
    ),
)


def list_models(annotation: Any) -> Iterator[type[BaseModel]]:
    """List the models that an annotation names, without those within them.

    Parameters
    ----------
    annotation
        Type of a field, or a model.

    Yields
    ------
    type of BaseModel
        In the order in which they stand.
    """
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for part in get_args(annotation):
        yield from list_models(part)


def find_meaning(model: type[BaseModel], key: str) -> str | None:
    """Find what a key means: its own description, else the words kept for the reference.

    Parameters
    ----------
    model
        The model that declares or inherits the key.
    key
        Its name in Python.

    Returns
    -------
    str or None
        None where nobody has said.
    """
    own = model.model_fields[key].description
    return own or KEYS.get(f"{model.__name__}.{key}") or KEYS.get(f"*.{key}")


def find_unit(model: type[BaseModel], key: str) -> str:
    """Find the unit of a number by the ending of its key; empty where it has none.

    Parameters
    ----------
    model
        The model that has the key.
    key
        Its name in Python.

    Returns
    -------
    str
        Such as ``km/h``.
    """
    named = UNITS_OF_KEYS.get(f"{model.__name__}.{key}")
    if named is not None:
        return named
    return next((unit for ending, unit in UNITS if key.endswith(ending)), "")


def build_settings_reference() -> str:
    """Return the page of all keys as Markdown, made from the models that check them.

    Returns
    -------
    str
        One part for each kind of file, one table for each model.
    """
    lines = [
        "# Configuration",
        "",
        "Generated from the models that check the files by `make docs`. An unknown key is an error that names file, row and",
        "cure. A key without default must be given. `config/schema.json` says the same to an editor that reads JSON schemas.",
    ]
    seen: set[type[BaseModel]] = set()
    for title, root, introduction in _ROOTS:
        lines += ["", f"## {title}", "", introduction]
        for model, path in _walk(root, ""):
            if model not in seen:
                seen.add(model)
                lines += ["", *_describe_model(model, path)]
    return "\n".join(lines) + "\n"


def _walk(model: type[BaseModel], path: str) -> Iterator[tuple[type[BaseModel], str]]:
    """List a model and those within it, each with the path of keys under which it stands first."""
    found = {model: path}
    queue = [model]
    while queue:
        current = queue.pop(0)
        yield current, found[current]
        for key, field in current.model_fields.items():
            for inner in list_models(field.annotation):
                if inner not in found:
                    found[inner] = f"{found[current]}{field.alias or key}{_repeat(field)}"
                    queue.append(inner)


def _repeat(field: FieldInfo) -> str:
    text = str(field.annotation)
    return ".<name>." if text.startswith("dict") else "[]." if text.startswith(("list", "tuple")) else "."


def _describe_model(model: type[BaseModel], path: str) -> list[str]:
    schema = model.model_json_schema()
    properties = schema["properties"]
    title = (model.__doc__ or model.__name__).strip().splitlines()[0].replace("``", "`")
    lines = [
        *([f"### {_split(model.__name__)}", "", f"Under `{path.rstrip('.')}`. {title}"] if path else [title]),
        "",
        "| key | type | default | unit | meaning |",
        "|---|---|---|---|---|",
    ]
    for key, field in model.model_fields.items():
        name = field.alias or key
        cells = (
            f"`{name}`",
            _describe_type(properties[name], schema.get("$defs", {})),
            _describe_default(field),
            find_unit(model, key),
            find_meaning(model, key) or "",
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return lines


def _split(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def _describe_default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "**required**"
    if isinstance(value, BaseModel):
        return "see there"
    if value is None or isinstance(value, bool):
        return {None: "`null`", True: "`true`", False: "`false`"}[value]
    if isinstance(value, dict) and any(isinstance(v, BaseModel) for v in value.values()):
        return ", ".join(f"`{name}`" for name in value)
    if isinstance(value, dict | list | tuple) and not value:
        return "none"
    if isinstance(value, list):
        return ", ".join(f"`{v}`" for v in value)
    if isinstance(value, dict):
        return ", ".join(f"`{k}: {'null' if v is None else v}`" for k, v in value.items()).replace("'", "")
    return "empty" if value == "" else f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _describe_type(node: dict[str, Any], definitions: dict[str, Any]) -> str:
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[-1]
        return (
            f"[{_split(name)}](#{_split(name).lower().replace(' ', '-')})"
            if "properties" in definitions.get(name, {})
            else _split(name)
        )
    for union in ("anyOf", "oneOf"):
        if union in node:
            parts = [_describe_type(part, definitions) for part in node[union]]
            return " or ".join(dict.fromkeys(parts))
    if "allOf" in node:
        return _describe_type(node["allOf"][0], definitions)
    if "const" in node:
        return f"`{node['const']}`"
    if "enum" in node:
        return ", ".join(f"`{value}`" for value in node["enum"])
    kind = node.get("type")
    if kind == "array":
        inner = node.get("items") or next(iter(node.get("prefixItems", [])), {})
        return f"list of {_describe_type(inner, definitions)}"
    if kind == "object":
        inner = node.get("additionalProperties")
        if not isinstance(inner, dict):
            inner = next(iter(node.get("patternProperties", {}).values()), None)
        return f"names to {_describe_type(inner, definitions)}" if isinstance(inner, dict) else "any keys"
    return _describe_plain(node)


def _describe_plain(node: dict[str, Any]) -> str:
    if node.get("format") == "date":
        return "date, YYYY-MM-DD"
    text = _PATTERNS.get(node.get("pattern", ""), _TYPES.get(str(node.get("type")), "anything"))
    bounds = [f"{sign}{node[name]:g}" for name, sign in _BOUNDS.items() if name in node]
    return ", ".join([text, *bounds])
