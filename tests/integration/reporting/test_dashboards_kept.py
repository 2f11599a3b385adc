"""People's dashboards in Postgres, and the mark that says whether a house's figures have changed."""

from __future__ import annotations

import asyncio

from services.contracts.once import Asked
from services.reporting.adapters.postgres_figure_marks import PostgresFigureMarks
from services.reporting.adapters.postgres_own_dashboards import PostgresOwnDashboards
from services.reporting.domain.own_dashboard import MAX_OWN_DASHBOARDS, OwnDashboard
from services.reporting.domain.refusals import TooManyDashboards
from services.reporting.handlers.own_dashboards import OwnDashboardHandler
from services.reporting.handlers.sights import Sights
from services.runtime.clock import SystemClock
from services.runtime.ids import SeededIds
from services.runtime.sql.engine import create_engine
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.reporting.figures_stage import figures_stage, performance, refund, sale
from tests.integration.reporting.sales_stage import counted
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
