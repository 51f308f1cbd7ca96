"""Read configuration files, merge them and say clearly what is wrong with them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from pipeline.base.area import Area
from pipeline.base.config import Settings, Visit
from pipeline.base.errors import ConfigError, InputError
from pipeline.base.live import resolve_input
from pipeline.base.near import suggest
from pipeline.base.registered import add_registered
from pipeline.base.yaml_files import compose_yaml, read_yaml

M = TypeVar("M", bound=BaseModel)
ROOT = Path(__file__).resolve().parents[2]


def _find_row(path: Path, location: tuple[int | str, ...]) -> int | None:
    """Return the line of a key in a YAML file, as far as the path of keys can be followed."""
    if not path.is_file():
        return None
    node = compose_yaml(path)
    row = None
    for step in location:
        found: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(step):
                    found, row = value, key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = node.value[step]
            row = found.start_mark.line + 1
        if found is None:
            break
        node = found
    return row


def check_model(model: type[M], content: dict[str, Any], path: Path, *, prefix: tuple[str, ...] = ()) -> M:
    """Check content against a model.

    Parameters
    ----------
    model
        A pydantic model.
    content
        Parsed YAML.
    path
        The file, for messages.
    prefix
        Keys above the content in that file.

    Returns
    -------
    BaseModel
        The checked model.

    Raises
    ------
    ConfigError
        Naming file, row, field and cure of the first problem, and how many more there are.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        first = problems[0]
        location = (*prefix, *first["loc"])
        field = ".".join(str(part) for part in location) or None
        more = f" ({len(problems) - 1} more problems in this file.)" if len(problems) > 1 else ""
        if first["type"] == "extra_forbidden":
            what, cure = "This key is unknown.", _suggest(model, first["loc"])
        elif first["type"] == "missing":
            what, cure = "This key is missing.", "Add it; config/schema.json describes every key."
        else:
            what = f"This value cannot be used: {first['msg']}."
            cure = "See config/schema.json for what may stand here."
        raise ConfigError(what + more, file=path, row=_find_row(path, location), field=field, cure=cure) from None


def _suggest(model: type[BaseModel], location: tuple[int | str, ...]) -> str:
    import difflib  # noqa: PLC0415 (only needed for an error message)

    names = sorted(_list_keys(model.model_json_schema()))
    close = difflib.get_close_matches(str(location[-1]), names, n=1)
    return f"Did you mean '{close[0]}'?" if close else "Remove it, or see config/schema.json for the keys that exist."


