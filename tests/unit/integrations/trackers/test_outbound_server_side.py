"""What waits in the queue for a call of the server: ids only, once for an event id, a refund behind its purchase."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import cast

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from services.integrations.trackers.adapters.outbound_server_side import (
    OutboundServerSide,
    ToldBody,
    refund_dispatch,
)
from services.integrations.trackers.domain.reached import Call, Reached, Worth, calls_of
from services.integrations.trackers.domain.steps import Step
from services.integrations.trackers.domain.telling import Telling
from services.integrations.trackers.domain.tracker import Tracker, TrackerIds, TrackerKind
from services.runtime.outbound.memory_queue import MemoryQueue
from services.runtime.outbound.port import Target

CONTENT = "pro_hamlet|hou_one|2027-01-31T20:00"
NOBODY = cast("AsyncConnection", None)
DAY_MS = 86_400_000


def call(kind: TrackerKind, step: Step) -> Call:
    tracker = Tracker("hou_one", f"trk_{kind.value}", kind, "ours", TrackerIds("1"), "…", archived=False, revision=1)
    reached = Reached("hou_one", "per_1", "vis_1", step, 1_000, "ord_1", Worth(2_500, "EUR"), 2)
    return calls_of(reached, [tracker])[0]


def put(*tellings: Telling) -> MemoryQueue:
    queue = MemoryQueue()
    asyncio.run(OutboundServerSide(queue).tell(NOBODY, tellings))
    return queue


def test_a_purchase_waits_once_in_the_lane_of_its_order_and_holds_nothing_personal() -> None:
    telling = Telling(call(TrackerKind.META_PIXEL, Step.DONE), CONTENT)
    queue = put(telling, telling)
    (dispatch,) = queue.waiting.values()
    assert dispatch.target == Target("hou_one", "trk_META_PIXEL")
    assert (dispatch.key, dispatch.kind, dispatch.lane, dispatch.about) == (
        "ord_1.Purchase",
        "purchase",
        "ord_1",
        "order ord_1",
    )
    assert dispatch.expires_at_ms == 1_000 + 7 * DAY_MS
    # Byte for byte: nothing else is in it.
    assert dispatch.body == msgspec.json.encode(
        ToldBody("done", "ord_1.Purchase", "per_1", "vis_1", 1_000, CONTENT, "ord_1", 2_500, "EUR", 2)
    )


def test_steps_before_it_wait_for_nothing_and_each_company_gives_up_in_its_own_time() -> None:
    kinds = (TrackerKind.META_PIXEL, TrackerKind.X_PIXEL, TrackerKind.GOOGLE_ADS)
    queue = put(*(Telling(call(kind, Step.START), CONTENT) for kind in kinds))
    found = list(queue.waiting.values())
    assert [(dispatch.kind, dispatch.lane, dispatch.about) for dispatch in found] == [
        ("start", "", "performance per_1")
    ] * 3
    assert [(dispatch.expires_at_ms - 1_000) // DAY_MS for dispatch in found] == [7, 30, 60]


def test_a_refund_is_told_once_for_what_is_left_and_after_its_purchase() -> None:
    body = ToldBody("done", "ord_1.purchase", "per_1", "vis_1", 1_000, CONTENT, "ord_1", 1_500, "EUR", 2, 9_000)
    queue, target = MemoryQueue(), Target("hou_one", "trk_GOOGLE_ADS")
    part, whole = refund_dispatch(target, body), refund_dispatch(target, replace_amount(body, 0))
    put_count = asyncio.run(queue.put(NOBODY, [part, whole, replace(part, made_at_ms=10_000)]))
    assert put_count == 2
    assert [(one.key, one.lane) for one in queue.of(target)] == [
        ("ord_1.refund.1500", "ord_1"),
        ("ord_1.refund.0", "ord_1"),
    ]


def replace_amount(body: ToldBody, amount: int) -> ToldBody:
    return msgspec.structs.replace(body, amount_minor=amount)


def test_an_archived_tracker_is_silent_and_one_with_new_credentials_goes_on() -> None:
    telling = Telling(call(TrackerKind.X_PIXEL, Step.DONE), CONTENT)
    queue = put(telling)
    server_side, target = OutboundServerSide(queue), Target("hou_one", "trk_X_PIXEL")
    asyncio.run(server_side.mended(NOBODY, "hou_one", "trk_X_PIXEL"))
    asyncio.run(server_side.silence(NOBODY, "hou_one", "trk_X_PIXEL"))
    assert (queue.mended, queue.waiting, [known for known, _ in queue.settled]) == ([target], {}, [target])
