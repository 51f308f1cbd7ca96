"""Travel times from the definition: Dijkstra over events, one departure at a time, in plain Python.

Independent of the engine: it reads the world's trips, not patterns or connections, and knows neither profiles nor
rounds.
"""

from __future__ import annotations

import heapq

from tests.support.routing_worlds import World


def compute_arrivals(  # noqa: C901
    world: World, access: dict[int, int], egress: list[dict[int, int]], leave_s: int, max_changes: int | None = None
) -> list[int | None]:
    """Earliest arrival at every end by public transport, leaving at a time; never two walks in a row.

    Events are (time, vehicles used, kind, where): *ready* to board at a stop, *aboard* a trip after a call, *alighted*
    at a stop. With a limit on changes an event is repeated for every number of vehicles.
    """
    most = 10**9 if max_changes is None else max_changes + 1
    count = 0 if max_changes is None else 1
    calls_at: dict[int, list[tuple[int, int]]] = {}
    for trip, (_, _, calls) in enumerate(world.trips):
        for position, call in enumerate(calls):
            calls_at.setdefault(call[0], []).append((trip, position))
    changes_from: dict[int, list[tuple[int, int]]] = {}
    for (a, b), seconds in world.foot.items():
        changes_from.setdefault(a, []).append((b, seconds))
    queue: list[tuple[int, int, str, tuple[int, ...]]] = [
        (leave_s + seconds, 0, "ready", (stop,)) for stop, seconds in access.items()
    ]
    heapq.heapify(queue)
    seen: set[tuple[int, str, tuple[int, ...]]] = set()
    best: list[int | None] = [None] * len(egress)
    while queue:
        time, used, kind, where = heapq.heappop(queue)
        if (used, kind, where) in seen:
            continue
        seen.add((used, kind, where))
        if kind == "ready" and used < most:
            for trip, position in calls_at.get(where[0], []):
                _, _, dep, can_board, _ = world.trips[trip][2][position]
                if can_board and dep >= time:
                    heapq.heappush(queue, (dep, used + count, "aboard", (trip, position)))
        elif kind == "aboard":
            trip, position = where
            calls = world.trips[trip][2]
            if position + 1 < len(calls):
                stop, arr, dep, _, can_alight = calls[position + 1]
                if can_alight:
                    heapq.heappush(queue, (arr, used, "alighted", (stop,)))
                heapq.heappush(queue, (dep, used, "aboard", (trip, position + 1)))
        elif kind == "alighted":
            stop = where[0]
            for end, walks in enumerate(egress):
                if stop in walks and (best[end] is None or time + walks[stop] < best[end]):
                    best[end] = time + walks[stop]
            if stop in world.change:
                heapq.heappush(queue, (time + world.change[stop], used, "ready", (stop,)))
            for other, seconds in changes_from.get(stop, []):
                heapq.heappush(queue, (time + seconds, used, "ready", (other,)))
    return best


def compute_times(
    world: World,
    start_s: int,
    n_minutes: int,
    cap_s: int,
    *,
    max_changes: int | None = None,
    is_return: bool = False,
    with_walk: bool = True,
) -> list[list[list[int]]]:
    """Travel times [start, end, minute], -1 for none; a return begins at the destinations."""
    starts, ends = (world.egress, world.access) if is_return else (world.access, world.egress)
    out = []
    for i, access in enumerate(starts):
        rows = [[-1] * n_minutes for _ in ends]
        for minute in range(n_minutes):
            leave = start_s + 60 * minute
            for j, arrival in enumerate(compute_arrivals(world, access, ends, leave, max_changes)):
                walk = (world.walk[j][i] if is_return else world.walk[i][j]) if with_walk else -1
                options = [] if arrival is None else [arrival - leave]
                options += [walk] if walk >= 0 else []
                if options and min(options) <= cap_s:
                    rows[j][minute] = min(options)
        out.append(rows)
    return out
