"""One act per idempotency key in the catalogue; see services.contracts.once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from services.catalogue.ports.store import CatalogueStore
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.once import Asked, answer_once
from services.contracts.texts import refused_idempotency_key
from services.runtime.errors import Refusal

Answer = TypeVar("Answer")


async def once(
    store: CatalogueStore,
    house_id: str,
    asked: Asked[Answer],
    answer_type: type[Answer],
    act: Callable[[CatalogueTransaction], Awaitable[Answer | Refusal]],
) -> bytes | Refusal:
    """See answer_once. Answers from before wire forms are JSON of `answer_type`."""
    if refusal := refused_idempotency_key(asked.key):
        return refusal

    def read_old(answer: bytes) -> Answer:
        return msgspec.json.decode(answer, type=answer_type)

    return await answer_once(store.transaction(house_id), house_id, asked, act, read_old)
