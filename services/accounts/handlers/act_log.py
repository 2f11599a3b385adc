"""A house's act log: read by page, and told of acts by services that keep no record of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.accounts.domain.act_log import ActFilter, NamedAct
from services.accounts.handlers.once import once
from services.accounts.ports.store import AccountsStore
from services.accounts.ports.transaction import AccountsTransaction
from services.contracts.acts import Act
from services.contracts.once import Asked
from services.contracts.pages import AskedPage, token_after
from services.runtime.access.refusals import HouseNotFound
from services.runtime.errors import Refusal


@dataclass(frozen=True, slots=True)
class ActPage:
    """The newest first; `next_page_token` is empty on the last page."""

    acts: Sequence[NamedAct]
    next_page_token: str


class ActLogHandler:
    """Acts come into the log by events alone, those that are told by a call as well."""

    def __init__(self, store: AccountsStore) -> None:
        self._store = store

    async def acts(self, house_id: str, wanted: ActFilter, asked: AskedPage) -> ActPage:
        """A page of one house's; a house that is unknown has none."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.acts.page(house_id, wanted, asked.after, asked.size + 1)
        page = found[: asked.size]
        if len(found) == len(page):
            return ActPage(page, "")
        last = page[-1].act
        return ActPage(page, token_after(house_id, last.act_id, last.done_at_ms))

    async def record(self, asked: Asked[None], caller: str, house_id: str, act: Act) -> bytes | Refusal:
        """Refusals: HouseNotFound, IdempotencyKeyReused."""

        async def tell(transaction: AccountsTransaction) -> Refusal | None:
            if await transaction.houses.find(house_id) is None:
                return HouseNotFound(house_id)
            await transaction.record_act(house_id, act)
            return None

        return await once(self._store, caller, asked, tell, house_id=house_id)
