"""R3.12, R3.13, R3.15: which trackers are told of which step, each once, in whatever order steps and orders come."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from balcon.trackers.v1 import trackers_pb2 as pb
from sqlalchemy.ext.asyncio import AsyncConnection

from services.integrations.trackers.domain.reached import Reached, Sale, Worth
from services.integrations.trackers.domain.steps import Step
from services.integrations.trackers.domain.telling import Telling
from services.integrations.trackers.handlers.reaching import order_confirmed, step_reached
from tests.integration.trackers.shows import A, B, show_of
from tests.integration.trackers.stage import (
    ADS,
    ALL_CONSENTS,
    GTM,
    META,
    TOKEN,
    Trackers,
    X,
)


async def buy(trackers: Trackers, visit_id: str, order_id: str) -> None:
    for step in Step:
        await trackers.come_to(visit_id, step, order_id=order_id if step in {Step.PAYMENT, Step.DONE} else "")


async def test_r3_15_one_purchase_with_four_trackers_is_eleven_calls(trackers: Trackers) -> None:
    meta, gtm, ads, x = await trackers.attached(META, GTM, ADS, X)
    await buy(trackers, "visit_1", "ord_1")
    counts = await trackers.counts()
    assert counts == {meta.tracker_id: 5, gtm.tracker_id: 2, ads.tracker_id: 2, x.tracker_id: 2}
    assert sum(counts.values()) == 11


async def test_r3_15_abandoned_at_payment_meta_was_told_four_times_and_the_others_once(trackers: Trackers) -> None:
    meta, gtm, ads, x = await trackers.attached(META, GTM, ADS, X)
    for step in (Step.START, Step.SEATS, Step.CUSTOMER, Step.PAYMENT):
        await trackers.come_to("visit_1", step, order_id="ord_1" if step is Step.PAYMENT else "")
    assert await trackers.counts() == {meta.tracker_id: 4, gtm.tracker_id: 1, ads.tracker_id: 1, x.tracker_id: 1}


async def test_r3_13_a_tracker_that_is_not_attached_is_silent(trackers: Trackers) -> None:
    quiet = await trackers.tracker(META)
    [loud] = await trackers.attached(GTM)
    await buy(trackers, "visit_1", "ord_1")
    assert await trackers.counts() == {loud.tracker_id: 2}
    await trackers.attach(quiet)
    await trackers.stub.DetachTracker(
        pb.DetachTrackerRequest(house_id=A, tracker_id=loud.tracker_id, performance_id=show_of(A))
    )
    await trackers.come_to("visit_2", Step.START)
    assert await trackers.counts() == {loud.tracker_id: 2, quiet.tracker_id: 1}


async def test_a_step_told_again_out_of_order_or_alone_counts_once(trackers: Trackers) -> None:
    [meta] = await trackers.attached(META)
    for step in (Step.DONE, Step.SEATS, Step.START, Step.SEATS, Step.DONE):
        await trackers.come_to("visit_1", step, order_id="ord_1" if step is Step.DONE else "")
    assert await trackers.counts() == {meta.tracker_id: 3}
    await trackers.confirmed("ord_1")
    assert await trackers.counts() == {meta.tracker_id: 3}


async def test_one_visit_to_two_performances_counts_at_both(trackers: Trackers) -> None:
    [meta] = await trackers.attached(META)
    await trackers.attach(meta, show_of(A, 2))
    await trackers.come_to("visit_1", Step.START)
    await trackers.come_to("visit_1", Step.START, number=2)
    assert await trackers.counts() == {meta.tracker_id: 2}


async def test_a_buyer_who_closes_the_page_after_paying_is_a_purchase_by_the_orders_confirmation(
    trackers: Trackers,
) -> None:
    [meta] = await trackers.attached(META, credentials=pb.TrackerCredentials(access_token=TOKEN))
    await trackers.visit("visit_1", *ALL_CONSENTS)
    await trackers.come_to("visit_1", Step.PAYMENT, order_id="ord_1")
    await trackers.confirmed("ord_1")
    assert [call.event_id for call in await trackers.calls()][-1] == "ord_1.Purchase"
    assert (meta.tracker_id, "ord_1.Purchase") in await trackers.queued()


async def test_an_orders_confirmation_before_its_visit_is_known_counts_once_it_is(trackers: Trackers) -> None:
    [meta] = await trackers.attached(META)
    await trackers.confirmed("ord_1")
    assert await trackers.counts() == {}
    await trackers.come_to("visit_1", Step.PAYMENT, order_id="ord_1")
    assert await trackers.counts() == {meta.tracker_id: 2}
    await trackers.come_to("visit_1", Step.DONE, order_id="ord_1")
    assert await trackers.counts() == {meta.tracker_id: 2}


async def test_the_server_tells_only_what_the_visit_allows_and_the_tracker_has_keys_for(trackers: Trackers) -> None:
    [keyed] = await trackers.attached(META, credentials=pb.TrackerCredentials(access_token=TOKEN))
    await trackers.attached(META)
    await trackers.come_to("visit_0", Step.START)
    await trackers.visit("visit_1", "analytics_storage", "ad_storage", "ad_user_data")
    await trackers.come_to("visit_1", Step.START)
    assert await trackers.queued() == []
    await trackers.visit("visit_2", *ALL_CONSENTS)
    await trackers.come_to("visit_2", Step.START)
    assert await trackers.queued() == [(keyed.tracker_id, f"visit_2.{show_of(A)}.ViewContent")]
    shown = await trackers.stub.GetTracker(pb.GetTrackerRequest(house_id=A, tracker_id=keyed.tracker_id))
    start = shown.activity[0]
    assert (start.reached, start.queued, start.handed_out, len(shown.activity)) == (3, 1, 0, 5)
    assert start.HasField("last_queued_at")
    assert not start.HasField("last_handed_out_at")


async def test_the_funnels_events_hold_nothing_personal_and_other_houses_hear_nothing(trackers: Trackers) -> None:
    await trackers.attached(META, house_id=B)
    await trackers.visit("visit_1", *ALL_CONSENTS)
    await buy(trackers, "visit_1", "ord_1")
    assert await trackers.counts(B) == {}
    rows = await trackers.rows("SELECT key, payload FROM outbox WHERE topic = 'balcon.funnel.v1' ORDER BY id")
    assert [key for key, _ in rows] == ["visit_1"] * 5
    assert all(b"example" not in bytes(payload) for _, payload in rows)


@dataclass
class Told:
    """A ServerSide that counts nothing once: what it is given is what would have been told."""

    ids: list[str] = field(default_factory=list)

    async def tell(self, connection: AsyncConnection, tellings: Sequence[Telling]) -> None:
        self.ids += [telling.call.event_id for telling in tellings]

    async def silence(self, connection: AsyncConnection, house_id: str, tracker_id: str) -> None:
        raise NotImplementedError

    async def mended(self, connection: AsyncConnection, house_id: str, tracker_id: str) -> None:
        raise NotImplementedError


async def test_processes_that_hear_of_a_purchase_at_once_by_both_ways_tell_it_once(trackers: Trackers) -> None:
    await trackers.attached(META, credentials=pb.TrackerCredentials(access_token=TOKEN))
    await trackers.visit("visit_1", *ALL_CONSENTS)
    told = Told()
    orders = [f"ord_{number}" for number in range(8)]

    async def hear(order_id: str, *, by_the_funnel: bool) -> None:
        async with trackers.store(told).transaction(A) as transaction:
            if by_the_funnel:
                worth = Worth(5_000, "EUR")
                await step_reached(transaction, Reached(A, show_of(A), "visit_1", Step.DONE, 1, order_id, worth, 2))
            else:
                await order_confirmed(transaction, Sale(order_id, show_of(A), "", Worth(5_000, "EUR"), 2, 1))
            await transaction.commit()

    await asyncio.gather(*(hear(one, by_the_funnel=way) for one in orders for way in (True, False, True)))
    assert sorted(told.ids) == [f"{one}.Purchase" for one in orders]
