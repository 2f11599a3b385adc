"""The read model of sales in PostgreSQL: what is left, by kind and seller, whatever comes twice; and its audit."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from balcon.types.v1.principal_pb2 import PrincipalKind, PrincipalRef
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.checked_record import CheckedRecord
from services.integrations.podiumkunst.adapters.audit_checks import CHECKS
from services.integrations.podiumkunst.adapters.sales_intake import take_changes, take_states
from services.runtime.ids import seeded_random
from services.runtime.outbox.event import IncomingEvent
from services.runtime.sql.connections import connected
from services.runtime.sql.engine import create_engine
from services.runtime.sql.scopes import AllHouses
from services.runtime.testing.servers import DatabaseUrl, as_owner
from tests.integration.podiumkunst.events import FULL, confirmed, counted, heard, line, partly, refunded

WHOLE = sum(FULL.values())


@pytest.fixture
async def engine(database_url: DatabaseUrl) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database_url("podiumkunst"), application="test")
    yield engine
    await engine.dispose()


async def take(engine: AsyncEngine, *events: IncomingEvent) -> None:
    async with connected(engine, AllHouses("a batch holds events of many houses")) as connection:
        await take_changes(connection, events)


async def sums(engine: AsyncEngine, seller_kind: str = "buyer") -> dict[str, tuple[int, int]]:
    """Tickets and recette by kind."""
    async with connected(engine, AllHouses("a test looks")) as connection:
        rows = await connection.execute(
            text("SELECT kind, tickets, recette_minor FROM figure_sums WHERE seller_kind = :kind AND tickets > 0"),
            {"kind": seller_kind},
        )
        return {row.kind: (row.tickets, row.recette_minor) for row in rows}


async def broken(engine: AsyncEngine) -> list[str]:
    return [found for check in await CheckedRecord(engine, CHECKS).checks("") for found in check.violations]


async def test_r0_13_r0_12_recette_by_kind_out_of_confirmed_orders(engine: AsyncEngine) -> None:
    lines = [line(), line("DISCOUNT", BASE=1_500, SERVICE_FEE=150), line("FREE", BASE=0), line("UNSPECIFIED", BASE=900)]
    await take(engine, heard(confirmed("o1", lines)))
    assert await sums(engine) == {"normal": (1, 2_500), "discount": (1, 1_500), "free": (1, 0), "other": (1, 900)}
    assert await broken(engine) == []


async def test_what_goes_back_leaves_recette_by_its_share_and_all_of_it_no_ticket(engine: AsyncEngine) -> None:
    await take(engine, heard(confirmed("o1", 2)), heard(confirmed("o2", 3)), heard(partly("o1", WHOLE, 2 * WHOLE)))
    assert await sums(engine) == {"normal": (5, 4 * 2_500)}
    await take(engine, heard(refunded("o2")))
    assert await sums(engine) == {"normal": (2, 2_500)}
    assert await broken(engine) == []


async def test_sellers_are_told_apart_and_buyers_are_one(engine: AsyncEngine) -> None:
    reseller = PrincipalRef(kind=PrincipalKind.PRINCIPAL_KIND_RESELLER, subject="rsl_1")
    other = PrincipalRef(kind=PrincipalKind.PRINCIPAL_KIND_BUYER, subject="buyer_2")
    events = [confirmed("o1"), confirmed("o2", sold_by=other), confirmed("o3", 4, sold_by=reseller)]
    await take(engine, *map(heard, events))
    assert (await sums(engine), await sums(engine, "reseller")) == ({"normal": (2, 5_000)}, {"normal": (4, 10_000)})


async def test_any_order_of_batches_and_copies_comes_to_the_same(engine: AsyncEngine) -> None:
    events = [heard(confirmed(f"o{n}", n % 3 + 1)) for n in range(30)]
    events += [heard(refunded(f"o{n}")) for n in range(0, 30, 4)]
    events += [heard(partly(f"o{n}", 100 * n, (n % 3 + 1) * WHOLE)) for n in range(1, 20, 3)]
    random = seeded_random(7)
    mixed = [*events, *random.sample(events, 20)]
    random.shuffle(mixed)
    for start in range(0, len(mixed), 13):
        await take(engine, *mixed[start : start + 13])
    tickets = sum(n % 3 + 1 for n in range(30) if n % 4)
    assert (await sums(engine))["normal"][0] == tickets
    assert await broken(engine) == []


async def test_counts_of_seats_only_grow_newer(engine: AsyncEngine) -> None:
    async with connected(engine, AllHouses("a batch holds states of many houses")) as connection:
        for version, reserved in ((2, 5), (1, 9), (3, 4)):
            await take_states(connection, [heard(counted(version, reserved=reserved, blocked=1))])
        assert (await connection.execute(text("SELECT reserved FROM figure_seats"))).scalar_one() == 4


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE figure_sums SET recette_minor = recette_minor + 1",
        "DELETE FROM figure_sums",
        "UPDATE figure_orders SET tickets = '{2}', recettes = '{5000}'",
        "INSERT INTO figure_told VALUES ('house_1', 'n|1', 'tickets', 'prf_1', 'x', 1, 'x', 1, 1, '', 'delivered')",
    ],
)
async def test_the_audit_sees_figures_that_are_not_their_orders(engine: AsyncEngine, harm: str) -> None:
    await take(engine, heard(confirmed("o1")))
    assert await broken(engine) == []
    async with as_owner(engine).begin() as connection:
        await connection.execute(text("SELECT set_config('balcon.all_houses', 'on', true)"))
        await connection.execute(text(harm))
    assert await broken(engine) != []
