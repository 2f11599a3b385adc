"""Refunds that a provider refuses: listed until they are done, and seen to by people of the house."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.contracts.pages import AskedPage, token_after
from services.payments.domain.payment import Payment
from services.payments.domain.refund_transitions import SettlementWanted, settled_by_people
from services.payments.handlers.payment_driver import PaymentDriver
from services.payments.ports import PaymentStore
from services.runtime.call_context import current_principal
from services.runtime.clock import Clock
from services.runtime.errors import Refusal
from services.runtime.ids import Ids


@dataclass(frozen=True, slots=True)
class TaskPage:
    """Payments with a refund that is stuck; `next_page_token` is empty on the last page."""

    payments: Sequence[Payment]
    next_page_token: str


class RefundTasks:
    """What stays owed although the provider says no."""

    def __init__(self, *, store: PaymentStore, driver: PaymentDriver, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._driver = driver
        self._clock = clock
        self._ids = ids

    async def page(self, house_id: str, asked: AskedPage) -> TaskPage:
        """By the payments' ids, which is by their age."""
        after = "" if asked.after is None else asked.after.item_id
        found = await self._store.stuck_page(house_id, after, asked.size + 1)
        some = found[: asked.size]
        return TaskPage(some, token_after(house_id, some[-1].payment_id) if len(found) > len(some) else "")

    async def settle(self, house_id: str, payment_id: str, wanted: SettlementWanted) -> Payment | Refusal:
        """Refusals: PaymentUnknown, RefundNotStuck."""
        wanted = replace(wanted, voucher_id=self._ids.new_id("vch"), who=current_principal())
        return await self._driver.owe(
            house_id, payment_id, lambda current: settled_by_people(current, wanted, self._clock.now_ms())
        )
