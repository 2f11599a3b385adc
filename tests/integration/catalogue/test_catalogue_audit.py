"""The catalogue's audit is quiet over a sound record and names the rows of a broken one."""

from __future__ import annotations

import pytest
from balcon.audit.v1.audit_service_pb2 import Check
from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.runtime.testing import eventually
from tests.integration.catalogue.stage import Catalogue


async def sound(catalogue: Catalogue) -> str:
    """A performance on sale, its events numbered; returns its id."""
    venue = await catalogue.venue("genova")
    created = await catalogue.performance(venue)
    await catalogue.performance(venue, "second")
    await catalogue.stub.OpenForSale(
        pb.OpenForSaleRequest(house_id=venue.house.house_id, performance_id=created.performance_id)
    )

    async def numbered() -> bool:
        return await catalogue.rows("SELECT 1 FROM outbox WHERE published_at_ms IS NULL") == []

    await eventually(numbered)
    return created.performance_id


def of_its_own(checks: list[Check]) -> list[Check]:
    """Without those that every service has: INV-8 looks at the tables."""
    return [check for check in checks if check.invariant != "INV-8"]


async def test_a_sound_record_has_no_violations(catalogue: Catalogue) -> None:
    performance_id = await sound(catalogue)
    checks = of_its_own(await catalogue.audit())
    assert [check.invariant for check in checks] == ["INV-5", "INV-5", *["catalogue"] * 3, "INV-7", "INV-7"]
    assert [check.examined for check in checks] == [2, 1, 2, 2, 0, 9, 2]
    assert not [violation for check in checks for violation in check.violations]
    assert [check.examined for check in of_its_own(await catalogue.audit(performance_id))] == [1, 1, 1, 1, 0, 2, 1]


async def test_a_cancelled_performance_is_sound(catalogue: Catalogue) -> None:
    performance_id = await sound(catalogue)
    ((house_id,),) = await catalogue.rows(
        f"SELECT house_id FROM performances WHERE performance_id = '{performance_id}'"
    )
    request = pb.CancelPerformanceRequest(house_id=str(house_id), performance_id=performance_id, reason="illness")
    await catalogue.stub.CancelPerformance(request)
    assert await catalogue.violations() == []


async def test_an_empty_record_is_sound(catalogue: Catalogue) -> None:
    assert await catalogue.violations() == []


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("UPDATE performances SET capacity = 3", "has 2 seats, capacity is 3"),
        (
            "ALTER TABLE performances DROP CONSTRAINT fk_performances_plan; UPDATE performances SET plan_version = 9",
            "plan 9 has no seats",
        ),
        ("UPDATE halls SET latest_plan_version = 4", "latest version 4, plans 1 up to 1"),
        ("DELETE FROM prices WHERE category = 'Balcony'", "category Balcony has no normal price"),
        ("UPDATE prices SET currency = 'NOK' WHERE category = 'Stalls'", "price of Stalls normal is in NOK"),
        ("UPDATE outbox SET sequence = 7 WHERE sequence = 2", "numbered 1 to 7, last given 2"),
        ("DELETE FROM outbox_sequence", "last given none"),
        ("UPDATE productions SET title = 'Macbeth'", "title Hamlet, that of production"),
        (
            "INSERT INTO poster_images SELECT house_id, production_id, n, n, 'v' || n, '' FROM productions, "
            "generate_series(1, 2) n",
            "images of the versions v1, v2",
        ),
        ("UPDATE performances SET sale_state = 'draft'", "state draft, last event balcon.catalogue.v1.PerformanceOpen"),
    ],
)
async def test_a_broken_row_is_named(catalogue: Catalogue, damage: str, said: str) -> None:
    performance_id = await sound(catalogue)
    for statement in damage.split("; "):
        await catalogue.damage(statement)
    violations = await catalogue.violations()
    assert [violation for violation in violations if said in violation], violations
    checks = await catalogue.audit(performance_id)
    assert len([violation for check in checks for violation in check.violations if said in violation]) == 1
