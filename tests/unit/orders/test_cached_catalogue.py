"""What orders ask the catalogue for buyers they ask on their own account: it lets no buyer look at codes and passes."""

from __future__ import annotations

from collections.abc import Sequence

from services.orders.adapters.memory_catalogue import MemoryCatalogue
from services.orders.domain.promotions import Promotion
from services.orders.domain.ticket_terms import CheckedPasses
from services.orders.handlers.cached_catalogue import CachedCatalogue
from services.runtime.call_context import CallContext, current_call, enter_call
from services.runtime.clock import SystemClock
from services.runtime.ids import SeededIds


class Watched(MemoryCatalogue):
    """Knows on whose account it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.on_own_account: list[bool] = []

    def _note(self) -> None:
        call = current_call()
        assert call is not None
        self.on_own_account.append(call.is_own_account)

    async def promotion(self, house_id: str, code: str, discount_id: str) -> Promotion | None:
        self._note()
        return await super().promotion(house_id, code, discount_id)

    async def check_passes(self, house_id: str, pass_kind_id: str, numbers: Sequence[str]) -> CheckedPasses | None:
        self._note()
        return await super().check_passes(house_id, pass_kind_id, numbers)


async def test_codes_and_passes_are_asked_for_on_the_services_own_account() -> None:
    behind = Watched()
    catalogue = CachedCatalogue(behind, SystemClock(), ttl_seconds=1.0)
    enter_call(CallContext({}, None, SeededIds(1), "a buyer's token"))
    await catalogue.promotion("hse_1", "SPRING", "")
    await catalogue.check_passes("hse_1", "card", ["NL1"])
    assert behind.on_own_account == [True, True]
    call = current_call()
    assert call is not None
    assert not call.is_own_account
