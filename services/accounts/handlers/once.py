"""One act per idempotency key: the same content gets the first answer, other content a refusal (RULE 27).

Secrets of a request are no part of its content: what is kept of it must not help anybody who guesses a password.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from services.accounts.ports.store import AccountsStore
from services.accounts.ports.transaction import AccountsTransaction
from services.runtime.errors import IdempotencyKeyReused, Refusal

Answer = TypeVar("Answer")

# Who signs up is nobody yet.
STRANGERS = ""


@dataclass(frozen=True, slots=True)
class Asked(Generic[Answer]):
    """A request that may come twice: its key, all of it but its secrets, and how its answer is written."""

    key: str
    act: str
    wire: bytes
    write: Callable[[Answer], bytes]

    def content(self) -> bytes:
        """SHA-256 of what is asked."""
        return hashlib.sha256(self.act.encode() + b"\x00" + self.wire).digest()


async def once(
    store: AccountsStore,
    owner_id: str,
    asked: Asked[Answer],
    act: Callable[[AccountsTransaction], Awaitable[Answer | Refusal]],
    *,
    house_id: str = "",
) -> bytes | Refusal:
    """The answer of `act` in wire form, or the one that it gave before. `owner_id`: whose keys these are.

    A refusal rolls everything back, the key as well: nothing changed, and the key may be used again.
    """
    content = asked.content()
    async with store.transaction(house_id) as transaction:
        recorded = await transaction.claim_key(owner_id, asked.key, content)
        if recorded is not None:
            if recorded.request_hash != content:
                return IdempotencyKeyReused("idempotency_key", asked.key)
            return recorded.answer
        answer = await act(transaction)
        if isinstance(answer, Refusal):
            return answer
        written = asked.write(answer)
        await transaction.record_answer(owner_id, asked.key, written)
        await transaction.commit()
        return written
