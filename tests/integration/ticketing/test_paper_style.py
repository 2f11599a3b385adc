"""A house's paper: kept, changed by whoever has seen it, refused with all faults, and seen on what is printed next."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pypdfium2
from balcon.ticketing.v1 import ticketing_service_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask

from services.runtime.testing.refusals import refusal
from services.ticketing.paper.shipped_stocks import shipped_source
from tests.integration.ticketing.stage import HOUSE, Ticketing
from tests.integration.ticketing.test_prints import a_print, codes_in, downloaded, text_of
from tests.unit.paper.style_samples import logo


def own_stock(**changes: Any) -> str:
    """A small stub of the house's own."""
    return json.dumps(json.loads(shipped_source("140x51")) | {"name": "own-stub"} | changes)


async def style_of(office: Ticketing, house_id: str = HOUSE) -> pb.GetPaperStyleResponse:
    return await office.stub.GetPaperStyle(pb.GetPaperStyleRequest(house_id=house_id))


async def changed(
    office: Ticketing, named: Sequence[str], *, etag: str = "", house_id: str = HOUSE, **fields: Any
) -> pb.PaperStyle:
    etag = etag or (await style_of(office, house_id)).paper_style.etag
    request = pb.UpdatePaperStyleRequest(
        house_id=house_id, paper_style=pb.PaperStyle(**fields), update_mask=FieldMask(paths=named), etag=etag
    )
    return (await office.stub.UpdatePaperStyle(request)).paper_style


async def test_a_house_that_has_said_nothing_has_a_style_to_begin_with(office: Ticketing) -> None:
    told = await style_of(office)
    assert told.paper_style == pb.PaperStyle(etag='"0"')
    assert told.logo == b""


async def test_what_is_named_changes_and_the_rest_stays(office: Ticketing) -> None:
    await changed(office, ["primary_color", "conditions"], primary_color="#005F73", conditions="No refunds.")
    style = await changed(office, ["logo", "address_lines"], logo=logo(), address_lines=["Neude 11", "Utrecht"])
    assert (style.primary_color, style.conditions, style.etag) == ("#005F73", "No refunds.", '"2"')
    assert (style.logo, style.logo_bytes) == (b"", len(logo()))
    told = await style_of(office)
    assert told.paper_style == style
    assert told.logo == logo()
    assert (await style_of(office, "hse_2")).paper_style.etag == '"0"'
    acts = await office.rows("SELECT payload FROM outbox WHERE topic = 'balcon.acts.v1'")
    assert sum(b"paper_style.changed" in bytes(payload) for (payload,) in acts) == 2


async def test_nobody_overwrites_what_they_have_not_read_and_a_repeated_change_is_none(office: Ticketing) -> None:
    first = await changed(office, ["accent_color"], etag='"0"', accent_color="#AA0000")
    again = await changed(office, ["accent_color"], etag='"0"', accent_color="#AA0000")
    assert again == first
    stale = await refusal(changed(office, ["accent_color"], etag='"0"', accent_color="#00AA00"))
    assert (stale.reason, stale.facts["etag"]) == ("ETAG_STALE", '"1"')
    colors = [f"#0000{number}0" for number in range(1, 5)]
    told = await asyncio.gather(
        *(changed(office, ["accent_color"], etag='"1"', accent_color=color) for color in colors), return_exceptions=True
    )
    assert sum(isinstance(one, pb.PaperStyle) for one in told) == 1
    assert (await style_of(office)).paper_style.etag == '"2"'


async def test_all_that_would_fail_at_the_printer_is_refused_at_once(office: Ticketing) -> None:
    refused = await refusal(
        changed(
            office,
            ["primary_color", "address_lines", "conditions", "stocks"],
            primary_color="blue",
            address_lines=["x" * 101, *["y"] * 6],
            conditions="z" * 1_001,
            stocks=[own_stock(), own_stock(), own_stock(name="a4"), own_stock(name="wide", width_mm=20)],
        )
    )
    assert refused.reason == "FIELD_INVALID"
    assert {violation.field for violation in refused.violations} == {
        "paper_style.primary_color",
        "paper_style.address_lines",
        "paper_style.address_lines[0]",
        "paper_style.conditions",
        "paper_style.stocks[1].name",
        "paper_style.stocks[2].name",
        "paper_style.stocks[3].width_mm",
    }
    lacking = await refusal(changed(office, ["conditions"], conditions="Kein Einlass \u6771\u4eac nach Beginn."))
    assert lacking.facts["field"] == "paper_style.conditions"
    assert lacking.facts["problem"] == "has \u6771\u4eac, which paper cannot show"
    damaged = await refusal(changed(office, ["logo"], logo=logo()[:100]))
    assert (damaged.facts["field"], damaged.facts["problem"]) == ("paper_style.logo", "is damaged or cut off")
    assert (await style_of(office)).paper_style.etag == '"0"'


async def test_what_is_printed_next_is_in_the_houses_style_and_on_its_stock(office: Ticketing) -> None:
    before = await office.stub.PrintAllotment(a_print("A-1", stock="a4"))
    await changed(
        office,
        ["primary_color", "conditions", "stocks", "logo", "address_lines"],
        primary_color="#FF0000",
        conditions="Latecomers wait for the interval.",
        stocks=[own_stock()],
        logo=logo(),
        address_lines=["Lepelenburg 1"],
    )
    on_own = await office.stub.PrintAllotment(a_print("A-2", stock="own-stub"))
    assert on_own.document.stock == "own-stub"
    _, pdf = await downloaded(office, on_own.document.document_id)
    assert "Latecomers wait" in text_of(pdf)
    assert len(codes_in(pdf)) == 1
    with pypdfium2.PdfDocument(pdf) as document:
        assert round(document[0].get_width() / 72 * 25.4, 1) == 139.7
    on_a4 = await office.stub.PrintAllotment(a_print("A-3"))
    _, pdf = await downloaded(office, on_a4.document.document_id)
    assert "Lepelenburg 1" in text_of(pdf)
    with pypdfium2.PdfDocument(pdf) as document:
        assert document[0].render(scale=1).to_pil().convert("RGB").getpixel((300, 5)) == (255, 0, 0)
    # What was written down before is drawn as it was then.
    assert "Latecomers" not in text_of((await downloaded(office, before.document.document_id))[1])


async def test_a_stock_that_nobody_has_is_refused_with_those_that_there_are(office: Ticketing) -> None:
    await changed(office, ["stocks"], stocks=[own_stock()])
    refused = await refusal(office.stub.PrintAllotment(a_print(stock="a5")))
    assert refused.facts["field"] == "stock"
    assert refused.facts["limit"] == "a4, a4-3, 80x200, 152x54, 140x51, own-stub"


async def test_r1_13_people_read_short_codes_on_the_note_and_machines_whole_ones(office: Ticketing) -> None:
    printed = await office.stub.PrintAllotment(a_print())
    codes = codes_in((await downloaded(office, printed.document.document_id))[1])
    request = pb.CreateDeliveryNoteRequest(
        idempotency_key="note-1", house_id=HOUSE, performance_id="perf_1", allotment_id="alt_1"
    )
    made = await office.stub.CreateDeliveryNote(request)
    note, seat_list = [(await downloaded(office, one.document_id))[1] for one in (made.note, made.seat_list)]
    assert all(code in seat_list.decode() for code in codes)
    assert not any(code[:40] in text_of(note).replace("\n", " ") for code in codes)
