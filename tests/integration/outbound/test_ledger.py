"""What is asked beside all dispatches is a line of its house's ledger, and costs nobody an answer."""

from __future__ import annotations

from services.runtime.ids import SeededIds
from services.runtime.outbound.ledger import Ledger
from services.runtime.outbound.port import Exchange
from services.runtime.sql.engine import create_engine
from tests.integration.outbound.stage import HOUSE, NEAR, Stage

LOOK = Exchange(NEAR, "GET /theaters/performances", "read", 1_000, 20, 200, "[]", "", 1, "delivered")


async def test_a_look_that_no_dispatch_caused_is_a_line_of_its_house(stage: Stage) -> None:
    await Ledger(stage.engine, SeededIds(3)).keep([LOOK, LOOK])
    lines = await stage.rows("SELECT * FROM outbound_exchange WHERE house_id = :h", h=HOUSE)
    assert [(line.target_id, line.asked, line.status, line.about) for line in lines] == [
        (NEAR.target_id, "GET /theaters/performances", 200, "")
    ] * 2


async def test_a_database_that_is_away_costs_the_line_and_not_the_answer() -> None:
    away = create_engine("postgresql+asyncpg://nobody@127.0.0.1:1/nothing", application="tests")
    try:
        await Ledger(away, SeededIds(3)).keep([LOOK])
    finally:
        await away.dispose()
