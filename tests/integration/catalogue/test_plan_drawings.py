"""R2.13: a house asks the operator to draw its plan, sees how far it is, and gets a version or a reason."""

from __future__ import annotations

import io
from collections.abc import AsyncIterable
from typing import Any

import pytest
from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from PIL import Image

from services.runtime.testing.refusals import refusal
from tests.integration.catalogue.stage import Catalogue, Venue
from tests.unit.catalogue.plan_documents import encoded, plan, row, seat, zone

PDF = b"%PDF-1.7\n" + b"x" * 1_500_000 + b"\n%%EOF\n"


def picture(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (400, 300), "white").save(out, kind)
    return out.getvalue()


async def asked(catalogue: Catalogue, venue: Venue, attachment: bytes = b"", key: str = "ask") -> pb.PlanDrawing:
    return (await catalogue.stub.RequestPlanDrawing(request(venue, attachment, key))).drawing


def request(venue: Venue, attachment: bytes = b"", key: str = "ask") -> pb.RequestPlanDrawingRequest:
    return pb.RequestPlanDrawingRequest(
        idempotency_key=key,
        house_id=venue.house.house_id,
        hall_id=venue.hall.hall_id,
        notes="Zwei Blöcke.\nDie Loge ist neu.",
        attachment=attachment,
    )


def named(drawing: pb.PlanDrawing) -> dict[str, Any]:
    return {"house_id": drawing.house_id, "drawing_id": drawing.drawing_id}


async def whole(
    parts: AsyncIterable[pb.OpenPlanDrawingResponse] | AsyncIterable[pb.GetPlanDrawingResponse],
) -> tuple[pb.PlanDrawing, bytes]:
    drawing, content = pb.PlanDrawing(), b""
    async for part in parts:
        drawing.MergeFrom(part.drawing)
        content += part.attachment_part
    return drawing, content


def delivery(drawing: pb.PlanDrawing, document: bytes | None = None) -> pb.DeliverPlanDrawingRequest:
    return pb.DeliverPlanDrawingRequest(
        idempotency_key="deliver",
        plan_json=document or encoded(plan(zone(row(seat("a"), seat("b"), seat("c"))))),
        **named(drawing),
    )


async def test_r2_13_a_plan_is_asked_for_drawn_and_delivered_and_the_house_sees_each_step(
    catalogue: Catalogue,
) -> None:
    venue, stub = await catalogue.venue("genova"), catalogue.stub
    drawing = await asked(catalogue, venue, PDF)
    assert (drawing.state, drawing.attachment_type) == (pb.PLAN_DRAWING_STATE_REQUESTED, "application/pdf")
    assert await asked(catalogue, venue, PDF) == drawing
    (queued,) = (await stub.ListDrawingQueue(pb.ListDrawingQueueRequest())).drawings
    assert (queued.drawing_id, queued.notes) == (drawing.drawing_id, "")
    opened, content = await whole(stub.OpenPlanDrawing(pb.OpenPlanDrawingRequest(**named(drawing))))
    assert (opened, content) == (drawing, PDF)
    start = pb.StartPlanDrawingRequest(**named(drawing))
    started = (await stub.StartPlanDrawing(start)).drawing
    assert started.state == pb.PLAN_DRAWING_STATE_IN_WORK
    assert (await stub.StartPlanDrawing(start)).drawing == started
    seen, content = await whole(stub.GetPlanDrawing(pb.GetPlanDrawingRequest(**named(drawing))))
    assert (seen, content) == (started, PDF)
    done = (await stub.DeliverPlanDrawing(delivery(drawing))).drawing
    assert (done.state, done.plan_version) == (pb.PLAN_DRAWING_STATE_DELIVERED, 2)
    assert (await stub.DeliverPlanDrawing(delivery(drawing))).drawing == done
    (listed,) = (await stub.ListPlanDrawings(pb.ListPlanDrawingsRequest(house_id=venue.house.house_id))).drawings
    assert listed == done
    hall = {"house_id": venue.house.house_id, "hall_id": venue.hall.hall_id}
    assert (await stub.GetHall(pb.GetHallRequest(**hall))).hall.capacity == 3
    assert [act.act for act in await catalogue.acts()][-4:] == [
        "plan_drawing.requested",
        "plan_drawing.seen_by_operator",
        "plan_drawing.started",
        "plan.delivered",
    ]
    assert list((await stub.ListDrawingQueue(pb.ListDrawingQueueRequest())).drawings) == []


