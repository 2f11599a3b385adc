"""Final settlements as promoters may see them: those of performances that a house has granted, asked anew each time."""

from __future__ import annotations

from collections.abc import Sequence

from services.contracts.pages import AskedPage
from services.reporting.domain.settlement_document import SignedSettlement
from services.reporting.domain.settlement_refusals import SettlementNotFound
from services.reporting.handlers.settlements import ListedSettlement, SettlementHandler
from services.reporting.handlers.sights import Sights
from services.reporting.ports.figures import Sight
from services.reporting.ports.settlements import SettlementFilter
from services.runtime.errors import Refusal

MAX_GRANTED = 500


class GrantedSettlementHandler:
    """What is not granted is answered as what is not there."""

    def __init__(self, sights: Sights, settlements: SettlementHandler) -> None:
        self._sights = sights
        self._settlements = settlements

    async def list(self, subject: str, house_id: str, performance_id: str) -> tuple[Sequence[ListedSettlement], bool]:
        """The newest first over all houses, MAX_GRANTED at most; and whether there are more."""
        found: list[ListedSettlement] = []
        more = False
        for house in await self._sights.of(subject):
            if house_id in ("", house.house_id):
                wanted = SettlementFilter(performance_id=performance_id, sight=house.sight)
                rows, are_more = await self._settlements.page(house.house_id, wanted, AskedPage(None, MAX_GRANTED))
                found += rows
                more |= are_more
        found.sort(key=lambda one: (one.row.finalised_at_ms, one.row.settlement_id), reverse=True)
        return found[:MAX_GRANTED], more or len(found) > MAX_GRANTED

    async def get(self, subject: str, house_id: str, settlement_id: str) -> SignedSettlement | Refusal:
        """Refusals: SettlementNotFound, also where it is not granted."""
        sight = next((one.sight for one in await self._sights.of(subject) if one.house_id == house_id), None)
        if sight is None:
            return SettlementNotFound(settlement_id)
        signed = await self._settlements.get(house_id, settlement_id)
        if isinstance(signed, Refusal) or not _sees(sight, signed):
            return SettlementNotFound(settlement_id)
        return signed


def _sees(sight: Sight, signed: SignedSettlement) -> bool:
    head = signed.document.head
    return (
        sight.whole_house or head.performance_id in sight.performance_ids or head.production_id in sight.production_ids
    )
