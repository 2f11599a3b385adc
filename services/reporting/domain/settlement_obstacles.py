"""What stands in the way of a final settlement (R1.12, R3.21)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from services.contracts.house_time import day_begins_ms, local_of
from services.reporting.domain.settlement_sales import OfficeCount

# Of a show of which nobody has said when it ends.
_LONGEST_MS = 4 * 3_600_000


class ObstacleKind(Enum):
    """Names as in balcon.reporting.v1.SettlementObstacleKind."""

    ALLOTMENT_OPEN = "ALLOTMENT_OPEN"
    NOT_OVER = "NOT_OVER"
    SEATS_HELD = "SEATS_HELD"
    SEATS_RESERVED = "SEATS_RESERVED"
    ORDERS_UNDER_WAY = "ORDERS_UNDER_WAY"
    NO_DEAL = "NO_DEAL"
    FIGURES_BEHIND = "FIGURES_BEHIND"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One of them. `until_ms` None: nobody knows when it passes."""

    kind: ObstacleKind
    thing_id: str = ""
    count: int = 0
    until_ms: int | None = None

    @property
    def text(self) -> str:
        """For the people of the house."""
        match self.kind:
            case ObstacleKind.ALLOTMENT_OPEN:
                return f"allotment {self.thing_id} is not closed, {self.count} of its seats are open"
            case ObstacleKind.NOT_OVER:
                return "the performance is not over"
            case ObstacleKind.SEATS_HELD:
                return f"{self.count} seats are held or being paid"
            case ObstacleKind.SEATS_RESERVED:
                return f"{self.count} seats are reserved"
            case ObstacleKind.ORDERS_UNDER_WAY:
                return f"{self.count} orders are being paid, cancelled or refunded"
            case ObstacleKind.NO_DEAL:
                return "nobody has said what was agreed on"
            case ObstacleKind.FIGURES_BEHIND:
                return "the figures are catching up"


@dataclass(frozen=True, slots=True)
class UnderWay:
    """What of a performance may still change its figures. `orders`: being paid, cancelled, or with money due back."""

    held: int = 0
    reserved: int = 0
    orders: int = 0
    # Figures that come from several places do not meet yet.
    is_behind: bool = False


def over_at_ms(zone: str, starts_at_ms: int, ends_at_ms: int | None) -> int:
    """When a performance is over: at its end; where nobody has said that, when the house's next day begins, four hours
    after its start at the earliest."""
    if ends_at_ms is not None:
        return ends_at_ms
    next_day = (local_of(zone, starts_at_ms) + timedelta(days=1)).date()
    return max(day_begins_ms(zone, next_day), starts_at_ms + _LONGEST_MS)


def obstacles(
    now_ms: int, over_ms: int | None, allotments: Sequence[OfficeCount], under_way: UnderWay, *, has_deal: bool
) -> tuple[Obstacle, ...]:
    """All of them. `over_ms` None: it was cancelled, and nobody waits for its end."""
    return tuple(_found(now_ms, over_ms, allotments, under_way, has_deal=has_deal))


def _found(
    now_ms: int, over_ms: int | None, allotments: Sequence[OfficeCount], under_way: UnderWay, *, has_deal: bool
) -> Iterator[Obstacle]:
    if not has_deal:
        yield Obstacle(ObstacleKind.NO_DEAL)
    if over_ms is not None and now_ms < over_ms:
        yield Obstacle(ObstacleKind.NOT_OVER, until_ms=over_ms)
    for one in allotments:
        if not one.is_closed:
            yield Obstacle(ObstacleKind.ALLOTMENT_OPEN, one.allotment_id, one.open)
    counts = {
        ObstacleKind.SEATS_HELD: under_way.held,
        ObstacleKind.SEATS_RESERVED: under_way.reserved,
        ObstacleKind.ORDERS_UNDER_WAY: under_way.orders,
    }
    for kind, count in counts.items():
        if count:
            yield Obstacle(kind, count=count)
    if under_way.is_behind:
        yield Obstacle(ObstacleKind.FIGURES_BEHIND)
