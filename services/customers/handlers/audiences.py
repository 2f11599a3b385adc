"""Audiences: for the house's people, and for promoters by what is granted at this moment (R3.16)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.contracts.pages import AskedPage, token_after
from services.customers.domain.audience import AudienceFilter, AudienceMember, ConsentedCustomer
from services.customers.ports.grants import Grants
from services.customers.ports.store import CustomersStore
from services.runtime.access.refusals import HouseNotFound
from services.runtime.errors import Refusal


@dataclass(frozen=True, slots=True)
class AudiencePage:
    """By the customers' ids; `next_page_token` is empty on the last page."""

    members: Sequence[AudienceMember]
    next_page_token: str = ""


class AudienceHandler:
    """Nothing of grants is kept here: what is withdrawn now is not seen now."""

    def __init__(self, store: CustomersStore, grants: Grants) -> None:
        self._store = store
        self._grants = grants

    async def of_house(self, house_id: str, wanted: AudienceFilter, asked: AskedPage) -> AudiencePage:
        """Who of the house's customers may be spoken to."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.audiences.of_house(wanted, asked.after, asked.size + 1)
        return _page(house_id, found, asked.size)

    async def consented(
        self, house_id: str, customer_ids: Sequence[str], consent_ids: Sequence[str]
    ) -> Sequence[ConsentedCustomer]:
        """Who of these may be written to at this moment."""
        async with self._store.transaction(house_id) as transaction:
            return await transaction.audiences.consented(customer_ids, consent_ids)

    async def granted(
        self, subject: str, house_id: str, wanted: AudienceFilter, asked: AskedPage
    ) -> AudiencePage | Refusal:
        """A house that grants nothing is told as an unknown one. Raises GrantsUnanswered."""
        sight = await self._grants.of(subject, house_id)
        if sight is None:
            return HouseNotFound(house_id)
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.audiences.of_promoter(sight, wanted, asked.after, asked.size + 1)
        return _page(house_id, found, asked.size)


def _page(house_id: str, found: Sequence[AudienceMember], size: int) -> AudiencePage:
    page = found[:size]
    return AudiencePage(page, token_after(house_id, page[-1].customer_id) if len(found) > len(page) else "")
