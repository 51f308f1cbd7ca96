"""Snapshots that ``connectivity refresh`` registered: a file beside the area file, written by the machine.

``config/areas/<area>.yaml`` has its registered snapshots in ``config/areas/registered/<area>.yaml``, outside the
outputs, so that it survives ``make clean``, can be read before it is relied on, and lies under version control.
Every feed is pinned to a file of the archive by its hash.
"""

from __future__ import annotations

import datetime as dt
import os
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from pipeline.base.area import NAME, Area, Feed
from pipeline.base.config import Model
from pipeline.base.errors import ConfigError
from pipeline.base.yaml_files import read_yaml

State = Literal["candidate", "accepted", "held", "superseded"]
TRIAL = "CONNECTIVITY_TRIAL"
"""Environment variable: the candidate runs on past its own gate, only to learn what the gates on its run say."""
CANDIDATE = "CONNECTIVITY_CANDIDATE"
"""Environment variable: the registered snapshot that a refresh is trying out; stages take it in for once."""
_PINNED = r"^archived:[A-Za-z0-9_.-]+/[0-9a-f]{64}/[^/]+$"


class RegisteredFeed(Feed):
    """A timetable as it was fetched: the file of the archive, and what tells it from another."""

    path: str = Field(pattern=_PINNED)
    reference: str = Field(description="where it came from")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    naptan_sha256: str | None = None
    bytes: int = Field(ge=0)
    valid_from: dt.date
    valid_to: dt.date
    fingerprint: str = Field(pattern=r"^[0-9a-f]{64}$", description="of its typical week")
    basis: str = Field(description="what the fingerprint depends on beside the timetable, such as the holidays")

    @model_validator(mode="after")
    def _pinned(self) -> RegisteredFeed:
        if self.path.split("/")[1] != self.sha256:
            raise ValueError(f"feed {self.key}: path and sha256 name different files")
        return self


class Acceptance(Model):
    """Who took a held snapshot after all, and why."""

    reason: str = Field(min_length=1)
    by: str = Field(min_length=1)
    date: dt.date


class HeldReason(Model):
    """One gate that held a run."""

    gate: str
    subject: str
    value: float
    limit: float
    text: str


class HeldRun(Model):
    """The run with a new snapshot that the gates on whole runs held: the hash of its tables, and all reasons."""

    run: str = Field(pattern=r"^[0-9a-f]+$")
    reasons: list[HeldReason] = Field(min_length=1)


class RegisteredSnapshot(Model):
    """A snapshot that a refresh made."""

    id: str = Field(pattern=NAME)
    state: State
    date: dt.date
    label: str
    registered: dt.datetime = Field(description="when it was registered, UTC")
    feeds: list[RegisteredFeed] = Field(min_length=1)
    note: str = Field("", description="why it is held, or what took its place")
    losses: str = Field("", description="what its own gate, on operators and runs, held it for")
    held_run: HeldRun | None = Field(None, description="its run, where the gates on whole runs held that")
    limits: str = Field("", description="hash of the limits by which it was held; under others it is tried again")
    accepted: Acceptance | None = None


class Registered(Model):
    """All of an area, in the order in which they were registered."""

    area: str
    snapshots: list[RegisteredSnapshot] = Field(default_factory=list)

    @model_validator(mode="after")
    def _different(self) -> Registered:
        ids = [one.id for one in self.snapshots]
        if len(set(ids)) != len(ids):
            raise ValueError("two snapshots have the same id")
        return self

    def find(self, *states: State) -> RegisteredSnapshot | None:
        """Return the latest snapshot that is in one of some states, None if there is none."""
        return next((one for one in reversed(self.snapshots) if one.state in states), None)

    def replace(self, new: RegisteredSnapshot) -> Registered:
        """Return a copy in which a snapshot takes the place of the one of its name, or stands at the end."""
        found = [new if one.id == new.id else one for one in self.snapshots]
        is_known = any(one.id == new.id for one in self.snapshots)
        return self.model_copy(update={"snapshots": found if is_known else [*found, new]})

    def supersede(self, by: str, *states: State) -> Registered:
        """Return a copy in which every other snapshot in some states is superseded.

        Parameters
        ----------
        by
            The id of what takes their place; or words, where nothing does.
        *states
            Whose turn it is.

        Returns
        -------
        Registered
            The copy.
        """
        parts = [
            one.model_copy(update={"state": "superseded", "note": _join(one.note, f"superseded by {by}")})
            if one.state in states and one.id != by
            else one
            for one in self.snapshots
        ]
        return self.model_copy(update={"snapshots": parts})


def _join(first: str, second: str) -> str:
    return f"{first.rstrip('.')}; {second}" if first else second


def get_registered_path(area_file: Path) -> Path:
    """Return where the registered snapshots of an area stand.

    Parameters
    ----------
    area_file
        ``config/areas/<area>.yaml``.

    Returns
    -------
    pathlib.Path
        ``config/areas/registered/<area>.yaml``.
    """
    return area_file.parent / "registered" / f"{area_file.stem}.yaml"


