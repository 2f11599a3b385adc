"""What a page of the shop is, as snippets need it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from services.integrations.trackers.domain.attachment import Show
from services.integrations.trackers.domain.consents import Consents
from services.integrations.trackers.domain.reached import Reached, Worth

MAX_ITEMS = 100


@dataclass(frozen=True, slots=True)
class SnippetItem:
    """Tickets of one category and type; `price` is one's."""

    category: str
    ticket_type: str
    price: Worth
    quantity: int


@dataclass(frozen=True, slots=True)
class SnippetPage:
    """A step of one visit at one performance, as a page shows it."""

    show: Show
    reached: Reached
    consents: Consents
    items: tuple[SnippetItem, ...] = ()

    @property
    def quantity(self) -> int:
        """Tickets of all items."""
        return sum(item.quantity for item in self.items)
