"""Deals: set as versions that are kept for good, and read."""

from __future__ import annotations

from collections.abc import Sequence

from services.contracts.acts import Act
from services.contracts.changes import refused_etag
from services.contracts.once import Asked, answer_once
from services.contracts.pages import AskedPage
from services.reporting.domain.deal import Deal
from services.reporting.domain.settlement_document import KeptDeal
from services.reporting.domain.settlement_refusals import DealNotFound
from services.reporting.ports.deals import DealKey, DealThing
from services.reporting.ports.settlement_store import SettlementStore
from services.reporting.ports.settlement_transaction import SettlementTransaction
from services.runtime.call_context import current_principal
from services.runtime.errors import Refusal


class DealHandler:
    """What a house and a producer have agreed on."""

    def __init__(self, store: SettlementStore) -> None:
        self._store = store

    async def set(self, asked: Asked[KeptDeal], house_id: str, key: DealKey, deal: Deal, etag: str) -> bytes | Refusal:
        """Once a request. Refusals: EtagStale, also where there is a deal already and no etag.

        Where there is none yet nobody is overwritten, whatever the etag.
        """

        async def act(transaction: SettlementTransaction) -> KeptDeal | Refusal:
            before = await transaction.deals.lock(key)
            revision = 0 if before is None else before.version
            stale = refused_etag("the deal", etag, revision) if revision else None
            if stale is not None:
                return stale
            who = current_principal()
            after = KeptDeal(
                production_id=key.thing_id if key.thing is DealThing.PRODUCTION else "",
                performance_id=key.thing_id if key.thing is DealThing.PERFORMANCE else "",
                version=revision + 1,
                deal=deal,
                set_at_ms=transaction.now_ms,
                set_by_kind="" if who is None else who.kind.value,
                set_by="" if who is None else who.subject,
            )
            await transaction.deals.add(after)
            facts = {"version": str(after.version)}
            transaction.record_act(Act("deal.set", key.thing.value, key.thing_id, facts=facts))
            return after

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    async def get(self, house_id: str, key: DealKey, version: int) -> KeptDeal | Refusal:
        """Refusals: DealNotFound."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.deals.get(key, version)
        return found or DealNotFound(key.thing.value, key.thing_id)

    async def page(self, house_id: str, page: AskedPage) -> Sequence[KeptDeal]:
        """One more than the page, where there are more."""
        after = None if page.after is None else _key_of(page.after.time_ms, page.after.item_id)
        async with self._store.transaction(house_id) as transaction:
            return await transaction.deals.page(after, page.size + 1)


# The order in which lists have them; a place in a list names it by its number.
THINGS = tuple(sorted(DealThing, key=lambda thing: thing.value))


def _key_of(number: int, thing_id: str) -> DealKey:
    return DealKey(THINGS[min(number, len(THINGS) - 1)], thing_id)
