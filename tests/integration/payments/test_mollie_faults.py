"""Mollie on its worst days: whatever is lost, late or twice, each payment is taken once and given back once."""

from __future__ import annotations

import asyncio
from collections import Counter as Counts
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import pytest
from balcon.payments.v1 import payments_service_pb2

from services.runtime.testing import eventually
from tests.doubles.company import SERVER_ERROR, Spoiled
from tests.doubles.mollie import Mollie
from tests.integration.payments.conftest import StartRig
from tests.integration.payments.rig import PENDING, SUCCEEDED, Rig
from tests.integration.payments.test_provider_accounts import Counter, start_counter

BUSY = Spoiled(429, b"{}", {"retry-after": "1"})
LOST_ANSWER = replace(SERVER_ERROR, after_effect=True)
PROXY = Spoiled(403, b"<html>a proxy's page</html>")


@dataclass(frozen=True, slots=True)
class Day:
    """What goes wrong: calls before their effect or after it, webhooks, and what Mollie has forgotten meanwhile."""

    story: str
    creation: tuple[Spoiled, ...] = ()
    paying: Callable[[Mollie], AbstractContextManager[None]] = lambda _: nullcontext()
    telling: tuple[Spoiled, ...] = ()
    refund: tuple[Spoiled, ...] = ()
    forgets: bool = False


DAYS = (
    Day("a good one"),
    Day("creation fails before it has an effect", creation=(SERVER_ERROR, SERVER_ERROR)),
    Day("the answer of a creation is lost", creation=(LOST_ANSWER,)),
    Day("the answer of a creation is lost, and its key forgotten", creation=(LOST_ANSWER,), forgets=True),
    Day("too much is asked at once", creation=(BUSY,), telling=(BUSY,), refund=(BUSY,)),
    Day("a proxy is in between", creation=(PROXY,), telling=(PROXY,), refund=(PROXY,)),
    Day("Mollie cannot say how the payment stands", telling=(SERVER_ERROR, SERVER_ERROR, SERVER_ERROR)),
    Day("the answers of a refund are lost", refund=(LOST_ANSWER, LOST_ANSWER, LOST_ANSWER)),
    Day("the answers of a refund are lost, and its key forgotten", refund=(LOST_ANSWER,) * 3, forgets=True),
)


@pytest.fixture
async def mollie() -> AsyncIterator[Mollie]:
    async with Mollie() as running:
        yield running


async def test_whatever_goes_wrong_money_is_taken_once_and_given_back_once(start_rig: StartRig, mollie: Mollie) -> None:
    counter = await start_counter(start_rig, mollie, account_listing_seconds=0.5)
    await counter.add()
    for number, day in enumerate(DAYS):
        await _live_through(counter, day, f"ord_{number}")
    assert len(mollie.payments) == len(DAYS), "no payment was made twice"
    for payment in mollie.payments.values():
        assert [one.value for one in payment.refunds] == [payment.value]
    told = Counts(type(event).__name__ for event in await counter.rig.events())
    assert (told["PaymentRefunded"], told["PaymentSucceeded"]) == (len(DAYS), len(DAYS))


async def _live_through(counter: Counter, day: Day, order: str) -> None:
    rig, mollie = counter.rig, counter.mollie
    mollie.spoil(*day.creation)
    payment = await rig.create(order)
    if day.forgets:
        mollie.forget_keys()
    payment = await rig.reaches(payment, PENDING)
    mollie.spoil(*day.telling)
    mollie.buyer_pays(await counter.ref(payment))
    payment = await rig.reaches(payment, SUCCEEDED)
    mollie.spoil(*day.refund)
    await rig.refund(payment, f"ref_{order}")
    if day.forgets:
        mollie.forget_keys()
    await rig.is_refunded(payment)
    assert not mollie.spoiled, day.story


async def _payments(rig: Rig, count: int) -> list[payments_service_pb2.Payment]:
    return list(await asyncio.gather(*(rig.create(f"ord_{number}") for number in range(count))))


async def test_webhooks_that_are_lost_late_twice_or_out_of_order_end_alike(start_rig: StartRig, mollie: Mollie) -> None:
    counter = await start_counter(start_rig, mollie, account_listing_seconds=0.5, pending_seconds=3_600.0)
    account = await counter.add()
    lost, late, twice, early = await _payments(counter.rig, 4)
    # Before anything has happened: a question, and no more.
    mollie.send_classic(account.webhook_url, await counter.ref(early))
    await mollie.all_sent()
    assert (await counter.rig.get(early)).state == PENDING
    mollie.sends_webhooks = False
    for payment in (lost, late, early):
        mollie.buyer_pays(await counter.ref(payment))
    mollie.sends_webhooks = mollie.sends_twice = True
    mollie.buyer_pays(await counter.ref(twice))
    for payment in (lost, twice, early):
        await counter.rig.reaches(payment, SUCCEEDED)
    mollie.send_classic(account.webhook_url, await counter.ref(late))
    await counter.rig.reaches(late, SUCCEEDED)

    async def each_was_told_once() -> None:
        told = [event.payment_id for event in await counter.rig.events()]
        assert sorted(told) == sorted(one.payment_id for one in (lost, late, twice, early))

    await eventually(each_was_told_once)


async def test_an_hour_without_mollie_keeps_nobody_of_another_house_waiting(
    start_rig: StartRig, mollie: Mollie
) -> None:
    counter = await start_counter(start_rig, mollie, mollie_timeout_seconds=30.0)
    await counter.add()
    mollie.answering.clear()
    waiting = [asyncio.ensure_future(counter.rig.create(f"ord_{number}")) for number in range(40)]
    # Another house, at the deployment's own account.
    other = await counter.rig.create("ord_other", house_id="house_2")
    assert other.state == PENDING
    assert not any(one.done() for one in waiting)
    mollie.answering.set()
    for payment in await asyncio.gather(*waiting):
        await counter.rig.reaches(payment, PENDING)
    assert len(mollie.payments) == len(waiting)
