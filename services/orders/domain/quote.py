"""A price that was told and holds for minutes: for exactly these seats, whatever the house changes meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.contracts.channels import Channel
from services.contracts.prices import ComponentKind
from services.orders.domain.order import Money, OrderLine
from services.orders.domain.refusals import QuoteDiffers
from services.orders.domain.uses import CountedUse


@dataclass(frozen=True, slots=True)
class QuotedPart:
    """Of one performance: its plan, and a line for each seat. `extras`: of each line, the fees that were asked for."""

    performance_id: str
    plan_version: int
    lines: tuple[OrderLine, ...]
    extras: tuple[tuple[ComponentKind, ...], ...]


@dataclass(frozen=True, slots=True)
class KeptPart(QuotedPart):
    """A part whose tickets were sold before, on other seats: what their ticket types ask for was looked at then."""


@dataclass(frozen=True, slots=True)
class WantedSeat:
    """A seat, as what it is sold, and the fees that could be avoided and are wanted."""

    seat_id: str
    ticket_type: str
    extras: frozenset[ComponentKind]


@dataclass(frozen=True, slots=True)
class WantedPart:
    """What is wanted of a performance."""

    performance_id: str
    seats: frozenset[WantedSeat]


@dataclass(frozen=True, slots=True)
class Quote:
    """All that an order is priced with. `promotion_code`, `discount_id` and `package_id`: by what it costs less."""

    house_id: str
    channel: Channel
    parts: tuple[QuotedPart, ...]
    currency: str
    expires_at_ms: int
    uses: tuple[CountedUse, ...] = ()
    promotion_code: str = ""
    discount_id: str = ""
    package_id: str = ""
    # Of the package, for one customer; 0: no bound.
    package_limit: int = 0

    @property
    def total(self) -> Money:
        """What all lines cost."""
        return Money(sum(line.price.amount_minor for part in self.parts for line in part.lines), self.currency)

    @property
    def lines(self) -> tuple[OrderLine, ...]:
        """Those of all parts."""
        return tuple(line for part in self.parts for line in part.lines)

    def refused(self, channel: Channel, reduced_by: Sequence[str], wanted: Sequence[WantedPart]) -> QuoteDiffers | None:
        """The refusal where something else is wanted than was quoted; `reduced_by`: code, discount and package."""
        differs = tuple(self._differs(channel, reduced_by, wanted))
        return QuoteDiffers(differs) if differs else None

    def _differs(self, channel: Channel, reduced_by: Sequence[str], wanted: Sequence[WantedPart]) -> Iterator[str]:
        if channel is not self.channel:
            yield f"channel is {self.channel.value}"
        quoted = (self.promotion_code, self.discount_id, self.package_id)
        for name, was, now in zip(("promotion_code", "discount_id", "package_id"), quoted, reduced_by, strict=True):
            # Who says nothing takes what was quoted.
            if now and now != was:
                yield f"{name} is {was or 'none'}"
        if [part.performance_id for part in wanted] != [part.performance_id for part in self.parts]:
            yield f"performances are {', '.join(part.performance_id for part in self.parts)}"
            return
        for part, now_wanted in zip(self.parts, wanted, strict=True):
            seats = frozenset(
                WantedSeat(line.seat_id, line.ticket_type, frozenset(extras))
                for line, extras in zip(part.lines, part.extras, strict=True)
            )
            if seats != now_wanted.seats:
                names = ", ".join(f"{line.seat_id} ({line.ticket_type})" for line in part.lines[:12])
                yield f"seats of {part.performance_id} are {names}"
