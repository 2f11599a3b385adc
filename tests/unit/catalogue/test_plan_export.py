"""R2.2: what goes out passes the editor's schema exactly, and what comes back in is the same plan."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.catalogue.domain.plan_export import PlanDocuments, export_plan
from services.catalogue.domain.plan_parser import parse
from services.catalogue.domain.seating_plan import SeatingPlan
from tests.architecture.tree import ROOT
from tests.unit.catalogue.drawn_plans import documents
from tests.unit.catalogue.plan_documents import (
    RIETHSPORTHALLE,
    SCHOUWBURG,
    Document,
    encoded,
    large_plan,
    packaged_plan,
    plan,
    row,
    seat,
    zone,
)

EDITOR = jsonschema.Draft7Validator(json.loads((ROOT / "tests/data/seating-plan.schema.json").read_text()))
SIDECAR = jsonschema.Draft7Validator(json.loads((ROOT / "docs/seating-plan-sidecar.schema.json").read_text()))


def exported(document: bytes, sidecar: bytes = b"") -> PlanDocuments:
    out = export_plan(document, sidecar)
    assert isinstance(out, PlanDocuments), out
    return out


def taken(document: bytes, sidecar: bytes = b"") -> SeatingPlan:
    read = parse(document, sidecar)
    assert isinstance(read, SeatingPlan), read
    return read


def as_json(out: PlanDocuments) -> tuple[Any, Any]:
    return json.loads(out.document), json.loads(out.sidecar)


@settings(max_examples=150)
@given(documents())
def test_r2_2_an_exported_plan_passes_the_schema_and_reads_as_the_same_plan(document: Document) -> None:
    source = encoded(document)
    out = exported(source)
    drawing, sidecar = as_json(out)
    EDITOR.validate(drawing)
    SIDECAR.validate(sidecar)
    assert taken(out.document, out.sidecar) == taken(source)
    # And so on for ever: what was exported once is not changed by a second export.
    assert exported(out.document, out.sidecar) == out


@pytest.mark.parametrize("name", [RIETHSPORTHALLE, SCHOUWBURG])
def test_r2_2_the_two_halls_lack_the_position_of_texts_and_go_out_with_it(name: str) -> None:
    source = packaged_plan(name)
    texts = [area["text"] for each in json.loads(source)["zones"] for area in each.get("areas", ()) if "text" in area]
    assert texts
    assert not any("position" in text for text in texts)
    out = exported(source)
    drawing, _ = as_json(out)
    EDITOR.validate(drawing)
    written = [area["text"] for each in drawing["zones"] for area in each.get("areas", ()) if "text" in area]
    assert [text["text"] for text in written] == [text["text"] for text in texts]
    assert all(text["position"] == {"x": 0, "y": 0} for text in written)
    assert taken(out.document, out.sidecar) == taken(source)


def test_what_is_only_drawn_is_there_again() -> None:
    drawn = {
        "shape": "polygon", "uuid": "u", "color": "#abcdef", "rotation": 12.5, "position": {"x": 1, "y": 2.5},
        "polygon": {"points": [{"x": 0, "y": 0}, {"x": 5, "y": 5}]},
        "text": {"text": "Bühne", "size": 16, "color": "#000000", "position": {"x": 3, "y": 4}},
    }  # fmt: skip
    seats = row(seat("s1", uuid="seat", radius=12, start_direction=None), uuid="row", seat_label="Platz %s")
    source = plan(zone(seats, areas=[drawn], zone_id="ground", uuid="zone"))
    drawing, sidecar = as_json(exported(encoded(source)))
    (area,) = drawing["zones"][0]["areas"]
    assert area == drawn
    assert drawing["zones"][0]["uuid"] == "zone"
    assert drawing["zones"][0]["rows"][0]["seats"] == seats["seats"]
    assert drawing["categories"] == source["categories"]
    assert sidecar == {"version": 1}


def test_the_sidecar_says_what_the_format_cannot() -> None:
    seats = row(
        seat("a", accessible=True, position={"x": 0, "y": 0}),
        seat("c", companion=True, position={"x": 25, "y": 0}, seat_label="Begleitung %s"),
    )
    area = {"shape": "rectangle", "rectangle": {"width": 10.5, "height": 4}, "name": "Innenraum", "capacity": 3,
            "category": "Balcony"}  # fmt: skip
    source = plan(zone(seats, areas=[area]), focal_point={"x": 5, "y": 0.5}, size={"width": 10.5, "height": 3})
    drawing, sidecar = as_json(exported(encoded(source)))
    assert sidecar == {
        "version": 1,
        "accessible": ["a"],
        "companion": ["c"],
        "seat_labels": [{"seat_guid": "c", "label": "Begleitung %s"}],
        "areas": [
            {"uuid": "standing-0-0", "name": "Innenraum", "capacity": 3, "category": "Balcony",
             "rectangle": {"width": 10.5, "height": 4.0}}
        ],
        "focal_point": {"x": 5.0, "y": 0.5},
        "size": {"width": 10.5, "height": 3.0},
    }  # fmt: skip
    assert drawing["size"] == {"width": 11, "height": 3}
    assert drawing["zones"][0]["areas"] == [
        {"shape": "rectangle", "uuid": "standing-0-0", "rectangle": {"width": 11, "height": 4}}
    ]


def test_a_standing_area_gets_a_uuid_that_no_other_area_has() -> None:
    twin = {"uuid": "twin", "shape": "rectangle"}
    standing = twin | {"name": "Floor", "capacity": 2, "category": "Stalls"}
    source = encoded(plan(zone(row(seat("a")), areas=[twin, standing, {"uuid": "standing-0-1"}])))
    out = exported(source)
    drawing, sidecar = as_json(out)
    assert [area["uuid"] for area in drawing["zones"][0]["areas"]] == ["twin", "standing-0-1-", "standing-0-1"]
    assert [area["uuid"] for area in sidecar["areas"]] == ["standing-0-1-"]
    assert taken(out.document, out.sidecar) == taken(source)


def test_a_hundred_thousand_seats_go_out_and_come_in_again() -> None:
    source = large_plan(100_000)
    out = exported(source)
    assert taken(out.document, out.sidecar) == taken(source)


@given(st.binary(max_size=40))
def test_bytes_that_are_no_plan_are_refused_by_an_export_and_never_raise(source: bytes) -> None:
    assert not isinstance(export_plan(source, source), PlanDocuments)