def _list_keys(schema: dict[str, Any]) -> set[str]:
    keys = set(schema.get("properties", {}))
    for part in schema.get("$defs", {}).values():
        keys |= set(part.get("properties", {}))
    return keys


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Merge nested mappings; what is null or no mapping in ``over`` replaces.

    Parameters
    ----------
    base, over
        Mappings; neither is changed.

    Returns
    -------
    dict
        The merged mapping.
    """
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


@dataclass(frozen=True)
class Project:
    """An area with its effective settings and its folders."""

    area: Area
    settings: Settings
    area_file: Path
    data: Path
    outputs: Path

    def resolve(self, path: str) -> Path:
        """Return the full path of an input named in the area file."""
        return resolve_input(path, data=self.data, outputs=self.outputs)


def find_area_file(area: str) -> Path:
    """Return the file of an area given by name or by path.

    Parameters
    ----------
    area
        ``newport``, or the path of a YAML file.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ConfigError
        If there is none; the message lists the areas that exist.
    """
    if area.endswith((".yaml", ".yml")):
        path = Path(area)
        if not path.is_file():
            raise ConfigError("This area file does not exist.", file=area, cure="Check the path.")
        return path
    folder = Path("config/areas") if Path("config/areas").is_dir() else ROOT / "config" / "areas"
    path = folder / f"{area}.yaml"
    if not path.is_file():
        names = sorted(p.stem for p in folder.glob("*.yaml"))
        cure = f"{suggest(area, names)}Areas that exist: {', '.join(names)}."
        raise ConfigError(f"There is no area '{area}'.", file=path, cure=cure)
    return path


def load_settings(config: str | None = None) -> dict[str, Any]:
    """Read the settings file as plain content.

    Parameters
    ----------
    config
        A file that overrides the defaults, or None.

    Returns
    -------
    dict
        Defaults merged with the file.
    """
    defaults = Settings().model_dump(mode="json")
    if config is None:
        return defaults
    over = read_yaml(Path(config))
    merged = merge(defaults, over)
    check_model(Settings, merged, Path(config))
    return merged


def load_project(
    area: str, *, config: str | None = None, data: str | None = None, outputs: Path | None = None
) -> Project:
    """Read an area and its effective settings.

    Parameters
    ----------
    area
        Name or path of the area file.
    config
        A file that overrides the defaults.
    data
        Folder of the inputs, in place of the area's own.
    outputs
        Parent of the area's output folder; ``outputs`` if absent.

    Returns
    -------
    Project
        Checked configuration.

    Raises
    ------
    ConfigError
        For anything wrong in the files.
    InputError
        If the data folder does not exist.
    """
    path = find_area_file(area)
    content = add_registered(read_yaml(path), path)
    checked = check_model(Area, content, path)
    settings = check_model(Settings, merge(load_settings(config), checked.settings), path, prefix=("settings",))
    _check_visits(checked, settings, path)
    folder = data or checked.data
    if folder is None:
        raise ConfigError(
            f"The area '{checked.name}' does not say where its data is.",
            file=path,
            field="data",
            cure=f"Say so on the command line: make all AREA={checked.name} DATA=<folder>",
        )
    if checked.data and not data and not Path(folder).is_dir() and (ROOT / folder).is_dir():
        folder = str(ROOT / folder)
    if not Path(folder).is_dir():
        raise InputError(
            "This data folder does not exist.", file=folder, cure="Give the right one with DATA= or --data."
        )
    return Project(checked, settings, path, Path(folder), (outputs or Path("outputs")) / checked.name)


def list_visits(area: Area, settings: Settings) -> dict[str, Visit]:
    """List the visits that are computed for an area: those whose category and kind of day it has.

    Parameters
    ----------
    area, settings
        The area and its settings.

    Returns
    -------
    dict
        Name to visit.
    """
    day_types = {window.day_type for window in settings.windows.values()}
    known = area.categories
    return {n: v for n, v in settings.visits.items() if v.category in known and v.day_type in day_types}


def _check_visits(area: Area, settings: Settings, path: Path) -> None:
    """Refuse a visit that cannot be computed, unless it is optional."""
    kept = list_visits(area, settings)
    for name, visit in settings.visits.items():
        if name in kept or visit.optional:
            continue
        has_category = visit.category in area.categories
        what = f"no window on a {visit.day_type}" if has_category else f"no category '{visit.category}'"
        raise ConfigError(
            f"The visit '{name}' cannot be computed: the area has {what}.",
            file=path,
            field=f"settings.visits.{name}",
            cure="Add a window of that kind of day, or change day_type."
            if has_category
            else f"Categories of this area: {', '.join(area.categories)}; or set optional: true.",
        )


def build_default_yaml() -> str:
    """Return the text of ``config/default.yaml``, generated from the models.

    Returns
    -------
    str
        YAML with a comment for every described setting.
    """
    lines = [
        "# Settings for every area. Generated from pipeline/base/config.py by `connectivity config schema --write`;",
        "# do not edit: override parts of it under `settings:` in an area file, or in a file of your own (CONFIG=).",
    ]
    _write_section(lines, Settings(), 0)
    return "\n".join(lines) + "\n"


def _write_section(lines: list[str], model: BaseModel, depth: int) -> None:
    pad = "  " * depth
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if field.description:
            lines.append(f"{pad}# {field.description}")
        if isinstance(value, BaseModel):
            lines.append(f"{pad}{name}:")
            _write_section(lines, value, depth + 1)
        else:
            plain = type(model).model_validate(model).model_dump(mode="json")[name]
            style = None if isinstance(plain, dict | list) and plain else False
            text = yaml.safe_dump(
                {name: plain}, sort_keys=False, allow_unicode=True, default_flow_style=style, width=100
            )
            lines.extend(pad + line for line in text.rstrip().splitlines())


def build_schema_json() -> str:
    """Return the text of ``config/schema.json``: JSON schemas of settings and area files.

    Returns
    -------
    str
        Indented JSON.
    """
    schema = {"settings": Settings.model_json_schema(), "area": Area.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
