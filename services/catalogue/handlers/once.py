"""One act per idempotency key: the same content gets the first answer, other content a refusal (RULE 27).

Content and answer are kept in their wire form: a field that a newer version adds is absent there as long as nobody sets
it, so that a retry over a deploy is still the same request.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from services.catalogue.ports.store import CatalogueStore
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.texts import refused_idempotency_key
from services.runtime.errors import IdempotencyKeyReused, Refusal

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Asked(Generic[Answer]):
    """A request that may come twice: its key, all of it in wire form, and how its answer is written in wire form."""

    key: str
    act: str
    wire: bytes
    write: Callable[[Answer], bytes]

    def content(self) -> bytes:
        """SHA-256 of what is asked. A plan takes some milliseconds."""
        return hashlib.sha256(self.act.encode() + b"\x00" + self.wire).digest()


async def once(
    store: CatalogueStore,
    house_id: str,
    asked: Asked[Answer],
    answer_type: type[Answer],
    act: Callable[[CatalogueTransaction], Awaitable[Answer | Refusal]],
) -> bytes | Refusal:
    """The answer of `act` in wire form, or the one that it gave before.

    A refusal rolls everything back, the key as well: nothing changed, and the key may be used again.
    """
    if refusal := refused_idempotency_key(asked.key):
        return refusal
    content = asked.content()
    async with store.transaction(house_id) as transaction:
        recorded = await transaction.claim_key(house_id, asked.key, content)
        if recorded is not None:
            if not recorded.in_wire_form:
                # From before answers were kept in wire form: what was asked cannot be compared any more, and the act
                # must not be done twice. Such keys are gone when they have reached their age.
                return asked.write(msgspec.json.decode(recorded.answer, type=answer_type))
            if recorded.request_hash != content:
                return IdempotencyKeyReused("idempotency_key", asked.key)
            return recorded.answer
        answer = await act(transaction)
        if isinstance(answer, Refusal):
            return answer
        written = asked.write(answer)
        await transaction.record_answer(house_id, asked.key, written)
        await transaction.commit()
        return written
