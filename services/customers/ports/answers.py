"""How the customers of one house have answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.customers.domain.answer import Answer


class Answers(Protocol):
    """How customers have answered."""

    async def of_customer(self, customer_id: str) -> Sequence[Answer]:
        """All of them, as they stand."""
        ...

    async def of_customers(self, customer_ids: Sequence[str], consent_id: str) -> Mapping[str, Answer]:
        """To one question, by customer."""
        ...

    async def history(self, customer_id: str) -> Sequence[Answer]:
        """Every step of all of them, in their order."""
        ...

    async def save(self, answers: Sequence[Answer]) -> None:
        """Keeps a step, and how the answer stands by it."""
        ...

    async def move(self, merged_customer_id: str, customer_id: str) -> None:
        """The steps of a merged record come before those of the one that stays; its answers are gone."""
        ...

    async def remove(self, customer_id: str) -> None:
        """With every step."""
        ...
