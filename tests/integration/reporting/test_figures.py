"""Figures out of the read models (R2.8, R3.20): what is counted, told apart and narrowed; and what somebody may see."""

from __future__ import annotations

import itertools
from typing import Any

from balcon.funnel.v1.funnel_events_pb2 import FunnelStep, FunnelStepReached
from balcon.inventory.v1.allotments_pb2 import ALLOTMENT_KIND_HARD, Allotment, AllotmentChanged, AllotmentCounts
from balcon.orders.v1.orders_service_pb2 import LineDiscount

from services.contracts.channels import Channel
from services.contracts.wire_types import wire_instant
from services.reporting.ports.figures import AllotmentFigures, Dimension, FunnelStepCount, Narrowing, Sight, Sums
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.reporting.figures_stage import (
    ALL,
    WHOLE,
    at,
    euros,
    figures_stage,
    ids,
    line,
    part_refund,
    performance,
    refund,
    sale,
)
from tests.integration.reporting.sales_stage import HOUSE, counted

D = Dimension


async def test_r2_8_every_figure_of_an_event_is_told_by_kind_category_channel_part_and_tax(
    database_url: DatabaseUrl,
) -> None:
    discount = LineDiscount(discount_id="disc_1", amount=euros(500), office_id="office_1")
    async with figures_stage(
        database_url("reporting"),
        performance("p1"),
        sale("o1", "p1", "2027-01-04 10:00", line("s1"), line("s2", 1800, kind="DISCOUNT", discount=discount)),
        sale("o2", "p1", "2027-01-04 10:01", line("s3", 0, 0, 0, kind="FREE", category="B"), channel="BACKEND"),
        sale("o3", "p1", "2027-01-05 10:00", line("s4"), channel="BOX_OFFICE", seller=("STAFF", "per_1")),
        refund("o3", "p1", "2027-01-06 10:00"),
    ) as stage:
        assert await stage.tickets() == {"": 3}
        assert await stage.money() == {"": 2650 + 2150}
        assert await stage.tickets(D.KIND) == {"discount": 1, "free": 1, "normal": 1}
        assert await stage.money(D.CATEGORY) == {"A": 4800, "B": 0}
        assert await stage.tickets(D.CHANNEL) == {"BACKEND": 1, "BOX_OFFICE": 0, "ONLINE": 2}
        assert await stage.money(D.COMPONENT) == {"base": 4100, "service_fee": 300, "theatre_surcharge": 400}
        assert await stage.money(D.VAT_CLASS, D.VAT_RATE) == {" 00000": 0, "high 02100": 300, "low 00900": 4500}
        taxes = await stage.sums(D.VAT_CLASS)
        assert {key: row.sums.vat_minor for (key,), row in taxes.items()} == {
            "": 0,
            "high": 52,
            "low": 189 + 16 + 148 + 16,
        }
        assert await stage.tickets(D.DISCOUNT, D.OFFICE) == {" ": 2, "disc_1 office_1": 1}
        assert await stage.tickets(D.SELLER_KIND, D.SELLER) == {"buyer ": 3, "staff per_1": 0}
        assert await stage.tickets(D.SEAT) == {"s1": 1, "s2": 1, "s3": 1, "s4": 0}
        ((only,),) = [(await stage.sums()).values()]
        assert only.sums == Sums(4, 1, 2650 + 2150 + 2650, 2650, 52 + 189 + 16 + 148 + 16, 500)


async def test_every_table_answers_the_same(database_url: DatabaseUrl) -> None:
    """Sums, minutes, parts and the ledger are four roads to one figure."""
    async with figures_stage(
        database_url("reporting"),
        performance("p1"),
        *(sale(f"o{n}", "p1", at("2027-01-04 10:00") + n * 7_000, line("a"), line("b", 1001)) for n in range(40)),
    ) as stage:
        # In batches of their own: what is there already is added to.
        await stage.tell(*(refund(f"o{n}", "p1", "2027-01-05 09:00") for n in range(0, 40, 4)))
        await stage.tell(*(part_refund(f"o{n}", "p1", "2027-01-05 10:00", 333, 4001) for n in range(1, 40, 4)))
        (whole,) = (await stage.sums()).values()
        assert (whole.sums.tickets_sold, whole.sums.tickets_back) == (80, 20)
        assert whole.sums.revenue_minor == 30 * (2650 + 1351) - 10 * 333
        wide = Narrowing(moved_from_ms=1, moved_until_ms=at("2028-01-01 00:00"))
        minutes = Narrowing(moved_from_ms=0, moved_until_ms=at("2028-01-01 00:00"))
        told: list[Any] = [list(await stage.figures.sums(WHOLE, each, [])) for each in (ALL, wide, minutes)]
        assert told[0] == told[1] == told[2] != []
        assert sum((await stage.money(D.COMPONENT)).values()) == told[0][0].sums.revenue_minor
        by_part = [await stage.sums(D.COMPONENT, D.VAT_RATE, narrowing=each) for each in (ALL, wide)]
        assert by_part[0] == by_part[1]
        assert sum(row.sums.vat_minor for row in by_part[0].values()) == told[0][0].sums.vat_minor
        assert sum((await stage.money(D.SEAT)).values()) == told[0][0].sums.revenue_minor
        moved = [one async for one in stage.figures.movements(WHOLE, ALL)]
        assert sum(one.amount_minor for one in moved) == told[0][0].sums.revenue_minor
        assert sum(one.tickets for one in moved) == told[0][0].sums.tickets
        assert [one.at_ms for one in moved] == sorted(one.at_ms for one in moved)


