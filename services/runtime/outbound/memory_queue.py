"""An OutboundQueue in memory, for tests of what is put into one. It carries nothing anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.outbound.port import Dispatch, Done, Exchange, Settled, Target


@dataclass
class MemoryQueue:
    """See OutboundQueue. Connections are not looked at: what is put is there at once."""

    # By target and key, in the order of putting.
    waiting: dict[tuple[Target, str], Dispatch] = field(default_factory=dict)
    settled: dict[tuple[Target, str], Done] = field(default_factory=dict)
    mended: list[Target] = field(default_factory=list)

    async def put(self, connection: AsyncConnection, dispatches: Sequence[Dispatch]) -> int:
        """See OutboundQueue."""
        added = 0
        for dispatch in dispatches:
            known_as = (dispatch.target, dispatch.key)
            if known_as not in self.waiting and known_as not in self.settled:
                self.waiting[known_as] = dispatch
                added += 1
        return added

    async def put_latest(self, connection: AsyncConnection, dispatches: Sequence[Dispatch]) -> int:
        """See OutboundQueue."""
        for dispatch in dispatches:
            known_as = (dispatch.target, dispatch.key)
            self.settled.pop(known_as, None)
            before = self.waiting.get(known_as)
            self.waiting[known_as] = dispatch if before is None else replace(dispatch, tries=before.tries)
        return len(dispatches)

    async def drop(self, connection: AsyncConnection, target: Target, note: str) -> int:
        """See OutboundQueue."""
        found = [known_as for known_as in self.waiting if known_as[0] == target]
        for known_as in found:
            self.settle(*known_as, Done(Settled.DROPPED, note))
        return len(found)

    async def mend(self, connection: AsyncConnection, target: Target) -> None:
        """See OutboundQueue."""
        self.mended.append(target)

    def settle(self, target: Target, key: str, done: Done) -> None:
        """As the sender would, once the target has answered."""
        del self.waiting[target, key]
        self.settled[target, key] = done

    def of(self, target: Target) -> list[Dispatch]:
        """What waits for a target, in the order of putting."""
        return [dispatch for (whom, _), dispatch in self.waiting.items() if whom == target]


@dataclass
class MemoryLedger:
    """See ExchangeLedger."""

    kept: list[Exchange] = field(default_factory=list)

    async def keep(self, exchanges: Sequence[Exchange]) -> None:
        """See ExchangeLedger."""
        self.kept += exchanges
