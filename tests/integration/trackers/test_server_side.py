"""From the queue to the companies' books: once each, with what is allowed at that moment, whatever happens between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

import pytest

from services.integrations.trackers.domain.hashing import sha256
from services.integrations.trackers.domain.steps import Step
from services.integrations.trackers.domain.tracker import Tracker, TrackerKind
from services.runtime.ids import seeded_random
from services.runtime.outbound.port import Carried, Carrier, Dispatch, Target
from services.runtime.testing import eventually
from tests.doubles.company import SERVER_ERROR, Spoiled, holding
from tests.integration.trackers.companies import META, TARGET, X, purchase
from tests.integration.trackers.server_stage import NOTHING_ALLOWED, ServerStage, open_stage, other_x_account

KINDS = (TrackerKind.META_PIXEL, TrackerKind.GOOGLE_ADS, TrackerKind.X_PIXEL)
HASHES = ("86e0b9e56c17", "e03d152bbe63")


@pytest.fixture
async def stage(emptied_database_url: Callable[[str], str]) -> AsyncIterator[ServerStage]:
    async with open_stage(emptied_database_url("trackers")) as found:
        yield found


async def all_three(stage: ServerStage) -> Sequence[Tracker]:
    return [await stage.tracker(kind, f"trk_{kind.value}") for kind in KINDS]


def counted(stage: ServerStage) -> dict[str, list[str]]:
    """The purchases in each company's books."""
    world = stage.world
    return {
        "meta": [event_id for name, event_id in world.meta_double.counted.get(META.pixel_id, {}) if name == "Purchase"],
        "google": list(world.google_double.counted.get("222", {})),
        "x": [event_id for name, event_id in world.x_double.counted.get(X.pixel_id, {}) if name == X.purchase_event_id],
    }


async def test_r3_15_meta_hears_five_steps_of_a_purchase_and_the_others_two(stage: ServerStage) -> None:
    trackers = await all_three(stage)
    visit = await stage.visit("vis_1")
    await stage.confirm(1)
    for step in Step:
        await stage.reach(visit, step, trackers)
    async with stage.running():
        await eventually(lambda: stage.are_settled(*trackers))
    world = stage.world
    assert len(world.meta_double.counted[META.pixel_id]) == 5
    assert {action: len(found) for action, found in world.google_double.counted.items()} == {"111": 1, "222": 1}
    assert len(world.x_double.counted[X.pixel_id]) == 2


async def test_r3_15_of_a_purchase_abandoned_at_payment_meta_hears_four_and_the_others_one(stage: ServerStage) -> None:
    trackers = await all_three(stage)
    visit = await stage.visit("vis_1")
    for step in (Step.START, Step.SEATS, Step.CUSTOMER, Step.PAYMENT):
        await stage.reach(visit, step, trackers)
    async with stage.running():
        await eventually(lambda: stage.are_settled(*trackers))
    assert [name for name, _ in stage.world.meta_double.counted[META.pixel_id]] == [
        "ViewContent",
        "AddToCart",
        "InitiateCheckout",
        "AddPaymentInfo",
    ]
    assert list(stage.world.google_double.counted) == ["111"]
    assert len(stage.world.x_double.counted[X.pixel_id]) == 1


async def test_the_buyer_comes_from_customers_when_it_goes_and_is_kept_nowhere(
    stage: ServerStage, capfd: pytest.CaptureFixture[str]
) -> None:
    trackers = await all_three(stage)
    # An answer that repeats what was asked, and a fault of ours, are where logs would have it from.
    stage.world.meta_double.spoil(Spoiled(500, b'{"email":"jane.doe@example.com","ip":"203.0.113.7"}'))
    await stage.sell(await stage.visit("vis_1"), trackers, 1, "cus_jane")
    async with stage.running():
        await eventually(lambda: stage.are_settled(*trackers))
    asked = stage.world.meta_double.asked[-1]
    person = json.loads(asked.body)["data"][0]["user_data"]
    assert person["em"].startswith(HASHES[0]) and person["ph"].startswith(HASHES[1])
    assert person["external_id"] == sha256("cus_jane")
    assert HASHES[0].encode() in stage.world.google_double.asked_at(":ingest")[0].body
    assert HASHES[0].encode() in stage.world.x_double.asked[0].body
    await _nothing_personal_is_kept(stage, "".join(capfd.readouterr()))