async def test_r3_20_days_are_the_houses_and_those_of_the_clock_change_have_23_and_25_hours(
    database_url: DatabaseUrl,
) -> None:
    hour = 3_600_000
    spring, autumn = at("2027-03-28 00:00"), at("2027-10-31 00:00")
    async with figures_stage(
        database_url("reporting"),
        performance("p1", "2027-12-01 20:00"),
        *(sale(f"s{n}", "p1", spring + n * hour) for n in range(48)),
        *(sale(f"a{n}", "p1", autumn + n * hour) for n in range(48)),
    ) as stage:
        days = await stage.tickets(D.DAY)
        assert days == {
            "2027-03-28": 23,
            "2027-03-29": 24,
            "2027-03-30": 1,
            "2027-10-31": 25,
            "2027-11-01": 23,
        }
        hours = await stage.tickets(D.HOUR)
        assert "2027-03-28T02" not in hours
        assert hours["2027-10-31T02"] == 2
        assert await stage.tickets(D.WEEK) == {"2027-03-22": 23, "2027-03-29": 25, "2027-10-25": 25, "2027-11-01": 23}
        assert await stage.tickets(D.MONTH) == {"2027-03": 48, "2027-10": 25, "2027-11": 23}


async def test_r3_20_figures_are_told_by_transaction_date_and_by_event_date(database_url: DatabaseUrl) -> None:
    async with figures_stage(
        database_url("reporting"),
        performance("p1", "2027-02-01 20:00"),
        performance("p2", "2027-02-02 20:00"),
        sale("o1", "p1", "2027-01-04 23:59"),
        sale("o2", "p2", "2027-01-04 10:00"),
        sale("o3", "p2", "2027-01-05 00:00"),
        refund("o2", "p2", "2027-01-06 00:00"),
    ) as stage:
        day = Narrowing(moved_from_ms=at("2027-01-04 00:00"), moved_until_ms=at("2027-01-05 00:00"))
        assert await stage.tickets(D.PERFORMANCE, narrowing=day) == {"p1": 1, "p2": 1}
        later = Narrowing(moved_from_ms=at("2027-01-06 00:00"))
        assert await stage.tickets(D.PERFORMANCE, narrowing=later) == {"p2": -1}
        evening = Narrowing(starts_from_ms=at("2027-02-02 00:00"), starts_until_ms=at("2027-02-03 00:00"))
        assert await stage.tickets(D.EVENT_DAY, narrowing=evening) == {"2027-02-02": 1}
        assert await stage.tickets(D.EVENT_DAY) == {"2027-02-01": 1, "2027-02-02": 1}
        assert ids(await stage.figures.performances(WHOLE, evening)) == ["p2"]
        # Narrowing what moved narrows the sums, never which performances are told.
        assert [(one.performance_id, one.sums.tickets) for one in await stage.figures.performances(WHOLE, later)] == [
            ("p1", 0),
            ("p2", -1),
        ]


async def test_pace_is_told_by_the_days_before_the_show_also_of_the_titles_earlier_performances(
    database_url: DatabaseUrl,
) -> None:
    async with figures_stage(
        database_url("reporting"),
        performance("p1", "2027-02-01 20:00"),
        performance("old", "2026-02-01 20:00"),
        performance("other", "2026-02-01 20:00", title="Faust", production_id="prod_2"),
        sale("o1", "p1", "2027-01-22 23:59"),
        sale("o2", "p1", "2027-02-01 00:00"),
        sale("o3", "old", "2026-01-22 00:00"),
        sale("o4", "old", "2026-02-02 01:00"),
        sale("o5", "other", "2026-01-22 00:00"),
    ) as stage:
        same_title = Narrowing(titles=frozenset({"Elckerlijc"}))
        assert await stage.tickets(D.PERFORMANCE, D.DAYS_BEFORE, narrowing=same_title) == {
            "old -00001": 1,
            "old 00010": 1,
            "p1 00000": 1,
            "p1 00010": 1,
        }
        assert await stage.tickets(D.DAYS_BEFORE, narrowing=Narrowing(production_ids=frozenset({"prod_2"}))) == {
            "00010": 1
        }


