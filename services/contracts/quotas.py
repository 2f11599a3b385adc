"""The arithmetic of quotas (R4), pure and in integers: phases, caps, what is left. Floats get it wrong."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from services.contracts.channels import Channel

MAX_PERCENT: Final = 100
HOUR_MS: Final = 3_600_000


class SalePhase(Enum):
    """Names as in balcon.types.v1.SalePhase."""

    PRESALE = "PRESALE"
    DAY = "DAY"


@dataclass(frozen=True, slots=True)
class QuotaPercentages:
    """Of the size, 0 to 100 each. None: as R4.9 and R4.10 fill it in."""

    box_office_presale: int | None = None
    online_presale: int | None = None
    backend_presale: int | None = None
    box_office_day: int | None = None
    online_day: int | None = None
    backend_day: int | None = None

    def of(self, channel: Channel, phase: SalePhase) -> int:
        """The percentage that counts: the backend's is the online one where it has none, any other is 100."""
        presale = phase is SalePhase.PRESALE
        online = self.online_presale if presale else self.online_day
        own = online
        if channel is Channel.BOX_OFFICE:
            own = self.box_office_presale if presale else self.box_office_day
        elif channel is Channel.BACKEND:
            backend = self.backend_presale if presale else self.backend_day
            own = online if backend is None else backend
        return MAX_PERCENT if own is None else own


def cutover_ms(anchor_ms: int, presale_hours: int) -> int:
    """R4.3: when the day sale begins, unix milliseconds. Elapsed hours: clocks on walls may change."""
    return anchor_ms - presale_hours * HOUR_MS


def phase_at(now_ms: int, day_sale_from_ms: int) -> SalePhase:
    """R4.3."""
    return SalePhase.PRESALE if now_ms < day_sale_from_ms else SalePhase.DAY


def cap_of(size: int, percent: int) -> int:
    """R4.4: of the total, always rounded down."""
    return size * percent // MAX_PERCENT


def available_of(size: int, cap: int, used: int) -> int:
    """R4.6: what the channel may still sell; never more than is open in all."""
    return max(0, min(cap, size) - used)
