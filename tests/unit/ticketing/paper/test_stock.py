"""Stocks as data: those that come with Balcon hold, and a house's own is refused with all its faults at once."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.errors import FieldInvalid
from services.ticketing.paper.shipped_stocks import SHIPPED, shipped_source, shipped_stock
from services.ticketing.paper.stock import Shows, Stock
from services.ticketing.paper.stock_parser import MAX_STOCK_BYTES, parsed_stock
from services.ticketing.paper.tickets import write_tickets
from tests.unit.paper import pdf_reading
from tests.unit.paper.style_samples import house_style
from tests.unit.ticketing.paper.paper_samples import ticket


def source(**changes: Any) -> dict[str, Any]:
    """A stock that is fine, as its JSON says it, with changes."""
    content: dict[str, Any] = json.loads(shipped_source("152x54"))
    return content | changes


def faults(content: object) -> dict[str, str]:
    """Every fault of the stock by its field."""
    found = parsed_stock("stock", json.dumps(content).encode())
    assert isinstance(found, FieldInvalid)
    return {each.field: f"{each.problem} (limit: {each.limit})" for each in (found, *found.others)}


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_stocks_are_read_by_the_rules_for_everybody(name: str) -> None:
    stock = shipped_stock(name)
    assert stock is not None
    assert stock.name == name
    assert shipped_stock("a5") is None


def test_all_faults_of_a_stock_are_told_at_once() -> None:
    content = source(name="My Stock!", width_mm=5, margin_mm="wide", heigth_mm=54, stub={"side": "up", "size_mm": True})
    del content["height_mm"]
    content["fields"][0] |= {"shows": "colour", "size_pt": 400, "align": "middle"}
    content["fields"][1] = 7
    found = faults(content)
    assert {field: told.split(" (limit")[0] for field, told in found.items()} == {
        "stock.heigth_mm": "is unknown",
        "stock.name": 'is "My Stock!"',
        "stock.width_mm": "is 5",
        "stock.height_mm": "must be set",
        "stock.margin_mm": 'is "wide"',
        "stock.fields[1]": "is 7",
        "stock.fields[0].shows": 'is "colour"',
        "stock.fields[0].size_pt": "is 400",
        "stock.fields[0].align": 'is "middle"',
        "stock.stub.side": 'is "up"',
        "stock.stub.size_mm": "is true",
    }


def test_fields_that_lie_over_each_other_are_named() -> None:
    content = source()
    content["fields"][1] |= {"x_mm": 10, "y_mm": 4}
    assert faults(content)["stock.fields[1]"] == "(hall) lies over fields[0] (logo) (limit: apart)"


def test_a_field_outside_the_margins_is_named_with_the_size_of_the_ticket() -> None:
    content = source()
    content["fields"][0] |= {"x_mm": 1}
    told = faults(content)["stock.fields[0]"]
    assert told == "(logo) leaves the ticket (limit: 152.4 x 54 mm with margins of 2.5 mm)"


def test_a_field_over_the_tear_is_named() -> None:
    found = faults(source(stub={"side": "right", "size_mm": 40}))
    assert "(qr) lies over the tear (limit: on one side)" in found.values()


def test_a_stub_as_large_as_the_ticket_is_refused() -> None:
    assert "leaves nothing" in faults(source(stub={"side": "left", "size_mm": 200}))["stock.stub.size_mm"]


def test_a_code_smaller_than_scanners_read_is_refused() -> None:
    content = source()
    (index,) = (index for index, each in enumerate(content["fields"]) if each["shows"] == "qr")
    content["fields"][index] |= {"width_mm": 26.9, "height_mm": 20}
    assert faults(content) == {
        f"stock.fields[{index}].width_mm": "is 26.9 (limit: 27 to 500)",
        f"stock.fields[{index}].height_mm": "is 20 (limit: 27 to 500)",
    }


@pytest.mark.parametrize("missing", ["qr", "code", "title", "price", "when", "seat"])
def test_a_ticket_without_what_makes_it_one_is_refused(missing: str) -> None:
    content = source()
    content["fields"] = [each for each in content["fields"] if each["shows"] != missing]
    assert missing in faults(content)["stock.fields"]


def test_a_sheet_must_hold_its_tickets() -> None:
    sheet = {"width_mm": 210, "height_mm": 297, "columns": 2, "rows": 5}
    assert faults(source(sheet=sheet)) == {"stock.sheet.columns": "need 304.8 mm (limit: 210 mm)"}
    found = parsed_stock("stock", json.dumps(source(sheet=sheet | {"columns": 1})).encode())
    assert isinstance(found, Stock)
    assert len(found.corners()) == 5


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b" " * (MAX_STOCK_BYTES + 1), b"[" * 60_000]
)
def test_what_is_no_object_is_refused_in_one_word(content: bytes) -> None:
    found = parsed_stock("stock", content)
    assert isinstance(found, FieldInvalid)
    assert found.field == "stock"


def test_the_example_of_the_documentation_is_a_stock_that_prints() -> None:
    page = (Path(__file__).parents[4] / "docs/paper.md").read_text()
    (example,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    stock = parsed_stock("stock", example.encode())
    assert isinstance(stock, Stock)
    sink = io.BytesIO()
    assert write_tickets(sink, house_style(), [ticket()], stock) == 1
    assert "Kersentuin" in pdf_reading.texts(sink.getvalue())[0]


def test_every_field_of_the_documentation_is_one() -> None:
    page = (Path(__file__).parents[4] / "docs/paper.md").read_text()
    assert [shows.value for shows in Shows if f"`{shows.value}`" not in page] == []
    assert [name for name in SHIPPED if f"`{name}`" not in page] == []


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(source())), inner, max_size=7),
    max_leaves=12,
)


@given(_JSON)
def test_no_json_makes_the_reader_fall(content: object) -> None:
    found = parsed_stock("stock", json.dumps(content).encode())
    assert isinstance(found, FieldInvalid)
