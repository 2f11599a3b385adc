"""Every no of the inventory, with its facts. `seats` are indexes inside and the plan's seat ids at the edge."""

from __future__ import annotations

from dataclasses import dataclass

from services.contracts.instants import instant_text
from services.inventory.domain.records import NEVER_MS
from services.runtime.errors import Kind, Refusal

# balcon.types.v1.Channel, as people say it.
_CHANNELS = {1: "box office", 2: "online shop", 3: "backend"}


@dataclass(frozen=True, slots=True)
class SeatsTaken(Refusal):
    """Seats {seats} are not free."""

    kind = Kind.CONFLICT
    seats: tuple[int, ...] | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeatsNotTogether(Refusal):
    """No {asked} seats fit for group {group}."""

    kind = Kind.CONFLICT
    # Position among the groups asked for.
    group: int
    asked: int
    largest_group: int
    categories: tuple[str, ...]

    def message(self) -> str:
        """What would fit, where anything would."""
        would = [f"{self.largest_group} side by side"] if self.largest_group else []
        if self.categories:
            would.append(f"{self.asked} of another category ({', '.join(self.categories)})")
        text = f"No {self.asked} seats fit for group {self.group}"
        return f"{text}; {' or '.join(would)} would." if would else f"{text}."


@dataclass(frozen=True, slots=True)
class OrphanLeft(Refusal):
    """The choice leaves seats {seats} single; another choice of its size would not."""

    kind = Kind.CONFLICT
    seats: tuple[int, ...] | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeatUnknown(Refusal):
    """Seats {seats} are not in plan version {plan_version}."""

    kind = Kind.NOT_FOUND
    seats: tuple[str, ...]
    plan_version: int


@dataclass(frozen=True, slots=True)
class PlanVersionMismatch(Refusal):
    """The performance has plan version {plan_version}, not {asked}."""

    kind = Kind.PRECONDITION
    plan_version: int
    asked: int


@dataclass(frozen=True, slots=True)
class PerformanceNotFound(Refusal):
    """The house has no performance {performance_id}."""

    kind = Kind.NOT_FOUND
    performance_id: str


@dataclass(frozen=True, slots=True)
class SeatingPlanNotFound(Refusal):
    """The performance's hall has no plan version {plan_version}."""

    kind = Kind.NOT_FOUND
    plan_version: int


@dataclass(frozen=True, slots=True)
class NotOnSale(Refusal):
    """The performance is not on sale."""

    kind = Kind.PRECONDITION


@dataclass(frozen=True, slots=True)
class SaleEnded(Refusal):
    """The sale ended at {sale_ends_at_ms}; only the box office and the backend go on."""

    kind = Kind.PRECONDITION
    sale_ends_at_ms: int


@dataclass(frozen=True, slots=True)
class PerformanceCancelled(Refusal):
    """The performance was cancelled."""

    kind = Kind.PRECONDITION


@dataclass(frozen=True, slots=True)
class OutsideSalesWindow(Refusal):
    """Channel {channel} does not sell now."""

    kind = Kind.PRECONDITION
    # balcon.types.v1.Channel.
    channel: int
    # Unix milliseconds; 0: it was open from the beginning on, and from 2**62 on it is never closed.
    opens_at_ms: int
    closes_at_ms: int

    def message(self) -> str:
        """From when until when it does, where it has such bounds."""
        sells = [f"from {instant_text(self.opens_at_ms)}"] if self.opens_at_ms else []
        if self.closes_at_ms < NEVER_MS:
            sells.append(f"until {instant_text(self.closes_at_ms)}")
        who = _CHANNELS.get(self.channel, "channel")
        return f"Channel {self.channel} does not sell now: the {who} sells {' '.join(sells)} only."


_PHASES = {"PRESALE": "presale", "DAY": "day sale"}


@dataclass(frozen=True, slots=True)
class QuotaReached(Refusal):
    """Quota {quota_name} has {available} left."""

    kind = Kind.CONFLICT
    quota: str
    quota_name: str
    # balcon.types.v1.Channel.
    channel: int
    # PRESALE or DAY.
    phase: str
    # Places of this quota.
    asked: int
    # R4.4 to R4.6: what the channel may have used in this phase, what all channels have, what is left.
    cap: int
    used: int
    available: int
    # RFC 3339; empty: the day sale opens no more.
    opens_more_at: str
    # By which these figures are.
    terms_version: int
    # What would work instead, outside of the quota: see SeatsNotTogether.
    categories: tuple[str, ...] = ()

    def message(self) -> str:
        """What is left, what would work instead, and when there is more."""
        who, phase = _CHANNELS.get(self.channel, "channel"), _PHASES.get(self.phase, self.phase)
        text = (
            f"Quota {self.quota_name} has {self.available} left for the {who} in the {phase}, "
            f"{self.asked} were asked for: {self.used} are used, the channel's limit is {self.cap}."
        )
        if self.categories:
            text += f" Another category would do: {', '.join(self.categories)}."
        return f"{text} The day sale opens more at {self.opens_more_at}." if self.opens_more_at else text


