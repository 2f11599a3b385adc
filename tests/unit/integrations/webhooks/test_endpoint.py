"""What becomes of an endpoint when its house changes it."""

from __future__ import annotations

from dataclasses import replace

from services.integrations.webhooks.domain.endpoint import Endpoint, Wishes, changed

WISHES = Wishes("https://hooks.theatre.example/balcon", "", (), ("balcon.orders.v1",))
FAILING = Endpoint("hou_1", "whe_1", WISHES, 1, failing_since_ms=1_000)


def test_another_address_does_not_pay_for_the_days_that_the_one_before_it_failed() -> None:
    moved = changed(FAILING, replace(WISHES, url="https://hooks.theatre.example/other"))
    assert (moved.failing_since_ms, moved.revision) == (0, 2)
    assert changed(FAILING, replace(WISHES, description="Bookkeeping")).failing_since_ms == 1_000
    assert changed(FAILING, WISHES) is FAILING
