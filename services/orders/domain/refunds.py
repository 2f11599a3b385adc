"""Money that goes back, one record for each time: how much, for what, by whom. Sums are taken here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum


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


@dataclass(frozen=True, slots=True)
class Refund:
    """Money of the order's currency that goes back once. `lines` empty: of the whole, or nobody said for which."""

    refund_id: str
    amount_minor: int
    made_by: RefundMaker
    state: RefundState
    reason: str = ""
    lines: tuple[LineRef, ...] = ()
    changed_at_ms: int = 0


def house_refund_id(order_id: str) -> str:
    """The id of the refund of all that is left. It is the key under which payments is asked (RULE 24)."""
    return f"{order_id}-refund"


def next_provider_refund_id(order_id: str, refunds: Sequence[Refund]) -> str:
    """The id of a refund that we only heard of: counted, for the provider's reports are sums and carry no id."""
    return f"{order_id}-provider-{1 + sum(refund.made_by is RefundMaker.PROVIDER for refund in refunds)}"


def done_minor(refunds: Iterable[Refund]) -> int:
    """What has gone back."""
    return sum(refund.amount_minor for refund in refunds if refund.state is RefundState.DONE)


def due_refund(refunds: Iterable[Refund]) -> Refund | None:
    """The one that is owed; there is one at a time."""
    return next((refund for refund in refunds if refund.state is RefundState.DUE), None)
