"""Who bought, asked of customers at the moment something about them goes; kept never."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from services.integrations.trackers.domain.hashing import Person
from services.runtime.errors import Retryable


class PeopleUnanswered(Retryable):
    """Customers did not say who somebody is."""

    house_id: str


class People(Protocol):
    """A house's customers."""

    async def of(self, house_id: str, customer_ids: Collection[str]) -> Mapping[str, Person]:
        """By the id that was asked; who was erased, or never was, is not in it. Raises PeopleUnanswered."""
        ...
