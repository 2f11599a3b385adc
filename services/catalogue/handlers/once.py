"""Runs a write once per idempotency key: the same content gets the first answer, other content a refusal (RULE 27)."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from services.catalogue.ports import CatalogueStore, CatalogueTransaction
from services.contracts.texts import refused_idempotency_key
from services.runtime.errors import IdempotencyKeyReused, Refusal

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class OnceKey:
    """A key in the scope of a house; sign-ups, which have none yet, share the scope ""."""

    house_id: str
    key: str


def request_hash(*parts: object) -> bytes:
    """SHA-256 of what was asked. Parts: the act's name, then plain values and dataclasses, in their fields' order."""
    return hashlib.sha256(msgspec.msgpack.encode(parts)).digest()


async def once(
    store: CatalogueStore,
    once_key: OnceKey,
    content: bytes,
    answer_type: type[Answer],
    act: Callable[[CatalogueTransaction], Awaitable[Answer | Refusal]],
) -> Answer | Refusal:
    """The answer of `act`, or the one it gave before. `content` is request_hash(...).

    A refusal rolls everything back, the key as well: nothing changed, and the key may be used again.
    """
    if refusal := refused_idempotency_key(once_key.key):
        return refusal
    async with store.transaction() as transaction:
        recorded = await transaction.claim_key(once_key.house_id, once_key.key, content)
        if recorded is not None:
            if recorded.request_hash != content:
                return IdempotencyKeyReused("idempotency_key", once_key.key)
            return msgspec.json.decode(recorded.answer, type=answer_type)
        answer = await act(transaction)
        if isinstance(answer, Refusal):
            return answer
        await transaction.record_answer(once_key.house_id, once_key.key, msgspec.json.encode(answer))
        await transaction.commit()
        return answer
