"""Tells accounts of the houses that the catalogue has copies of, so that it can adopt those it does not know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.catalogue.domain.house import House
from services.catalogue.ports.house_copies import HouseCopies
from services.contracts.pages import asked_page, token_after
from services.runtime.errors import FieldInvalid, Refusal


@dataclass(frozen=True, slots=True)
class HousePage:
    """Houses in the order of their ids; `next_page_token` is empty on the last page."""

    houses: Sequence[House]
    next_page_token: str


class HouseHandler:
    """For services only: no house may see that another one exists."""

    def __init__(self, copies: HouseCopies) -> None:
        self._copies = copies

    async def houses(self, page_size: int, page_token: str) -> HousePage | Refusal:
        """0 takes DEFAULT_PAGE_SIZE. Refusals: FieldInvalid."""
        asked = asked_page(page_size, page_token, "")
        if isinstance(asked, FieldInvalid):
            return asked
        after = "" if asked.after is None else asked.after.item_id
        found = await self._copies.copies(after, asked.size + 1)
        page = found[: asked.size]
        return HousePage(page, token_after("", page[-1].house_id) if len(found) > len(page) else "")
