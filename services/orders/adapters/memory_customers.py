"""The Customers' twin in memory."""

from __future__ import annotations

from services.contracts.reasons import Reason
from services.orders.ports import Buyer, Declined, Tick


class MemoryCustomers:
    """See Customers. `ticked`: what counts once its order is there; `sessions`: whose they are."""

    def __init__(self) -> None:
        self.by_email: dict[tuple[str, str], str] = {}
        self.sessions: dict[str, str] = {}
        self.ticked: dict[str, tuple[Tick, ...]] = {}
        self.asked = 0

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
