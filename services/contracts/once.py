"""One act per idempotency key: the same content gets the first answer, other content a refusal (RULE 27).

Content and answer are kept in their wire form: a field that a newer version adds is absent there as long as nobody sets
it, so that a retry over a deploy is still the same request.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from services.runtime.errors import IdempotencyKeyReused, Refusal

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Asked(Generic[Answer]):
    """A request that may come twice: its key, what is kept of it in wire form, and how its answer is written so."""

    key: str
    act: str
    wire: bytes
    write: Callable[[Answer], bytes]

    def content(self) -> bytes:
        """SHA-256 of what is asked. A plan takes some milliseconds."""
        return hashlib.sha256(self.act.encode() + b"\x00" + self.wire).digest()


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """What a key was answered with before: the hash of the request, and the answer as record_answer was given it.

    `in_wire_form` is False for what an older version wrote, which kept both in forms of its own.
    """

    request_hash: bytes
    answer: bytes
    in_wire_form: bool = True


class KeyedTransaction(Protocol):
    """What of a store's transaction this needs. Without commit() nothing happened."""

    async def claim_key(self, owner_id: str, key: str, request_hash: bytes, /) -> RecordedAnswer | None:
        """None: the key is this transaction's. Waits for another transaction that has it."""
        ...

    async def record_answer(self, owner_id: str, key: str, answer: bytes, /) -> None:
        """Keeps the first answer of a claimed key."""
        ...

    async def commit(self) -> None:
        """The last call: what was done is to stay."""
        ...


Transaction = TypeVar("Transaction", bound=KeyedTransaction)


async def answer_once(
    opened: AbstractAsyncContextManager[Transaction],
    owner_id: str,
    asked: Asked[Answer],
    act: Callable[[Transaction], Awaitable[Answer | Refusal]],
    read_old: Callable[[bytes], Answer] | None = None,
) -> bytes | Refusal:
    """The answer of `act` in wire form, or the one that it gave before. `owner_id`: whose keys these are.

    A refusal rolls everything back, the key as well: nothing changed, and the key may be used again. `read_old` reads
    answers from before they were kept in wire form.
    """
    content = asked.content()
    async with opened as transaction:
        recorded = await transaction.claim_key(owner_id, asked.key, content)
        if recorded is not None:
            if not recorded.in_wire_form and read_old is not None:
                # What was asked cannot be compared any more, and the act must not be done twice. Such keys are gone
                # when they have reached their age.
                return asked.write(read_old(recorded.answer))
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
