"""Money that goes back, one record for each time: how much, for what, by whom. Sums are taken here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from services.contracts.prices import ComponentKind


class RefundState(Enum):
    """A refund is owed until there is proof that the money is back."""

    DUE = "DUE"
    DONE = "DONE"


class RefundMaker(Enum):
    """By whose hand the money goes back."""

    HOUSE = "HOUSE"  # by an order's own rules or people's request; the saga asks payments for it
    PROVIDER = "PROVIDER"  # at the provider and without us: its console, or a dispute that was lost


@dataclass(frozen=True, slots=True)
class LineRef:
    """One line of an order: no seat is twice in a performance."""

    performance_id: str
    seat_id: str


class RefundRoute(Enum):
    """Where money of the house's own refunds goes."""

    ORIGIN = "ORIGIN"  # to each instrument that it came from
    VOUCHER = "VOUCHER"
    EXCHANGE = "EXCHANGE"  # it pays for another order, the one in `act_id`


@dataclass(frozen=True, slots=True)
class RefundShare:
    """What a refund takes of one component of one line, and the tax in it."""

    performance_id: str
    seat_id: str
    kind: ComponentKind
    amount_minor: int
    vat_minor: int = 0


@dataclass(frozen=True, slots=True)
class Refund:
    """Money of the order's currency that goes back once. `lines` empty: of the whole, or nobody said for which.

    `shares` say of what it is taken: planned while it is DUE, fixed when it is DONE, and none on those from before they
    were kept. `act_id`: what made it, where one thing makes many (a request, a job).
    """

    refund_id: str
    amount_minor: int
    made_by: RefundMaker
    state: RefundState
    reason: str = ""
    lines: tuple[LineRef, ...] = ()
    changed_at_ms: int = 0
    route: RefundRoute = RefundRoute.ORIGIN
    shares: tuple[RefundShare, ...] = ()
    act_id: str = ""


def house_refund_id(order_id: str) -> str:
    """The id of the refund of all that is left. It is the key under which payments is asked (RULE 24)."""
    return f"{order_id}-refund"


def next_house_refund_id(order_id: str, refunds: Sequence[Refund]) -> str:
    """The id of one more refund of the house, for a part of the money. It is the key at payments (RULE 24)."""
    return f"{order_id}-refund-{1 + sum(refund.made_by is RefundMaker.HOUSE for refund in refunds)}"


def next_provider_refund_id(order_id: str, refunds: Sequence[Refund]) -> str:
    """The id of a refund that we only heard of: counted, for the provider's reports are sums and carry no id."""
    return f"{order_id}-provider-{1 + sum(refund.made_by is RefundMaker.PROVIDER for refund in refunds)}"


def done_minor(refunds: Iterable[Refund]) -> int:
    """What has gone back."""
    return sum(refund.amount_minor for refund in refunds if refund.state is RefundState.DONE)


def due_refunds(refunds: Iterable[Refund]) -> list[Refund]:
    """Those that are owed."""
    return [refund for refund in refunds if refund.state is RefundState.DUE]


def due_refund(refunds: Iterable[Refund]) -> Refund | None:
    """The first that is owed."""
    return next(iter(due_refunds(refunds)), None)


def due_minor(refunds: Iterable[Refund]) -> int:
    """What is owed."""
    return sum(refund.amount_minor for refund in due_refunds(refunds))
