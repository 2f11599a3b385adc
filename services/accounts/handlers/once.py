"""One act per idempotency key at accounts; see services.contracts.once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from services.accounts.ports.store import AccountsStore
from services.accounts.ports.transaction import AccountsTransaction
from services.contracts.once import Asked, answer_once
from services.runtime.errors import Refusal

Answer = TypeVar("Answer")

# Who signs up is nobody yet.
STRANGERS = ""


async def once(
    store: AccountsStore,
    owner_id: str,
    asked: Asked[Answer],
    act: Callable[[AccountsTransaction], Awaitable[Answer | Refusal]],
    *,
    house_id: str = "",
) -> bytes | Refusal:
    """See answer_once. The act is within the house, or over people where none is named."""
    return await answer_once(store.transaction(house_id), owner_id, asked, act)
