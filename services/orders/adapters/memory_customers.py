"""The Customers' twin in memory."""

from __future__ import annotations

from collections.abc import Sequence

from services.contracts.reasons import Reason
from services.orders.domain.order_form import FormAnswer
from services.orders.ports import Buyer, Declined, Done, Tick


class MemoryCustomers:
    """See Customers. `ticked`: what counts once its order is there; `sessions`: whose they are."""

    def __init__(self) -> None:
        self.by_email: dict[tuple[str, str], str] = {}
        self.sessions: dict[str, str] = {}
        self.ticked: dict[str, tuple[Tick, ...]] = {}
        self.kept: dict[tuple[str, str], tuple[FormAnswer, ...]] = {}
        self.asked = 0

    async def keep_answers(
        self, house_id: str, order_id: str, customer_id: str, answers: Sequence[FormAnswer]
    ) -> Done | Declined:
        self.kept[house_id, order_id] = tuple(answers)
        return Done()

    async def answers(self, house_id: str, order_id: str) -> Sequence[FormAnswer]:
        return self.kept.get((house_id, order_id), ())

    async def identify(self, house_id: str, order_id: str, buyer: Buyer) -> str | Declined:
        self.asked += 1
        if buyer.session:
            found = self.sessions.get(buyer.session, "")
            return found or Declined(Reason.SESSION_OVER)
        if buyer.customer_id:
            there = buyer.customer_id in self.by_email.values()
            return buyer.customer_id if there else Declined(Reason.CUSTOMER_NOT_FOUND)
        key = (house_id, buyer.email.casefold())
        if buyer.ticks:
            self.ticked[order_id] = buyer.ticks
        return self.by_email.setdefault(key, f"cus_{len(self.by_email) + 1}")
