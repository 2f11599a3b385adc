"""Builders of seating plan documents, as pretix's editor writes them. No assertions here."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from importlib import resources
from typing import Any

Document = dict[str, Any]

RIETHSPORTHALLE = "riethsporthalle-erfurt.json"
SCHOUWBURG = "schouwburg-grote-zaal.json"


def packaged_plan(name: str) -> bytes:
    """The JSON of a plan that comes with the catalogue."""
    return resources.files("services.catalogue").joinpath("plans", name).read_bytes()


def seat(seat_guid: str, **other: Any) -> Document:
    """A seat of category Stalls at the row's origin."""
    return {
        "seat_guid": seat_guid,
        "seat_number": "1",
        "position": {"x": 0, "y": 0},
        "category": "Stalls",
        **other,
    }


def row(*seats: Document, **other: Any) -> Document:
    return {"row_number": "A", "position": {"x": 0, "y": 0}, "seats": list(seats), **other}


def zone(*rows: Document, **other: Any) -> Document:
    return {"name": "Ground", "position": {"x": 0, "y": 0}, "rows": list(rows), **other}


def plan(*zones: Document, **other: Any) -> Document:
    """Two categories, Stalls and Balcony; one zone with seats s1 and s2 unless zones are given."""
    return {
        "name": "Small hall",
        "categories": [{"name": "Stalls", "color": "#112233"}, {"name": "Balcony", "color": "#445566"}],
        "size": {"width": 800, "height": 600},
        "zones": list(zones) or [zone(row(seat("s1"), seat("s2", seat_number="2", category="Balcony")))],
        **other,
    }


def changed(document: Document, path: tuple[str | int, ...], value: Any) -> Document:
    """A copy with the value at `path` replaced; `...` removes it."""
    result = copy.deepcopy(document)
    parent: Any = result
    for step in path[:-1]:
        parent = parent[step]
    if value is ...:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return result


def encoded(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def large_plan(seats: int, seats_per_row: int = 50, *, seat_id: Callable[[int], str] = "{:08x}".format) -> bytes:
    """A plan of exactly `seats` seats, as text: 100,000 dictionaries would take their time. About 90 bytes a seat."""
    rows = []
    for start in range(0, seats, seats_per_row):
        in_row = ",".join(
            f'{{"seat_guid":"{seat_id(number)}","seat_number":"{number - start + 1}",'
            f'"position":{{"x":{(number - start) * 25},"y":0}},"category":"Stalls"}}'
            for number in range(start, min(start + seats_per_row, seats))
        )
        rows.append(f'{{"row_number":"{start}","position":{{"x":0,"y":{start}}},"seats":[{in_row}]}}')
    empty = json.dumps(plan(zone()), separators=(",", ":"))
    return empty.replace('"rows":[]', f'"rows":[{",".join(rows)}]').encode()
