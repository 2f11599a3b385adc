"""A house's customers, as far as a report tells them. Asked each time: nothing of them is kept in reporting (INV-9)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """Who it is."""

    customer_id: str
    name: str
    email: str
    language: str


class Customers(Protocol):
    """The customers service."""

    def of(self, house_id: str) -> AsyncIterator[CustomerFacts]:
        """All of a house, in the order in which they were made. Raises NeighbourSilent."""
        ...
