"""What is known of an order, from one batch to the next."""

from __future__ import annotations

from services.reporting.adapters.projections.sales_accounts import OrderKey, load_accounts, save_accounts
from services.reporting.domain.facts import BackPart, LineBack
from services.reporting.domain.ledger import OrderAccount
from services.runtime.sql.connections import connected
from services.runtime.sql.engine import create_engine
from services.runtime.sql.scopes import AllHouses
from services.runtime.testing.servers import DatabaseUrl

BATCH = AllHouses("a batch is of many performances")


async def test_what_went_back_by_line_is_read_again_as_the_release_before_reads_it(database_url: DatabaseUrl) -> None:
    key = OrderKey("hse_1", "prf_1", "ord_1")
    part = BackPart("BASE", 1_000, 83)
    account = OrderAccount(
        back_minor=1_000, back_at_ms=5, cancelled=frozenset({"A-1"}), back_lines=(LineBack("A-1", (part,), "Stalls"),)
    )
    engine = create_engine(database_url("reporting"), application="test")
    async with connected(engine, BATCH) as connection:
        await save_accounts(connection, 1, {key: account})
        known = await load_accounts(connection, 1, [key])
    await engine.dispose()
    assert known[key].back_lines == (LineBack("A-1", (part,)),), "two things a line: what it is, and what went back"
    assert (known[key].back_minor, known[key].cancelled) == (1_000, frozenset({"A-1"}))
