"""Who buys: the service that keeps names and addresses, so that nothing else does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.orders.domain.order_form import FormAnswer
from services.orders.ports.answer import Declined, Done


@dataclass(frozen=True, slots=True)
class Tick:
    """A consent that was ticked, with the version of the text that was read (R3.18)."""

    consent_id: str
    text_version: int


@dataclass(frozen=True, slots=True)
class Buyer:
    """Personal data, passed on and never kept. One of session, customer_id and email says who it is, in this order.

    `ordered_at_ms`: of an order from before customers were kept; 0: it is made now.
    """

    name: str = ""
    email: str = ""
    customer_id: str = ""
    session: str = ""
    language: str = ""
    ticks: tuple[Tick, ...] = ()
    ordered_at_ms: int = 0


class Customers(Protocol):
    """Raises Unanswered; asked again for the same order it tells the same."""

    async def identify(self, house_id: str, order_id: str, buyer: Buyer) -> str | Declined:
        """The customer's id. What was ticked counts once the order is there."""
        ...

    async def keep_answers(
        self, house_id: str, order_id: str, customer_id: str, answers: Sequence[FormAnswer]
    ) -> Done | Declined:
        """What the buyer has answered in the house's form, in place of what was there."""
        ...

    async def answers(self, house_id: str, order_id: str) -> Sequence[FormAnswer]:
        """What was kept."""
        ...