async def test_channels_sellers_offices_halls_and_titles_narrow(database_url: DatabaseUrl) -> None:
    given = LineDiscount(discount_id="d", amount=euros(1), office_id="office_1")
    async with figures_stage(
        database_url("reporting"),
        performance("p1", hall_id="hall_2"),
        performance("p2", title="Faust"),
        sale("o1", "p1", "2027-01-04 10:00", channel="BOX_OFFICE", seller=("STAFF", "per_1")),
        sale(
            "o2", "p1", "2027-01-04 10:00", line("x", discount=given), channel="BACKEND", seller=("RESELLER", "res_1")
        ),
        sale("o3", "p2", "2027-01-04 10:00"),
    ) as stage:
        cases: list[tuple[Narrowing, int]] = [
            (Narrowing(channels=frozenset({Channel.BOX_OFFICE, Channel.ONLINE})), 2),
            (Narrowing(sellers=frozenset({"res_1"})), 1),
            (Narrowing(office_ids=frozenset({"office_1"})), 1),
            (Narrowing(hall_ids=frozenset({"hall_2"})), 2),
            (Narrowing(titles=frozenset({"Faust"})), 1),
            (Narrowing(performance_ids=frozenset({"p1"}), sellers=frozenset({"per_1"})), 1),
            (Narrowing(performance_ids=frozenset({"nobody's"})), 0),
        ]
        for narrowing, tickets in cases:
            for by in ([], [D.DAY], [D.COMPONENT]):
                rows = await stage.figures.sums(WHOLE, narrowing, by)
                assert bool(rows) == bool(tickets)
            assert sum((await stage.tickets(narrowing=narrowing)).values()) == tickets
            assert len([one async for one in stage.figures.movements(WHOLE, narrowing)]) == tickets


async def test_every_combination_of_two_dimensions_is_answered_and_adds_up(database_url: DatabaseUrl) -> None:
    async with figures_stage(
        database_url("reporting"), performance("p1"), sale("o1", "p1", "2027-01-04 10:00"), sale("o2", "p9", 5)
    ) as stage:
        for pair in itertools.combinations(D, 2):
            rows = await stage.figures.sums(WHOLE, ALL, pair)
            assert sum(row.sums.revenue_minor for row in rows) == 5300, pair
            assert all(len(row.values) == 2 for row in rows)


async def test_inv_8_a_sight_shows_what_it_names_and_nothing_else(database_url: DatabaseUrl) -> None:
    async with figures_stage(
        database_url("reporting"),
        performance("p1"),
        performance("p2", production_id="prod_2"),
        performance("p3", production_id="prod_3"),
        *(sale(f"o{n}", f"p{n}", "2027-01-04 10:00") for n in (1, 2, 3)),
    ) as stage:
        await stage.tell(
            performance("p1", house_id="house_2"),
            sale("o1", "p1", "2027-01-04 10:00", house_id="house_2"),
        )
        sights: list[tuple[Sight, list[str]]] = [
            (WHOLE, ["p1", "p2", "p3"]),
            (Sight(HOUSE), []),
            (Sight(HOUSE, performance_ids=frozenset({"p1"}), production_ids=frozenset({"prod_2"})), ["p1", "p2"]),
            (Sight(HOUSE, production_ids=frozenset({"prod_3"})), ["p3"]),
            (Sight("house_3", whole_house=True), []),
            (Sight("house_2", performance_ids=frozenset({"p2", "p3"})), []),
        ]
        for sight, expected in sights:
            figures = stage.figures
            assert ids(await figures.performances(sight, ALL)) == expected
            assert list(await stage.tickets(D.PERFORMANCE, sight=sight)) == expected
            assert [one.performance_id async for one in figures.movements(sight, ALL)] == expected
            for by in ([D.DAY], [D.SEAT], [D.COMPONENT], [D.COMPONENT, D.DAY]):
                assert bool(await figures.sums(sight, ALL, by)) == bool(expected)