async def _nothing_personal_is_kept(stage: ServerStage, logged: str) -> None:
    """In no row of the database, sealed ones aside, so in no ledger line; and in no log."""
    tables = [row.tablename for row in await stage.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    kept = ""
    for table in tables:
        kept += "\n".join(row.line for row in await stage.rows(f'SELECT t::text AS line FROM "{table}" t'))
    secrets = (
        "jane.doe",
        "Jane.Doe",
        "612345678",
        "203.0.113.7",
        "Mozilla/5.0",
        "Cj0KCQjw-gclid",
        "23opevjt88",
        META.access_token,
        X.token_secret,
        X.consumer_secret,
        "PRIVATE KEY",
        "ya29",
        *HASHES,
    )
    assert len(kept) > 1_000
    said = kept + logged
    assert not [secret for secret in secrets if secret in said]


async def test_a_consent_taken_back_before_it_went_drops_it(stage: ServerStage) -> None:
    trackers = await all_three(stage)
    await stage.sell(await stage.visit("vis_1"), trackers, 1)
    await stage.sell(await stage.visit("vis_2"), trackers, 2)
    await stage.visit("vis_1", NOTHING_ALLOWED)
    async with stage.running():
        await eventually(lambda: stage.are_settled(*trackers))
    assert set((await stage.states(trackers[0])).items()) == {
        ("ord_1.Purchase", "dropped"),
        ("ord_2.Purchase", "delivered"),
    }
    assert counted(stage) == {"meta": ["ord_2.Purchase"], "google": ["ord_2.purchase"], "x": ["ord_2.purchase"]}


async def test_of_a_customer_who_was_erased_before_it_went_nothing_is_told(stage: ServerStage) -> None:
    trackers = await all_three(stage)
    await stage.sell(await stage.visit("vis_1"), trackers, 1, "cus_erased")
    async with stage.running():
        await eventually(lambda: stage.are_settled(*trackers))
    assert counted(stage) == {"meta": [], "google": [], "x": []}
    notes = await stage.rows("SELECT DISTINCT note FROM outbound_dispatch")
    assert [row.note for row in notes] == ["the customer was erased"]


async def test_a_purchase_waits_for_its_orders_confirmation(stage: ServerStage) -> None:
    trackers = await all_three(stage)
    await stage.reach(await stage.visit("vis_1"), Step.DONE, trackers)
    async with stage.running():
        waits = "SELECT 1 FROM outbound_dispatch WHERE note LIKE '%confirmation%' AND settled IS NULL"
        await eventually(lambda: _has(stage, waits, 3))
        assert counted(stage) == {"meta": [], "google": [], "x": []}
        await stage.confirm(1)
        await eventually(lambda: stage.are_settled(*trackers))
    assert counted(stage) == {"meta": ["ord_1.Purchase"], "google": ["ord_1.purchase"], "x": ["ord_1.purchase"]}


async def _has(stage: ServerStage, statement: str, count: int) -> bool:
    return len(await stage.rows(statement)) == count


async def test_a_refund_adjusts_at_google_once_and_the_others_say_that_they_take_nothing_back(
    stage: ServerStage,
) -> None:
    trackers = await all_three(stage)
    await stage.sell(await stage.visit("vis_1"), trackers)
    async with stage.running():
        await eventually(lambda: stage.are_settled(*trackers))
        await stage.refund(1, 1_000)
        await stage.refund(1, 1_000)
        await eventually(lambda: stage.are_settled(*trackers))
        await stage.refund(1, 2_500)
        await eventually(lambda: stage.are_settled(*trackers))
    told = stage.world.google_double.counted["222"]["ord_1.purchase"]
    assert [event.conversion_value for event in told] == [25.0, 15.0, 0.0]
    assert stage.world.google_double.duplicates == 0
    assert await stage.states(trackers[0]) == {
        "ord_1.Purchase": "delivered",
        "ord_1.refund.1500": "dropped",
        "ord_1.refund.0": "dropped",
    }
    assert len(stage.world.meta_double.asked) == len(stage.world.x_double.asked) == 1


async def test_what_was_paid_back_before_it_went_is_told_as_what_is_left_or_not_at_all(stage: ServerStage) -> None:
    (google,) = [await stage.tracker(TrackerKind.GOOGLE_ADS, "trk_google")]
    visit = await stage.visit("vis_1")
    for number in (1, 2):
        await stage.sell(visit, [google], number)
    await stage.refund(1, 500)
    await stage.refund(2, 2_500)
    async with stage.running():
        await eventually(lambda: stage.are_settled(google))
    told = stage.world.google_double.counted["222"]
    assert {order: [event.conversion_value for event in events] for order, events in told.items()} == {
        "ord_1.purchase": [20.0]
    }
    assert (await stage.states(google))["ord_2.refund.0"] == "dropped"


async def test_a_key_withdrawn_in_the_middle_locks_and_a_new_one_brings_all_of_it(stage: ServerStage) -> None:
    meta = await stage.tracker(TrackerKind.META_PIXEL, "trk_meta")
    x = await stage.tracker(TrackerKind.X_PIXEL, "trk_x")
    visit = await stage.visit("vis_1")
    async with stage.running():
        await stage.sell(visit, [meta, x], 1)
        await eventually(lambda: stage.are_settled(meta, x))
        stage.world.meta_double.tokens[META.pixel_id] = "EAAG-the-next-one"
        for number in range(2, 12):
            await stage.sell(visit, [meta, x], number)
        await eventually(lambda: stage.are_settled(x))
        await eventually(lambda: _has(stage, "SELECT 1 FROM outbound_target WHERE locked_at_ms IS NOT NULL", 1))
        assert counted(stage)["meta"] == ["ord_1.Purchase"]
        await stage.credentials(meta, {"access_token": "EAAG-the-next-one"})
        await eventually(lambda: stage.are_settled(meta))
    numbers = range(1, 12)
    assert sorted(counted(stage)["meta"]) == sorted(f"ord_{number}.Purchase" for number in numbers)
    assert set((await stage.states(meta)).values()) == {"delivered"}


async def test_a_dead_meta_slows_neither_x_nor_another_house(stage: ServerStage) -> None:
    meta = await stage.tracker(TrackerKind.META_PIXEL, "trk_meta")
    x = await stage.tracker(TrackerKind.X_PIXEL, "trk_x")
    credentials = other_x_account(stage, "zzzzz")
    events = {"account": "zzzzz", "start_event": "tw-zzzzz-aaaa", "purchase_event": "tw-zzzzz-bbbb"}
    other = await stage.tracker(TrackerKind.X_PIXEL, "trk_two", house_id="hou_two", credentials=credentials, **events)
    async with holding(stage.world.meta_double), stage.running():
        await stage.sell(await stage.visit("vis_1"), [meta, x], 1)
        await stage.sell(await stage.visit("vis_1", house_id="hou_two"), [other], 1)
        await eventually(lambda: stage.are_settled(x, other))
        assert (await stage.states(meta)) == {"ord_1.Purchase": "waiting"}
    assert set(stage.world.x_double.counted) == {X.pixel_id, "zzzzz"}
    assert all(len(found) == 1 for found in stage.world.x_double.counted.values())


async def test_two_integrators_and_answers_that_are_lost_count_each_purchase_once(stage: ServerStage) -> None:
    """Killed at any point: what a dead process has told is told again, under the same id, and counted once."""
    trackers = await all_three(stage)
    visit = await stage.visit("vis_1")
    world = stage.world
    lost = Spoiled(500, b"", after_effect=True)
    world.meta_double.spoil(lost, SERVER_ERROR, lost)
    world.x_double.spoil(lost, lost, SERVER_ERROR)
    async with stage.running(stage.sender(), stage.sender()):
        for number in range(1, 41):
            await stage.sell(visit, trackers, number, "cus_jane")
        await eventually(lambda: stage.are_settled(*trackers), timeout_seconds=120)
    numbers = range(1, 41)
    assert {name: sorted(found) for name, found in counted(stage).items()} == {
        "meta": sorted(f"ord_{number}.Purchase" for number in numbers),
        "google": sorted(f"ord_{number}.purchase" for number in numbers),
        "x": sorted(f"ord_{number}.purchase" for number in numbers),
    }
    assert all(len(events) == 1 for events in world.google_double.counted["222"].values())
    assert world.meta_double.duplicates and world.x_double.duplicates, "nothing was told twice: the rig proves nothing"


async def test_without_the_key_of_a_purchase_meta_would_count_it_twice(stage: ServerStage) -> None:
    """The negative control of the test above: it is the company's own deduplication that we lean on."""
    sale = purchase()
    for event_id in ("ord_1.Purchase", "ord_1.Purchase-again"):
        await stage.world.meta.tell(TARGET, META, [replace(sale, event_id=event_id)], "purchase")
    assert len(counted(stage)["meta"]) == 2


@pytest.mark.parametrize("seed", [7])
async def test_killed_at_any_point_each_purchase_is_in_each_companys_books_once(stage: ServerStage, seed: int) -> None:
    """Two senders; one or the other is killed before or after a company has heard, and its target is taken over."""
    trackers = await all_three(stage)
    visit = await stage.visit("vis_1")
    chance, kills = seeded_random(seed), 40
    for number in range(1, kills + 1):
        await stage.sell(visit, trackers, number, "cus_jane")
        carrier = KillingCarrier(stage.carrier, after_calls=chance.randrange(3), is_before=chance.random() < 0.4)
        tasks = [asyncio.create_task(stage.sender(carrier).run()) for _ in range(2)]
        await asyncio.wait({asyncio.create_task(carrier.struck.wait())}, timeout=20)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # What they held is free after a while.
        stage.world.clock.off_ms += 60_000
        stage.world.their_clock.off_ms += 60_000
    async with stage.running():
        await eventually(lambda: stage.are_settled(*trackers), timeout_seconds=120)
    numbers = range(1, kills + 1)
    assert {name: sorted(found) for name, found in counted(stage).items()} == {
        "meta": sorted(f"ord_{number}.Purchase" for number in numbers),
        "google": sorted(f"ord_{number}.purchase" for number in numbers),
        "x": sorted(f"ord_{number}.purchase" for number in numbers),
    }
    assert all(len(events) == 1 for events in stage.world.google_double.counted["222"].values())
    world = stage.world
    assert world.meta_double.duplicates + world.x_double.duplicates + world.google_double.duplicates, "no kill counted"


class KillingCarrier:
    """Carries so many times, and then no more: whoever calls it is dead before the company has heard, or after."""

    def __init__(self, carrier: Carrier, *, after_calls: int, is_before: bool) -> None:
        self._carrier = carrier
        self._left = after_calls
        self._is_before = is_before
        self.limits = carrier.limits
        self.struck = asyncio.Event()

    async def carry(self, target: Target, dispatches: Sequence[Dispatch]) -> Carried:
        self._left -= 1
        if self._left < 0 and self._is_before:
            await self._die()
        carried = await self._carrier.carry(target, dispatches)
        if self._left < 0:
            await self._die()
        return carried

    async def _die(self) -> None:
        self.struck.set()
        await asyncio.Event().wait()