async def test_r2_13_a_request_that_is_declined_tells_why_and_ends(catalogue: Catalogue) -> None:
    venue, stub = await catalogue.venue("genova"), catalogue.stub
    drawing = await asked(catalogue, venue)
    decline = pb.DeclinePlanDrawingRequest(reason="no measures in the sketch", **named(drawing))
    declined = (await stub.DeclinePlanDrawing(decline)).drawing
    assert (declined.state, declined.reason) == (pb.PLAN_DRAWING_STATE_DECLINED, "no measures in the sketch")
    assert (await stub.DeclinePlanDrawing(decline)).drawing == declined
    decline.reason = "another one"
    for call in (
        stub.DeclinePlanDrawing(decline),
        stub.StartPlanDrawing(pb.StartPlanDrawingRequest(**named(drawing))),
        stub.DeliverPlanDrawing(delivery(drawing)),
    ):
        refused = await refusal(call)
        assert (refused.reason, refused.facts["state"]) == ("PLAN_DRAWING_ENDED", "declined")
    assert await catalogue.rows("SELECT max(plan_version) FROM seating_plans") == [(1,)]
    act = (await catalogue.acts())[-1]
    assert (act.act, act.reason) == ("plan_drawing.declined", "no measures in the sketch")
    ended = pb.ListDrawingQueueRequest(states=[pb.PLAN_DRAWING_STATE_DECLINED])
    assert [one.drawing_id for one in (await stub.ListDrawingQueue(ended)).drawings] == [drawing.drawing_id]


async def test_a_plan_with_faults_is_not_delivered(catalogue: Catalogue) -> None:
    drawing = await asked(catalogue, await catalogue.venue("genova"))
    refused = await refusal(catalogue.stub.DeliverPlanDrawing(delivery(drawing, b'{"name": 1}')))
    assert (refused.reason, refused.facts["field"]) == ("PLAN_INVALID", "name")
    (left,) = (await catalogue.stub.ListDrawingQueue(pb.ListDrawingQueueRequest())).drawings
    assert left.state == pb.PLAN_DRAWING_STATE_REQUESTED


@pytest.mark.parametrize(
    ("attachment", "media_type"),
    [(picture("PNG"), "image/png"), (picture("JPEG"), "image/jpeg"), (picture("GIF"), "image/gif")],
)
async def test_a_picture_is_known_by_its_content(catalogue: Catalogue, attachment: bytes, media_type: str) -> None:
    drawing = await asked(catalogue, await catalogue.venue("genova"), attachment)
    assert drawing.attachment_type == media_type


async def test_an_attachment_that_is_none_goes_to_nobody(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    for attachment in (
        b"MZ\x90\x00 a program",
        b"<svg/>",
        PDF[:-7],
        b"%PDF-1.7" + b"x" * 5_000_000 + b"%%EOF",
        picture("PNG")[:100],
        b"\xff\xd8\xff no picture at all",
    ):
        refused = await refusal(catalogue.stub.RequestPlanDrawing(request(venue, attachment, "bad")))
        assert (refused.reason, refused.facts["field"]) == ("FIELD_INVALID", "attachment")
    assert await catalogue.rows("SELECT 1 FROM plan_drawings") == []


async def test_another_houses_requests_are_not_found(catalogue: Catalogue) -> None:
    mine, theirs = await catalogue.venue("mine"), await catalogue.venue("theirs")
    drawing = await asked(catalogue, theirs)
    wrong: dict[str, Any] = {"house_id": mine.house.house_id, "drawing_id": drawing.drawing_id}
    stub = catalogue.stub
    for call in (
        anext(aiter(stub.GetPlanDrawing(pb.GetPlanDrawingRequest(**wrong)))),
        anext(aiter(stub.OpenPlanDrawing(pb.OpenPlanDrawingRequest(**wrong)))),
        stub.StartPlanDrawing(pb.StartPlanDrawingRequest(**wrong)),
        stub.DeclinePlanDrawing(pb.DeclinePlanDrawingRequest(**wrong, reason="r")),
    ):
        assert (await refusal(call)).reason == "PLAN_DRAWING_NOT_FOUND"
    foreign = request(mine)
    foreign.hall_id = theirs.hall.hall_id
    assert (await refusal(stub.RequestPlanDrawing(foreign))).reason == "HALL_NOT_FOUND"
    listed = await stub.ListPlanDrawings(pb.ListPlanDrawingsRequest(house_id=mine.house.house_id))
    assert list(listed.drawings) == []