async def test_a_performance_is_told_with_the_counts_of_its_seats(database_url: DatabaseUrl) -> None:
    async with figures_stage(
        database_url("reporting"),
        performance("p1", "2027-02-03 20:00"),
        performance("p2", "2027-02-01 20:00", cancelled_at=wire_instant(1)),
        counted("p1", 1, 2, free=60, held=4, contingents=(10, 6, 3)),
        counted("p1", 1, 1, free=1),
        sale("o1", "p1", "2027-01-04 10:00"),
        sale("o2", "p3", "2027-01-04 10:00"),
    ) as stage:
        unknown, cancelled, told = await stage.figures.performances(WHOLE, ALL)
        assert (told.performance_id, told.free, told.held, told.reserved, told.allotted, told.reported_sold) == (
            "p1", 60, 4, 10, 6, 3,
        )  # fmt: skip
        assert (told.title, told.hall_id, told.starts_at_ms) == ("Elckerlijc", "hall_1", at("2027-02-03 20:00"))
        assert (told.sums.tickets, told.sums.revenue_minor, told.currency) == (1, 2650, "EUR")
        assert told.updated_at_ms == at("2027-01-04 10:00")
        assert (cancelled.performance_id, cancelled.is_cancelled, cancelled.free) == ("p2", True, 100)
        assert (unknown.performance_id, unknown.starts_at_ms, unknown.sums.tickets) == ("p3", 0, 1)


async def test_r3_15_a_step_of_a_visit_counts_once(database_url: DatabaseUrl) -> None:
    def step(visit: str, name: str) -> FunnelStepReached:
        return FunnelStepReached(
            house_id=HOUSE,
            performance_id="p1",
            visit_id=visit,
            step=FunnelStep.Value(f"FUNNEL_STEP_{name}"),
            reached_at=wire_instant(at("2027-01-04 10:00")),
        )

    async with figures_stage(
        database_url("reporting"),
        performance("p1"),
        *(step("v1", name) for name in ("START", "SEATS", "START", "CUSTOMER", "PAYMENT", "DONE")),
        *(step("v2", name) for name in ("START", "SEATS")),
    ) as stage:
        await stage.tell(step("v2", "SEATS"), step("v3", "START"))
        expected = [("start", 3), ("seats", 2), ("customer", 1), ("payment", 1), ("done", 1)]
        wanted = [FunnelStepCount("p1", name, visits) for name, visits in expected]
        assert await stage.figures.funnel(WHOLE, ALL) == wanted
        assert await stage.figures.funnel(WHOLE, Narrowing(moved_from_ms=1)) == wanted
        assert await stage.figures.funnel(WHOLE, Narrowing(moved_until_ms=1)) == []


async def test_r1_11_an_allotment_is_told_as_its_latest_step_left_it(database_url: DatabaseUrl) -> None:
    def allotted(version: int, counts: tuple[int, int, int, int], *, is_closed: bool = False) -> AllotmentChanged:
        handed_out, still_open, reported_sold, returned = counts
        return AllotmentChanged(
            allotment=Allotment(
                house_id=HOUSE,
                performance_id="p1",
                allotment_id="a1",
                office_id="office_1",
                kind=ALLOTMENT_KIND_HARD,
                version=version,
                counts=AllotmentCounts(
                    handed_out=handed_out, open=still_open, reported_sold=reported_sold, returned=returned
                ),
                closed_at=wire_instant(5) if is_closed else None,
            )
        )

    async with figures_stage(
        database_url("reporting"), performance("p1"), allotted(1, (8, 8, 0, 0)), allotted(2, (8, 3, 5, 0))
    ) as stage:
        (found,) = await stage.figures.allotments(WHOLE, ALL)
        assert found == AllotmentFigures("p1", "a1", "office_1", "hard", 8, 5, 0, 3, is_closed=False)
        await stage.tell(allotted(3, (8, 0, 5, 3), is_closed=True), allotted(2, (8, 3, 5, 0)))
        (found,) = await stage.figures.allotments(WHOLE, Narrowing(office_ids=frozenset({"office_1"})))
        assert found == AllotmentFigures("p1", "a1", "office_1", "hard", 8, 5, 3, 0, is_closed=True)
        assert await stage.figures.allotments(WHOLE, Narrowing(office_ids=frozenset({"office_2"}))) == []
        await stage.tell(allotted(2, (8, 3, 5, 0)))
        assert await stage.figures.allotments(WHOLE, ALL) == [found]


async def test_a_house_that_nobody_has_told_of_keeps_utc(database_url: DatabaseUrl) -> None:
    async with figures_stage(database_url("reporting")) as stage:
        assert await stage.figures.zone_of(HOUSE) == "Europe/Amsterdam"
        assert await stage.figures.zone_of("house_2") == "UTC"
