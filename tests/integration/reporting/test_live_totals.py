"""From events on the bus to totals in the read model: order of arrival, duplicates, poison, restarts."""

from dataclasses import replace

from sqlalchemy import text

from services.contracts.channels import Channel
from services.reporting.domain.totals import LineFigures, LineKey
from services.runtime.bus.topics import AVAILABILITY, ORDERS
from services.runtime.testing import eventually
from services.runtime.testing.servers import DatabaseUrl, as_owner
from tests.integration.reporting.sales_stage import (
    confirmed,
    counted,
    described,
    partly_refunded,
    refunded,
    staged,
)


async def test_a_sale_is_told_by_category_and_channel(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage, stage.following():
        await stage.publisher.publish(
            described("p1"), confirmed("o1", "p1", "A", "A", "B"), confirmed("o2", "p1", "A"), refunded("o2", "p1")
        )
        await stage.caught_up()
        totals = await stage.totals("p1")
        assert totals.lines == {
            LineKey("A", Channel.ONLINE): LineFigures(2, 5000),
            LineKey("B", Channel.ONLINE): LineFigures(1, 1000),
        }
        assert (totals.capacity, totals.sold, totals.revenue_minor, totals.currency) == (100, 3, 6000, "EUR")
        assert (totals.orders_confirmed, totals.orders_refunded) == (2, 1)
        assert await stage.violations() == []


async def test_figures_fall_with_a_refund_and_a_refund_of_nothing_changes_none(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage, stage.following():
        await stage.publisher.publish(confirmed("o1", "p1", "A", "B"), confirmed("o2", "p1", "B"))
        await stage.caught_up()
        assert (await stage.totals("p1")).sold == 3
        await stage.publisher.publish(refunded("o1", "p1"), refunded("never-confirmed", "p1"))
        await stage.caught_up()
        totals = await stage.totals("p1")
        assert totals.lines == {LineKey("B", Channel.ONLINE): LineFigures(1, 1000)}
        assert totals.orders_refunded == 2
        assert await stage.violations() == []


async def test_a_part_that_went_back_lowers_revenue_until_the_whole_is_back(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage, stage.following():
        await stage.publisher.publish(confirmed("o1", "p1", "A", "B"), confirmed("o2", "p1", "B"))
        for part in (700, 1750):
            await stage.publisher.publish(partly_refunded("o1", "p1", part, total_minor=3500))
        await stage.caught_up()
        totals = await stage.totals("p1")
        assert totals.lines == {
            LineKey("A", Channel.ONLINE): LineFigures(1, 1250),
            LineKey("B", Channel.ONLINE): LineFigures(2, 1500),
        }
        assert await stage.violations() == []
        # Of which lines, as is told from then on; and once more, of what was kept with the order.
        for told in ([("A", 2500)], [("A", 2500), ("B", 300)]):
            back = partly_refunded("o1", "p1", sum(minor for _, minor in told), total_minor=3500, lines=told)
            await stage.publisher.publish(back)
        await stage.caught_up()
        assert (await stage.totals("p1")).lines == {
            LineKey("A", Channel.ONLINE): LineFigures(1, 0),
            LineKey("B", Channel.ONLINE): LineFigures(2, 1700),
        }
        assert await stage.violations() == []
        await stage.publisher.publish(refunded("o1", "p1"))
        await stage.caught_up()
        assert (await stage.totals("p1")).lines == {LineKey("B", Channel.ONLINE): LineFigures(1, 1000)}
        assert await stage.violations() == []


async def test_an_orders_event_may_come_before_the_performances(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage, stage.following():
        await stage.publisher.publish(confirmed("o1", "p1"))
        await stage.caught_up()
        assert (await stage.totals("p1")).capacity == 0
        await stage.publisher.publish(described("p1", capacity=120))
        await stage.caught_up()
        totals = await stage.totals("p1")
        assert (totals.capacity, totals.sold, totals.free) == (120, 1, 119)


async def test_counts_of_an_older_epoch_or_version_are_ignored(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage, stage.following():
        for epoch, version, free in [(2, 5, 60), (2, 4, 10), (1, 99, 20)]:
            await stage.publisher.publish(counted("p1", epoch, version, free=free, held=3))
            await stage.publisher.publish(counted("barrier", epoch, version, free=free))
        await stage.publisher.publish(counted("last", 1, 1, free=1))

        async def is_there() -> bool:
            return await stage.reader.totals("house_1", "last") is not None and (await stage.totals("p1")).free == 60

        await eventually(is_there)
        totals = await stage.totals("p1")
        assert (totals.free, totals.held, totals.capacity) == (60, 3, 100)
        await stage.publisher.publish(counted("p1", 3, 1, free=50))

        async def is_newer() -> bool:
            return (await stage.totals("p1")).free == 50

        await eventually(is_newer)


async def test_events_delivered_twice_are_counted_once(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage, stage.following():
        await stage.publisher.publish(confirmed("o1", "p1", "A"), confirmed("o2", "p1", "B"))
        await stage.publisher.send(list(stage.publisher.published))
        await stage.publisher.publish(confirmed("o3", "p1", "A"))
        await stage.caught_up()
        assert (await stage.totals("p1")).sold == 3
        assert await stage.violations() == []


async def test_a_restart_goes_on_where_it_was(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage:
        for number in range(3):
            async with stage.following():
                await stage.publisher.publish(confirmed(f"o{number}", "p1"))
                await stage.caught_up()
        assert (await stage.totals("p1")).sold == 3


async def test_a_poisoned_event_parks_its_performance_and_no_other(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage, stage.following():
        poisoned = stage.publisher.message(confirmed("o1", "bad"), payload=b"\xff\xff\xff")
        await stage.publisher.send([poisoned])
        await stage.publisher.publish(confirmed("o2", "bad"), confirmed("o3", "good"))

        async def good_is_told() -> bool:
            told = await stage.reader.totals("house_1", "good")
            return told is not None and told.sold == 1 and bool(await stage.violations())

        await eventually(good_is_told)
        assert await stage.reader.totals("house_1", "bad") is None
        assert await stage.violations() == [f"{ORDERS} {ORDERS} bad: parked after 0 by EventMalformed"]


async def test_an_event_whose_house_is_not_its_headers_is_parked(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage, stage.following():
        message = stage.publisher.message(confirmed("o1", "p1", house_id="house_2"))
        await stage.publisher.send([replace(message, headers={**message.headers, "ce_houseid": "house_1"})])

        async def is_parked() -> bool:
            return bool(await stage.violations())

        await eventually(is_parked)
        assert await stage.everything() == []


async def test_a_sale_in_another_currency_is_parked_and_not_added_up(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage, stage.following():
        await stage.publisher.publish(confirmed("o1", "p1"), confirmed("o2", "p1", currency="SEK"))

        async def is_parked() -> bool:
            return bool(await stage.violations())

        await eventually(is_parked)
        totals = await stage.totals("p1")
        assert (totals.sold, totals.currency) == (1, "EUR")


async def test_the_audit_finds_figures_that_were_tampered_with(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage:
        async with stage.following():
            await stage.publisher.publish(
                *(confirmed(f"o{number}", "p1") for number in range(4)), counted("p1", 1, 1, free=96)
            )
            await stage.caught_up()

            async def is_counted() -> bool:
                return (await stage.totals("p1")).counted is not None

            await eventually(is_counted)
        assert await stage.violations() == []
        for tampering, found in [
            ("UPDATE sales_lines SET tickets = tickets + 1", "told 5 for 10000, its orders say 4 for 10000"),
            ("DELETE FROM inbox WHERE sequence = 2", "3 events of 1 to 4 are in the inbox"),
            (
                "UPDATE performances SET orders_refunded = 1",
                "1 refunded orders, there are 4 and 0",
            ),
            (
                "UPDATE performances SET counted_free = 95",
                "sold 4 + blocked 0 + reserved 0 + handed out 0 is not 100",
            ),
        ]:
            async with as_owner(stage.engine).begin() as connection:
                await connection.execute(text(tampering))
            assert [line for line in await stage.violations() if line.endswith(found)], tampering


async def test_orders_and_counts_of_one_performance_at_the_same_time_lose_nothing(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage, stage.following():
        for number in range(100):
            await stage.publisher.publish(
                confirmed(f"o{number}", "p1", "A", "B"), counted("p1", 1, number + 1, free=100 - number)
            )
            if number % 4 == 0:
                await stage.publisher.publish(refunded(f"o{number}", "p1"))
        await stage.caught_up()

        async def is_counted() -> bool:
            return (await stage.totals("p1")).free == 1

        await eventually(is_counted)
        totals = await stage.totals("p1")
        assert (totals.orders_confirmed, totals.orders_refunded, totals.sold) == (100, 25, 150)
        assert await stage.violations() == []


async def test_a_state_of_an_unknown_type_is_skipped_and_the_next_one_counts(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage, stage.following():
        known = stage.publisher.message(counted("p1", 1, 1, free=60))
        later = replace(known, headers={**known.headers, "ce_id": "evt_x", "ce_type": f"{AVAILABILITY}.Later"})
        await stage.bus.publish([later, known])

        async def counted_once() -> None:
            assert (await stage.totals("p1")).free == 60

        await eventually(counted_once)
