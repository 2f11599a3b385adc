"""Orders of a customer, asked of the service that keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from services.customers.domain.erasure import BoughtOrder
from services.customers.domain.refusals import OldOrdersWaiting
from services.runtime.errors import Retryable


class OrdersUnanswered(Retryable):
    """Orders does not say now what somebody has bought; nothing was done."""


@dataclass(frozen=True, slots=True)
class ToldOrder:
    """An order, in short and as it is told to the person whose it is."""

    bought: BoughtOrder
    told: Mapping[str, Any]


class OrdersOfCustomers(Protocol):
    """Raises OrdersUnanswered."""

    async def of(self, house_id: str, customer_ids: Sequence[str]) -> Sequence[ToldOrder] | OldOrdersWaiting:
        """All of them, or the refusal while orders cannot say that these are all."""
        ...
