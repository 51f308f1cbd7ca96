"""Which ways of OpenStreetMap a person may walk along, and which barriers stop them.

The rules are explained, with their reasons and their differences from other software, in `docs/walking-profile.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ALLOWED = frozenset({"yes", "designated", "official", "permissive", "public", "destination", "customers"})
DENIED = frozenset(
    {
        "no",
        "private",
        "agricultural",
        "forestry",
        "military",
        "emergency",
        "delivery",
        "restricted",
        "permit",
        "residents",
        "staff",
        "employees",
        "members",
    }
)


@dataclass(frozen=True)
class WalkingProfile:
    """The tag values that decide where people walk.

    Attributes
    ----------
    walkable_highways
        Values of ``highway`` that are walked unless access is denied.
    lifecycle_highways
        Values of ``highway`` for what does not exist (yet or any more) or is no way at all: never walked.
    lifecycle_keys
        Keys that say the same with the value ``yes``.
    platform_keys
        Keys whose value ``platform`` makes a way walkable.
    allowed, denied
        Values of ``foot`` and ``access`` that open and close a way; other values change nothing.
    closed_services
        Values of ``service`` that need an explicit permission in ``foot``.
    blocking_barriers
        Values of ``barrier`` that stop people unless ``foot`` allows.
    open_barriers
        Values of ``barrier`` that people step past: a general ``access`` there is about vehicles.
    """

    walkable_highways: frozenset[str] = frozenset(
        {
            "trunk",
            "trunk_link",
            "primary",
            "primary_link",
            "secondary",
            "secondary_link",
            "tertiary",
            "tertiary_link",
            "unclassified",
            "residential",
            "living_street",
            "service",
            "road",
            "pedestrian",
            "footway",
            "path",
            "steps",
            "track",
            "bridleway",
            "cycleway",
            "corridor",
            "elevator",
            "crossing",
            "platform",
        }
    )
    lifecycle_highways: frozenset[str] = frozenset(
        {
            "construction",
            "proposed",
            "planned",
            "abandoned",
            "disused",
            "demolished",
            "removed",
            "razed",
            "historic",
            "no",
            "rest_area",
            "services",
        }
    )
    lifecycle_keys: frozenset[str] = frozenset({"abandoned", "disused", "demolished", "razed"})
    platform_keys: tuple[str, ...] = ("public_transport", "railway")
    allowed: frozenset[str] = ALLOWED
    denied: frozenset[str] = DENIED
    closed_services: frozenset[str] = frozenset({"private"})
    blocking_barriers: frozenset[str] = frozenset(
        {"wall", "city_wall", "retaining_wall", "fence", "hedge", "ditch", "guard_rail"}
    )
    open_barriers: frozenset[str] = frozenset(
        {
            "block",
            "bollard",
            "bus_trap",
            "cattle_grid",
            "cycle_barrier",
            "height_restrictor",
            "jersey_barrier",
            "kerb",
            "kissing_gate",
            "log",
            "motorcycle_barrier",
            "planter",
            "stile",
            "sump_buster",
        }
    )

    @property
    def way_keys(self) -> tuple[str, ...]:
        """Keys of which a way must have one to be considered at all."""
        return ("highway", *self.platform_keys)

    @property
    def tag_keys(self) -> tuple[str, ...]:
        """All keys of ways that the rules read."""
        return (*self.way_keys, "foot", "access", "motorroad", "service", *sorted(self.lifecycle_keys))


DEFAULT = WalkingProfile()


def _get_permission(value: str | None, profile: WalkingProfile) -> bool | None:
    """Read a permission: True allowed, False denied, None not said. Of several values one that allows is enough."""
    if value is None:
        return None
    values = {part.strip() for part in value.split(";")}
    if values & profile.allowed:
        return True
    return False if values & profile.denied else None


def is_walkable(tags: Mapping[str, str], profile: WalkingProfile = DEFAULT) -> bool:
    """Say whether people may walk along a way.

    Parameters
    ----------
    tags
        The way's tags.
    profile
        The rules.

    Returns
    -------
    bool
        ``foot`` decides where it says something; else ``access`` and the kind of way. ``oneway`` binds nobody on foot.
    """
    highway = tags.get("highway")
    if highway in profile.lifecycle_highways or any(tags.get(key) == "yes" for key in profile.lifecycle_keys):
        return False
    is_platform = any(tags.get(key) == "platform" for key in profile.platform_keys)
    if highway is None and not is_platform:
        return False
    foot = _get_permission(tags.get("foot"), profile)
    if foot is not None:
        return foot
    if tags.get("motorroad") == "yes" or tags.get("service") in profile.closed_services:
        return False
    if highway not in profile.walkable_highways and not is_platform:
        return False
    return _get_permission(tags.get("access"), profile) is not False


def blocks_walking(node_tags: Mapping[str, str], profile: WalkingProfile = DEFAULT) -> bool:
    """Say whether the barrier at a node stops people.

    Parameters
    ----------
    node_tags
        The node's tags.
    profile
        The rules.

    Returns
    -------
    bool
        False for a node without ``barrier``. ``foot`` decides where it says something; then ``locked=yes``, a general
        ``access`` (except at barriers that people step past) and the kind of barrier.
    """
    barrier = node_tags.get("barrier")
    if barrier is None or barrier == "no":
        return False
    foot = _get_permission(node_tags.get("foot"), profile)
    if foot is not None:
        return not foot
    if barrier in profile.open_barriers:
        return False
    if node_tags.get("locked") == "yes" or _get_permission(node_tags.get("access"), profile) is False:
        return True
    return barrier in profile.blocking_barriers
