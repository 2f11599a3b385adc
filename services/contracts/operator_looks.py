"""Operators may look at a house's content, and each look is in that house's act log: told before they are answered."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.acts import Act, act_event
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.outbox.writer import enqueue
from services.runtime.service import Service
from services.runtime.sql.connections import after_commit, connected
from services.runtime.sql.scopes import HouseScope


def tell_looks(service: Service, engine: AsyncEngine, wake: Callable[[], None]) -> None:
    """For every main of a service with an outbox: operators' calls that name a house are told to its log."""
    if service.guard is not None:
        service.guard.interceptor.looked_at = OperatorLooks(engine, service.clock, service.ids, wake).tell


class OperatorLooks:
    """For whoever lets operators' calls in. `engine` is of a service with an outbox; `wake` its relay's."""

    def __init__(self, engine: AsyncEngine, clock: Clock, ids: Ids, wake: Callable[[], None]) -> None:
        self._engine = engine
        self._clock = clock
        self._ids = ids
        self._wake = wake

    async def tell(self, house_id: str, method: str) -> None:
        """`method` as gRPC names it, by whom the current call is for. Raises where it cannot be kept: no look then."""
        act = Act("house.looked_at", "house", house_id, facts={"method": method})
        now_ms = self._clock.now_ms()
        async with connected(self._engine, HouseScope(house_id)) as connection:
            event = act_event(house_id, act, now_ms=now_ms, ids=self._ids)
            await enqueue(connection, [event], now_ms=now_ms, ids=self._ids)
            after_commit(connection, self._wake)