def read_registered(area_file: Path, *, area: str) -> Registered:
    """Read the registered snapshots of an area.

    Parameters
    ----------
    area_file
        Its area file.
    area
        Its name.

    Returns
    -------
    Registered
        Empty where nothing was registered.

    Raises
    ------
    ConfigError
        If the file cannot be used, or belongs to another area.
    """
    path = get_registered_path(area_file)
    if not path.is_file():
        return Registered(area=area)
    cure = "Bring back the last version of this file from version control; connectivity refresh writes it."
    try:
        found = Registered.model_validate(read_yaml(path))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or None
        raise ConfigError(f"This value cannot be used: {first['msg']}.", file=path, field=field, cure=cure) from None
    if found.area != area:
        raise ConfigError(
            f"These snapshots are those of the area '{found.area}', not of '{area}'.",
            file=path,
            field="area",
            cure="Give every area a file of its own name.",
        )
    return found


def list_used(found: Registered, *, keep: int | None, candidate: str | None = None) -> list[RegisteredSnapshot]:
    """List the registered snapshots that a run uses.

    Parameters
    ----------
    found
        All of them.
    keep
        How many stay in use, the latest; None: all.
    candidate
        One that is being tried out, used whatever its state.

    Returns
    -------
    list of RegisteredSnapshot
        In order of their dates; of equal dates in the order in which they were registered.
    """
    used = [one for one in found.snapshots if one.state == "accepted" or one.id == candidate]
    used = sorted(used, key=lambda one: one.date)
    return used if keep is None else used[-keep:]


def add_registered(content: dict[str, Any], area_file: Path) -> dict[str, Any]:
    """Add the registered snapshots of an area to what its file says.

    Parameters
    ----------
    content
        The area file as read; returned as it is unless it has a section ``refresh``.
    area_file
        Where it was read from.

    Returns
    -------
    dict
        With more under ``snapshots`` and ``accepted``.

    Raises
    ------
    ConfigError
        If the file of registered snapshots cannot be used.
    """
    options, name = content.get("refresh"), content.get("name")
    snapshots, accepted = content.get("snapshots") or [], content.get("accepted") or []
    if not isinstance(options, dict) or not isinstance(name, str):
        return content
    if not isinstance(snapshots, list) or not isinstance(accepted, list):
        return content  # the model of the area says what is wrong with them
    keep = options.get("keep")
    found = read_registered(area_file, area=name)
    used = list_used(
        found, keep=keep if isinstance(keep, int) and keep > 0 else None, candidate=os.environ.get(CANDIDATE)
    )
    taken = {str(one.get("id")) for one in snapshots if isinstance(one, dict)}
    if clash := next((one.id for one in used if one.id in taken), None):
        raise ConfigError(
            f"The area file has a snapshot '{clash}', and so have the registered ones.",
            file=area_file,
            field="snapshots",
            cure=f"Rename it in the area file; {get_registered_path(area_file)} is written by refresh.",
        )
    if is_on_trial():
        used = [_accept_on_trial(one) if one.id == os.environ.get(CANDIDATE) else one for one in used]
    merged = {**content, "snapshots": [*snapshots, *(_describe_snapshot(one) for one in used)]}
    if any(one.accepted for one in used):
        merged["accepted"] = [*accepted, *_list_acceptances(used)]
    return merged


def is_on_trial() -> bool:
    """Tell whether this process looks what the gates say of a run that its snapshot's own gate holds already."""
    return bool(os.environ.get(TRIAL) and os.environ.get(CANDIDATE))


def _accept_on_trial(one: RegisteredSnapshot) -> RegisteredSnapshot:
    taken = Acceptance(reason="on trial: nothing of this run is published", by="nobody", date=one.date)
    return one.model_copy(update={"accepted": taken})


def _describe_snapshot(one: RegisteredSnapshot) -> dict[str, Any]:
    feeds = [feed.model_dump(mode="json", include=set(Feed.model_fields), exclude_defaults=True) for feed in one.feeds]
    return {"id": one.id, "date": one.date.isoformat(), "label": one.label, "feeds": feeds}


def _list_acceptances(used: Iterable[RegisteredSnapshot]) -> list[dict[str, Any]]:
    return [{"snapshot": one.id, **one.accepted.model_dump(mode="json")} for one in used if one.accepted is not None]


def build_accept_command(area_file: Path, snapshot: str) -> str:
    """Return the command that accepts a held snapshot.

    Parameters
    ----------
    area_file
        The area file.
    snapshot
        Its id.

    Returns
    -------
    str
        To be completed with a reason and a name.
    """
    is_usual = area_file.parent.parts[-2:] == ("config", "areas")
    area = area_file.stem if is_usual else area_file.as_posix()
    return f'connectivity accept {shlex.quote(area)} {shlex.quote(snapshot)} --reason "WHY" --by "WHO"'


def list_accept_commands(area: Area, area_file: Path) -> dict[str, str]:
    """List the snapshots of an area that a command accepts.

    Parameters
    ----------
    area
        The area.
    area_file
        Its file.

    Returns
    -------
    dict
        Id of each registered snapshot to the command; empty for an area without a section ``refresh``.
    """
    if area.refresh is None:
        return {}
    found = read_registered(area_file, area=area.name)
    return {one.id: build_accept_command(area_file, one.id) for one in found.snapshots}
