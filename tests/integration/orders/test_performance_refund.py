"""A cancelled show: every order is acted on once, whatever dies meanwhile, and all of the money is told when it is back
(issue 14, point 4)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from services.orders.adapters.postgres_order_store import PostgresOrderStore
from services.orders.adapters.postgres_order_work import PostgresOrderWork
from services.orders.domain.commands import FreeExchange, OpenExchange, RefundTerms
from services.orders.domain.exchanges import ExchangeTerms
from services.orders.domain.exchanging import worth_minor
from services.orders.domain.order import Order, OrderState
from services.orders.domain.performance_refund import JobCounts, JobState, PerformanceRefund
from services.orders.domain.refunds import LineRef
from services.orders.handlers.acting import act_on
from services.orders.handlers.performance_refunds import PerformanceRefunds, RefundJobLimits
from services.orders.ports import Changed, Lease
from services.runtime.clock import SystemClock
from services.runtime.errors import IdempotencyKeyReused
from services.runtime.ids import RandomIds
from services.runtime.sql.engine import create_engine
from services.runtime.testing import eventually
from services.runtime.testing.servers import DatabaseUrl
from tests.unit.orders.builders import HOUSE, SHOW
from tests.unit.orders.rig import TIMING, Shop, World, ref_of

CLOCK = SystemClock()
ROWS = "ABC"


class Stage:
    """Orders of two seats in a store of its own, and the job over them."""

    def __init__(self, world: World, work: PostgresOrderWork) -> None:
        self.world = world
        self.work = work
        self.orders: list[Order] = []

    async def sell(self, shop: Shop) -> None:
        """Five orders a row."""
        for row in ROWS:
            for place in range(1, 11, 2):
                name = f"{row}{place}"
                order = await shop.ordered(f"{row}-{place}", f"{row}-{place + 1}", name=name)
                await shop.checked_out(order)
                self.world.payments.pay(shop.payment(order))
                self.orders.append(order)
        await asyncio.gather(*(shop.ended(order) for order in self.orders))

    def loop(self, shop: Shop) -> PerformanceRefunds:
        limits = RefundJobLimits(batch=4, orders_per_second=1_000)
        return PerformanceRefunds(self.work, self.world.store, shop.driver, CLOCK, RandomIds(), TIMING, limits)

    async def job(self, job_id: str = "job_1") -> PerformanceRefund:
        found = await self.work.get(HOUSE, job_id)
        assert found is not None
        return found


def a_job(**changes: object) -> PerformanceRefund:
    job = PerformanceRefund("job_1", HOUSE, SHOW, RefundTerms(), True, "storm", None, CLOCK.now_ms())
    return replace(job, **changes)  # type: ignore[arg-type]


@pytest.fixture
async def stage(database_url: DatabaseUrl) -> AsyncIterator[Stage]:
    engine = create_engine(database_url("orders"), application="test")
    store = PostgresOrderStore(engine, CLOCK, RandomIds(), committed=lambda: None)
    yield Stage(World(CLOCK, store, RandomIds()), PostgresOrderWork(engine, CLOCK, RandomIds(), lambda: None))
    await engine.dispose()


async def test_every_order_is_given_back_once_although_the_job_dies_in_between(stage: Stage) -> None:
    async with Shop(stage.world) as shop:
        await stage.sell(shop)
        await stage.work.start(a_job(), "key_1", "content")
        first = asyncio.create_task(stage.loop(shop).run())

        async def has_begun() -> None:
            assert (await stage.job()).orders_acted >= 4

        await eventually(has_begun)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        # A lease that its holder took into the grave, at a batch that was done but not written down.
        now_ms = CLOCK.now_ms()
        await stage.work.lease_due(Lease("dead", now_ms + 60_000, now_ms), 10)
        second = asyncio.create_task(stage.loop(shop).run())

        async def is_done() -> None:
            assert (await stage.job()).state is JobState.DONE

        await eventually(is_done)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        orders = [await shop.read(order) for order in stage.orders]
        assert {order.state for order in orders} == {OrderState.REFUNDED}
        assert all(len(order.refunds) == 1 for order in orders)
        assert all(payment.refunded_minor == payment.amount_minor for payment in stage.world.payments.payments())
        other = a_job(job_id="job_2", performance_id="perf_other")
        none, counts = await stage.work.counts([other, await stage.job()])
        assert none == JobCounts()
        assert (counts.orders_left, counts.refunds_done, counts.refunds_due) == (0, len(orders), 0)
        assert counts.back == (("EUR", len(orders) * 5_000),)
        assert (counts.refunded_orders, counts.refunded_tickets) == (len(orders), 2 * len(orders))


async def test_a_job_comes_back_by_itself_to_an_order_whose_exchange_came_to_nothing(stage: Stage) -> None:
    async with Shop(stage.world) as shop:
        await stage.sell(shop)
        locked = await shop.read(stage.orders[0])
        lines = (LineRef(SHOW, locked.first.seat_ids[0]),)
        opening = OpenExchange("ord_new", lines, worth_minor(locked, lines, ExchangeTerms()), ExchangeTerms())
        opened = await stage.world.store.change(ref_of(locked), act_on(opening, CLOCK, TIMING))
        assert isinstance(opened, Changed)
        await stage.work.start(a_job(), "key_1", "content")
        running = asyncio.create_task(stage.loop(shop).run())

        async def all_but_one_are_back() -> None:
            (counts,) = await stage.work.counts([await stage.job()])
            assert (counts.orders_left, counts.refunds_done) == (1, len(stage.orders) - 1)

        await eventually(all_but_one_are_back)
        assert (await stage.job()).state is JobState.RUNNING
        await stage.world.store.change(ref_of(locked), act_on(FreeExchange("ord_new"), CLOCK, TIMING))

        async def is_done() -> None:
            assert (await stage.job()).state is JobState.DONE

        await eventually(is_done)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert (await shop.read(locked)).state is OrderState.REFUNDED


async def test_a_paused_job_takes_nothing_on_and_goes_on_where_it_stood(stage: Stage) -> None:
    job = a_job()
    await stage.work.start(job, "key_1", "content")
    paused = await stage.work.turn(HOUSE, job.job_id, JobState.PAUSED)
    assert paused is not None
    assert paused.state is JobState.PAUSED
    now_ms = CLOCK.now_ms()
    assert await stage.work.lease_due(Lease("one", now_ms, now_ms + 1_000), 10) == []
    await stage.work.turn(HOUSE, job.job_id, JobState.RUNNING)
    lease = Lease("two", now_ms, now_ms + 1_000)
    (leased,) = await stage.work.lease_due(lease, 10)
    await stage.work.turn(HOUSE, job.job_id, JobState.PAUSED)
    await stage.work.save(replace(leased, orders_acted=7), lease, 0)
    assert ((await stage.job()).state, (await stage.job()).orders_acted) == (JobState.PAUSED, 7)


async def test_the_same_key_starts_one_job_and_other_content_is_refused(stage: Stage) -> None:
    first = await stage.work.start(a_job(), "key_1", "content")
    again = await stage.work.start(a_job(job_id="job_2"), "key_1", "content")
    assert again == first
    other = await stage.work.start(a_job(job_id="job_3"), "key_1", "other")
    assert other == IdempotencyKeyReused("idempotency_key", "key_1")
    assert len(await stage.work.list_jobs(HOUSE, SHOW, 10)) == 1
