"""People's dashboards in Postgres, and the mark that says whether a house's figures have changed."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

from services.contracts.house_time import day_begins_ms
from services.contracts.once import Asked
from services.reporting.adapters.postgres_daily_figures import PostgresDailyFigures
from services.reporting.adapters.postgres_figure_marks import PostgresFigureMarks
from services.reporting.adapters.postgres_own_dashboards import PostgresOwnDashboards
from services.reporting.domain.own_dashboard import MAX_OWN_DASHBOARDS, OwnDashboard
from services.reporting.domain.refusals import TooManyDashboards
from services.reporting.handlers.own_dashboards import OwnDashboardHandler
from services.reporting.handlers.sights import Sights
from services.reporting.ports.figures import Dimension, Sight
from services.runtime.clock import SystemClock
from services.runtime.ids import SeededIds
from services.runtime.sql.engine import create_engine
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.reporting.figures_stage import (
    ALL,
    ZONE,
    FiguresStage,
    at,
    figures_stage,
    part_refund,
    performance,
    refund,
    sale,
)
from tests.integration.reporting.sales_stage import HOUSE, counted
from tests.unit.reporting.dashboard_stage import MemoryGrants
from tests.unit.reporting.memory_figures import MemoryFigures

PAULA = "psn_paula"
CLOCK = SystemClock()
WHOLE = OwnDashboard(
    PAULA,
    "dsh_1",
    "Tour",
    3,
    ("kvs",),
    ("hamlet", "faust"),
    ("p1",),
    created_at_ms=5,
    archived_at_ms=7,
    revision=4,
    seen_in={"hamlet": "kvs"},
)


async def test_a_dashboard_is_read_as_it_was_kept_by_its_owner_alone(
    database_url: DatabaseUrl,
) -> None:
    engine = create_engine(database_url("reporting"), application="test")
    kept = PostgresOwnDashboards(engine, CLOCK)
    async with kept.transaction() as transaction:
        await transaction.save(WHOLE)
    async with kept.transaction() as transaction:
        assert await transaction.of_person(PAULA) == [], "without commit() nothing happened"
        await transaction.save(WHOLE)
        await transaction.commit()
    async with kept.transaction() as transaction:
        assert await transaction.find(PAULA, "dsh_1") == WHOLE
        assert await transaction.find("psn_2", "dsh_1") is None
        assert (await transaction.of_person(PAULA), await transaction.of_person("psn_2")) == ([WHOLE], [])
    await engine.dispose()


async def test_requests_at_the_same_time_make_one_a_key_and_never_one_too_many(
    database_url: DatabaseUrl,
) -> None:
    engine = create_engine(database_url("reporting"), application="test")
    kept = PostgresOwnDashboards(engine, CLOCK)
    own = OwnDashboardHandler(kept, Sights(MemoryGrants()), MemoryFigures(), SeededIds(1))

    async def create(key: str) -> object:
        asked: Asked[OwnDashboard] = Asked(key, "create", b"", lambda one: one.dashboard_id.encode())
        return await own.create(asked, OwnDashboard(PAULA, "", "Tour", 0, ("kvs",), (), (), 0))

    same = await asyncio.gather(*(create("same") for _ in range(4)))
    assert len(set(same)) == 1
    rest = MAX_OWN_DASHBOARDS - 2
    async with kept.transaction() as transaction:
        for number in range(rest):
            await transaction.save(OwnDashboard(PAULA, f"dsh_{number}", "x", 0, ("kvs",), (), (), 0))
        await transaction.commit()
    made = await asyncio.gather(*(create(f"key_{number}") for number in range(4)))
    assert made.count(TooManyDashboards(MAX_OWN_DASHBOARDS)) == 3
    # Keys of what was refused may be used again; all others are forgotten by their age.
    assert await kept.purge_keys(CLOCK.now_ms() + 1, 10) == 2
    await engine.dispose()


async def test_a_mark_is_another_after_each_change_of_its_house_and_of_no_other(
    database_url: DatabaseUrl,
) -> None:
    async with figures_stage(database_url("reporting"), performance("p1")) as stage:
        marks = PostgresFigureMarks(stage.engine)
        seen = [await marks.mark_of("house_1")]
        assert await marks.mark_of("house_1") == seen[0]
        other = await marks.mark_of("house_2")
        for message in (
            sale("o1", "p1", "2027-01-04 10:00"),
            sale("o2", "p1", "2027-01-04 10:00"),
            refund("o1", "p1", "2027-01-05 10:00"),
            counted("p1", 1, 1, free=98),
            counted("p1", 1, 2, free=97),
            counted("p1", 2, 1, free=97),
            performance("p2"),
        ):
            await stage.tell(message)
            seen.append(await marks.mark_of("house_1"))
        assert len(set(seen)) == len(seen)
        assert await marks.mark_of("house_2") == other
        await days_are_the_houses_own(stage)


async def days_are_the_houses_own(stage: FiguresStage) -> None:
    """Both nights: a movement is of the day that the house's clock showed, by bounds as by the database's own zones."""
    nights = ("2027-03-28", "2027-10-31")
    moments = [at(f"{night} {time}") for night in nights for time in ("00:00", "01:59", "03:00", "23:59")]
    await stage.tell(*(sale(f"night_{moment}", "p2", moment) for moment in moments))
    await stage.tell(part_refund(f"night_{moments[0]}", "p2", "2027-03-28 12:00", 650))
    days = [date(2027, 3, 27) + timedelta(days=more) for more in range(230)]
    bounds = [day_begins_ms(ZONE, day) for day in days]
    sight = Sight(HOUSE, performance_ids=frozenset({"p2"}))
    (row,) = await PostgresDailyFigures(stage.engine).daily(sight, ALL, bounds)
    told = {days[place].isoformat(): tickets for place, tickets in zip(row.days, row.tickets, strict=True)}
    assert told == await stage.tickets(Dimension.DAY, sight=sight) == {"2027-03-28": 4, "2027-10-31": 4}
    assert sorted(row.revenue_minor) == [4 * 2_650 - 650, 4 * 2_650]
    assert row.tickets_sold == 8
    assert await PostgresDailyFigures(stage.engine).daily(Sight(HOUSE), ALL, bounds) == []
