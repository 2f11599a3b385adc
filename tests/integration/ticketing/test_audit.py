"""`balcon audit` of ticketing: a sound record has no breach, and each way to break it is found."""

from __future__ import annotations

import pytest

from tests.integration.ticketing.stage import Ticketing

OF_VOID = "(SELECT max(revocation) + 1 FROM tickets)"
BROKEN = [
    ("an ended order's ticket lets in", "INSERT INTO ended_orders VALUES ('hse_1', 'ord_1', 1)", "money goes back"),
    (
        "a ticket lets in whose seat has left",
        "UPDATE tickets SET order_id = '', allotment_id = 'alt_1', as_of = 1;"
        "INSERT INTO departures (house_id, performance_id, allotment_id, seat_id, version)"
        " VALUES ('hse_1', 'perf_1', 'alt_1', 'A-1', 2)",
        "has left its allotment",
    ),
    ("a void ticket is missing", "INSERT INTO revocation_counters VALUES ('hse_1', 'perf_1', 1)", "void tickets"),
    ("a note's number is missing", "INSERT INTO note_numbers VALUES ('hse_1', 2026, 1)", "delivery notes"),
]


async def broken(ticketing: Ticketing) -> list[str]:
    return [check.name for check in await ticketing.audit() if check.violations]


@pytest.mark.parametrize(
    ("damage", "check"), [(sql, check) for _, sql, check in BROKEN], ids=[one[0] for one in BROKEN]
)
async def test_what_is_broken_is_found(ticketing: Ticketing, damage: str, check: str) -> None:
    await ticketing.issued("ord_1", "A-1")
    assert await broken(ticketing) == []
    for statement in damage.split(";"):
        await ticketing.damage(statement)
    [found] = await broken(ticketing)
    assert check in found
