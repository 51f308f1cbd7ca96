"""Downloads against a local server that answers as Overpass does."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import osmnx
import pytest
import shapely

from pipeline.base.errors import FetchError, InputError
from pipeline.base.notices import Notices
from pipeline.streets.overpass import download_streets
from pipeline.streets.read_osm import read_streets
from tests.support.osm import OsmNode, OsmWay, build_grid, write_osm

AREA = shapely.box(-3.001, 51.499, -2.99, 51.51)


@contextmanager
def serve(nodes: list[OsmNode], ways: list[OsmWay], *, status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """Answer every query with the given objects; queries are collected."""
    queries: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())["data"][0]
            queries.append(query)
            is_wanted = [
                ("highway" in w.tags and '["highway"]' in query)
                or any(f'"{k}"="{v}"' in query for k, v in w.tags.items())
                for w in ways
            ]
            elements = [
                {"type": "way", "id": w.id, "nodes": list(w.nodes), "tags": dict(w.tags)}
                for w, wanted in zip(ways, is_wanted, strict=True)
                if wanted
            ]
            used = {n for e in elements for n in e["nodes"]}
            elements += [
                {"type": "node", "id": n.id, "lon": n.lon, "lat": n.lat, "tags": dict(n.tags)}
                for n in nodes
                if n.id in used
            ]
            body = json.dumps({"elements": elements}).encode() if status == 200 else b"<html>busy</html>"
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api", queries
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def build_town() -> tuple[list[OsmNode], list[OsmWay]]:
    nodes, ways = build_grid(6, lon=-3.0, lat=51.5)
    nodes[8] = OsmNode(9, nodes[8].lon, nodes[8].lat, {"barrier": "gate", "access": "private"})
    nodes += [OsmNode(80, -2.996, 51.5055), OsmNode(81, -2.995, 51.5055)]
    ways += [
        OsmWay(60, [1, 8], {"highway": "motorway"}),
        OsmWay(61, [2, 9], {"highway": "path", "foot": "private"}),
        OsmWay(62, [80, 81], {"railway": "platform"}),
        OsmWay(63, [80, 35], {"highway": "steps", "name": "Up", "oneway": "yes"}),
    ]
    return nodes, ways


def test_a_download_gives_the_same_streets_as_a_file(tmp_path: Path) -> None:
    nodes, ways = build_town()
    before = {name: getattr(osmnx.settings, name) for name in dir(osmnx.settings) if not name.startswith("_")}
    resolver = socket.getaddrinfo
    notices = Notices()
    with serve(nodes, ways) as (url, queries):
        streets = download_streets(AREA, notices, overpass_url=url, is_polite=False)
    expected = read_streets(write_osm(tmp_path / "town.osm.pbf", nodes, ways), Notices())
    assert streets.nodes.equals(expected.nodes)
    assert streets.edges.equals(expected.edges)
    assert streets.components.equals(expected.components)
    assert streets.edges.filter("is_steps")["osmid"].to_list() == [62]  # joined with the platform
    assert notices.counts() == {"streets_barrier_cut": 1}
    assert len(queries) == 3
    assert {name: getattr(osmnx.settings, name) for name in before} == before
    assert socket.getaddrinfo is resolver
    assert not list(Path.cwd().glob("cache/*.json"))


def test_failures_are_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/api"
    before = osmnx.settings.overpass_url
    with pytest.raises(FetchError, match="could not be downloaded") as caught:
        download_streets(AREA, Notices(), overpass_url=url, is_polite=False, timeout_s=5)
    assert caught.value.exit_code == 5
    assert osmnx.settings.overpass_url == before
    nodes, ways = build_town()
    with serve(nodes, ways, status=400) as (url, _), pytest.raises(FetchError):
        download_streets(AREA, Notices(), overpass_url=url, is_polite=False)


def test_areas_without_streets() -> None:
    nodes, _ = build_town()
    with serve(nodes, []) as (url, _), pytest.raises(InputError, match="no walkable way"):
        download_streets(AREA, Notices(), overpass_url=url, is_polite=False)
    with serve(nodes, [OsmWay(1, [1, 2], {"highway": "motorway"})]) as (url, _), pytest.raises(InputError):
        download_streets(AREA, Notices(), overpass_url=url, is_polite=False)
    with (
        serve(*build_town()) as (url, _),
        pytest.raises(InputError, match="no walkable way"),
    ):
        download_streets(shapely.box(10, 10, 10.01, 10.01), Notices(), overpass_url=url, is_polite=False)
    with pytest.raises(InputError, match="no valid polygon"):
        download_streets(shapely.Polygon([(0, 0), (1, 1), (0, 1), (1, 0)]), Notices())