@dataclass(frozen=True, slots=True)
class TicketTypeNotAssigned(Refusal):
    """Ticket type {ticket_type} is not sold out of quota {quota_name}."""

    kind = Kind.PRECONDITION
    quota: str
    quota_name: str
    ticket_type: str
    # balcon.types.v1.Channel.
    channel: int
    # PRESALE or DAY.
    phase: str
    terms_version: int

    def message(self) -> str:
        """By which channel, in which phase."""
        who = _CHANNELS.get(self.channel, "channel")
        where = f"out of quota {self.quota_name} by the {who} in the {_PHASES.get(self.phase, self.phase)}"
        return f"Ticket type {self.ticket_type} is not sold {where}."


@dataclass(frozen=True, slots=True)
class HolderLimit(Refusal):
    """The holder has {has} seats and asked for {asked} more; the limit is {limit}."""

    kind = Kind.PRECONDITION
    limit: int
    has: int
    asked: int


@dataclass(frozen=True, slots=True)
class HoldNotFound(Refusal):
    """There is no hold {hold_id}."""

    kind = Kind.NOT_FOUND
    hold_id: str


@dataclass(frozen=True, slots=True)
class HoldExpired(Refusal):
    """Hold {hold_id} ended at {hold_until_ms}."""

    kind = Kind.PRECONDITION
    hold_id: str
    hold_until_ms: int


@dataclass(frozen=True, slots=True)
class HoldEnded(Refusal):
    """Hold {hold_id} was made before and has ended; a new hold needs a new id."""

    kind = Kind.PRECONDITION
    hold_id: str


@dataclass(frozen=True, slots=True)
class HoldForeign(Refusal):
    """Hold {hold_id} belongs to another holder."""

    kind = Kind.FORBIDDEN
    hold_id: str


@dataclass(frozen=True, slots=True)
class SeatsNotHeld(Refusal):
    """Hold {hold_id} has other seats than those named."""

    kind = Kind.PRECONDITION
    hold_id: str


@dataclass(frozen=True, slots=True)
class ClaimNotFound(Refusal):
    """Order {order_id} has no claim."""

    kind = Kind.NOT_FOUND
    order_id: str


@dataclass(frozen=True, slots=True)
class ClaimMismatch(Refusal):
    """Order {order_id} names other seats than hold {hold_id}."""

    kind = Kind.PRECONDITION
    order_id: str
    hold_id: str


@dataclass(frozen=True, slots=True)
class ClaimAlreadySold(Refusal):
    """Order {order_id} is sold; giving its seats back is a sale's cancellation."""

    kind = Kind.PRECONDITION
    order_id: str


@dataclass(frozen=True, slots=True)
class ClaimEnded(Refusal):
    """Order {order_id} claimed its seats anew and gave them back; that is not done twice."""

    kind = Kind.PRECONDITION
    order_id: str


@dataclass(frozen=True, slots=True)
class ClaimNotSold(Refusal):
    """Order {order_id} is claimed, not sold; it is its claim that can be cancelled."""

    kind = Kind.PRECONDITION
    order_id: str


@dataclass(frozen=True, slots=True)
class NotOwner(Refusal):
    """Another node owns this performance; ask {endpoint} (epoch {epoch})."""

    kind = Kind.MOVED
    endpoint: str
    epoch: int


@dataclass(frozen=True, slots=True)
class NodeUnknown(Refusal):
    """No live node has the endpoint {endpoint}."""

    kind = Kind.NOT_FOUND
    endpoint: str


@dataclass(frozen=True, slots=True)
class DeadlinePassed(Refusal):
    """The caller's deadline passed while the command waited; nothing was done."""

    kind = Kind.EXHAUSTED


# Say that a hold is no more: whoever hears it gives the seats up.
HoldGone = HoldNotFound | HoldEnded | HoldExpired
