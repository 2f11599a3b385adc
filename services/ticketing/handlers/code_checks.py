"""What a code is worth: to a door that asks, and for one that will not be able to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.contracts.bounds import MAX_PAGE_SIZE
from services.contracts.ticket_codes import (
    CodeFacts,
    DamagedCode,
    ForeignCode,
    ForgedCode,
    UnknownKey,
    checked_code,
)
from services.runtime.clock import Clock
from services.ticketing.domain.ticket import Revocation, Ticket
from services.ticketing.handlers.signing_keys import KeyRing
from services.ticketing.ports.store import TicketingStore

# Between two looks for a watcher; whoever scans meanwhile asks, or waits for it.
_LOOK_SECONDS = 1.0


class Verdict(Enum):
    """Names as in balcon.ticketing.v1.CodeVerdict."""

    VALID = "VALID"
    VOID = "VOID"
    OTHER_PERFORMANCE = "OTHER_PERFORMANCE"
    UNKNOWN = "UNKNOWN"
    FOREIGN = "FOREIGN"


@dataclass(frozen=True, slots=True)
class Checked:
    """`ticket` is there where the verdict is VALID or VOID."""

    verdict: Verdict
    ticket: Ticket | None = None


class CodeCheckHandler:
    """Counts nothing: entries are the door's."""

    def __init__(self, store: TicketingStore, keys: KeyRing, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._keys = keys

    async def check(self, house_id: str, performance_id: str, code: str) -> Checked:
        """What the code is worth at this performance."""
        keys = {key.key_id: Ed25519PublicKey.from_public_bytes(key.public_key) for key in await self._keys.checking()}
        read = checked_code(code, keys)
        match read:
            case CodeFacts():
                if read.performance_id != performance_id:
                    return Checked(Verdict.OTHER_PERFORMANCE)
                async with self._store.transaction(house_id) as transaction:
                    ticket = await transaction.tickets.find(performance_id, read.ticket_id)
                return _worth(ticket, Verdict.UNKNOWN)
            case ForeignCode():
                async with self._store.transaction(house_id) as transaction:
                    ticket = await transaction.tickets.find_foreign(performance_id, code)
                return _worth(ticket, Verdict.FOREIGN)
            case DamagedCode() | UnknownKey() | ForgedCode():
                return Checked(Verdict.UNKNOWN)
            case _:
                assert_never(read)

    async def revocations(
        self, house_id: str, performance_id: str, after: int, limit: int
    ) -> tuple[Sequence[Revocation], int]:
        """Those after a number, and the last number there is."""
        async with self._store.transaction(house_id) as transaction:
            return await transaction.tickets.revocations(performance_id, after, limit)

    async def watch(
        self, house_id: str, performance_id: str, after: int
    ) -> AsyncIterator[tuple[Sequence[Revocation], int]]:
        """What is void after a number, at once, and what comes then, until nobody listens."""
        found, last = await self.revocations(house_id, performance_id, after, MAX_PAGE_SIZE)
        yield found, last
        while True:
            after = found[-1].number if found else after
            if len(found) < MAX_PAGE_SIZE:
                await self._clock.sleep(_LOOK_SECONDS)
            found, last = await self.revocations(house_id, performance_id, after, MAX_PAGE_SIZE)
            if found:
                yield found, last


def _worth(ticket: Ticket | None, otherwise: Verdict) -> Checked:
    if ticket is None:
        return Checked(otherwise)
    return Checked(Verdict.VALID if ticket.is_valid else Verdict.VOID, ticket)
