"""What buyers of one house have answered in its form, order by order. Inside one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.customers.domain.form_answer import FormAnswer


class FormAnswers(Protocol):
    """Kept as a whole for each order, and until when."""

    async def keep(self, order_id: str, customer_id: str, answers: Sequence[FormAnswer], until_ms: int) -> None:
        """In place of what was there; how long that is kept stays."""
        ...

    async def are_kept(self, order_id: str) -> bool:
        """Whether anything was answered with the order."""
        ...

    async def of_order(self, order_id: str) -> Sequence[FormAnswer]:
        """None where there are none."""
        ...

    async def of_customer(self, customer_id: str) -> Mapping[str, Sequence[FormAnswer]]:
        """By order."""
        ...

    async def keep_until(self, order_id: str, until_ms: int) -> None:
        """From now on they are kept until then."""
        ...

    async def move(self, merged_customer_id: str, customer_id: str) -> None:
        """They are the other's from now on."""
        ...

    async def remove(self, customer_id: str) -> None:
        """A person's are gone with it."""
        ...
