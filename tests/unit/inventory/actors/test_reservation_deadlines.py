"""Deadlines of reservations come for every performance, whatever is wrong with another one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from services.inventory.actors.host import PerformanceHost
from services.inventory.actors.reservation_deadlines import ReservationDeadlines
from services.inventory.ports import DueReservation, RecordRefused
from services.runtime.errors import StoreUnavailable
from tests.unit.inventory.actors.stage import Stage, virtual


class Due:
    """Two performances with a reservation each."""

    async def due(self, after: DueReservation | None, limit: int) -> Sequence[DueReservation]:
        return [DueReservation(1, name, "res_1", "hse_1") for name in ("perf_0", "perf_1")]


class Owners:
    """Of the first one nothing can be decided."""

    def __init__(self, fault: type[Exception]) -> None:
        self.fault = fault
        self.decided: list[str] = []

    async def execute(self, house_id: str, performance_id: str, proposed: object) -> None:
        if performance_id == "perf_0":
            raise self.fault
        self.decided.append(performance_id)


@pytest.mark.parametrize("fault", [StoreUnavailable, RecordRefused, ValueError])
def test_a_performance_that_cannot_be_decided_is_in_nobodys_way(fault: type[Exception]) -> None:
    @virtual
    async def run() -> None:
        owners = Owners(fault)
        await ReservationDeadlines(cast("PerformanceHost", owners), Due(), Stage().clock).look()
        assert owners.decided == ["perf_1"]

    run()
