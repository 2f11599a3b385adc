"""A buyer's request for a refund: what was promised, and how far it is (docs/decisions/0055). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from services.contracts.prices import ComponentKind
from services.orders.domain.buyer_policy import RefundWish, RequestRule
from services.orders.domain.commands import ActOnLines, RefundTerms
from services.orders.domain.order import Order
from services.orders.domain.refunds import LineRef, Refund, RefundRoute
from services.orders.domain.request_refusals import RefundRequestEnded
from services.runtime.principal import PrincipalRef


class RequestState(Enum):
    """Names as in balcon.orders.v1.RefundRequestState."""

    ASKED = "ASKED"
    GRANTED = "GRANTED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"


class RequestAct(Enum):
    """What may be said to a request."""

    GRANT = "GRANT"
    DECLINE = "DECLINE"
    WITHDRAW = "WITHDRAW"
    OVERTAKE = "OVERTAKE"  # the house has cancelled all of its tickets before


class RefundBasis(Enum):
    """By which rules; names as in balcon.orders.v1.RefundBasis. Of equals the first is taken."""

    CANCELLED = "CANCELLED"
    MOVED = "MOVED"
    NOW = "NOW"
    PURCHASE = "PURCHASE"


_ENDS: Final = {
    RequestAct.GRANT: RequestState.GRANTED,
    RequestAct.DECLINE: RequestState.DECLINED,
    RequestAct.WITHDRAW: RequestState.WITHDRAWN,
    RequestAct.OVERTAKE: RequestState.WITHDRAWN,
}
_ROUTES: Final = {RefundWish.MONEY: RefundRoute.ORIGIN, RefundWish.VOUCHER: RefundRoute.VOUCHER}


@dataclass(frozen=True, slots=True)
class RequestedPart:
    """Tickets of one performance, what was promised for them, and by which rules it is reckoned.

    `policy_of` '': the house's policy. `until_ms` 0: nobody says until when it may be asked.
    """

    performance_id: str
    seat_ids: tuple[str, ...]
    rule: RequestRule
    basis: RefundBasis
    policy_of: str = ""
    policy_version: int = 0
    until_ms: int = 0
    back_minor: int = 0
    kept_minor: int = 0
    keep: frozenset[ComponentKind] = frozenset()
    fee_minor: int = 0
    keep_basis_points: int = 0
    release_seats: bool = False

    @property
    def lines(self) -> tuple[LineRef, ...]:
        """As the order has them."""
        return tuple(LineRef(self.performance_id, seat_id) for seat_id in self.seat_ids)


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """One request. `reason`: why it was declined, for the buyer."""

    refund_request_id: str
    house_id: str
    order_id: str
    wish: RefundWish
    parts: tuple[RequestedPart, ...]
    currency: str
    asked_at_ms: int
    state: RequestState = RequestState.ASKED
    ended_at_ms: int = 0
    decided_by: PrincipalRef | None = None
    reason: str = ""
    at_once: bool = False

    @property
    def back_minor(self) -> int:
        """All that was promised."""
        return promised_minor(self.parts)

    @property
    def is_granted_at_once(self) -> bool:
        """Whether the rules grant all of it; else people decide about all of it."""
        return are_granted_at_once(self.parts)

    def acts(self) -> tuple[ActOnLines, ...]:
        """What is asked of the order when it is granted: of tickets that are still valid, once for each performance."""
        return tuple(
            ActOnLines(
                part.lines,
                cancel=True,
                release=part.release_seats,
                refund=_terms(part, self.wish),
                only_valid=True,
                act_id=_act_id(self.refund_request_id, place),
            )
            for place, part in enumerate(self.parts)
        )

    def refunds_of(self, order: Order) -> tuple[Refund, ...]:
        """What of the order's money it has moved."""
        mine = {_act_id(self.refund_request_id, place) for place in range(len(self.parts))}
        return tuple(refund for refund in order.refunds if refund.act_id in mine)


def promised_minor(parts: Iterable[RequestedPart]) -> int:
    """All that comes back."""
    return sum(part.back_minor for part in parts)


def are_granted_at_once(parts: Iterable[RequestedPart]) -> bool:
    """Whether the rules grant all of it; else people decide about all of it."""
    return all(part.rule is RequestRule.GRANTED for part in parts)


def after(request: RefundRequest, act: RequestAct) -> RequestState | RefundRequestEnded:
    """The state that the act leads to; once and again is the same, and what has ended another way stays so."""
    wanted = _ENDS[act]
    if request.state in {RequestState.ASKED, wanted}:
        return wanted
    return RefundRequestEnded(request.refund_request_id, request.state.value)


def _terms(part: RequestedPart, wish: RefundWish) -> RefundTerms | None:
    route = _ROUTES.get(wish)
    if route is None:
        return None
    return RefundTerms(None, part.keep, part.fee_minor, route, part.keep_basis_points)


def _act_id(request_id: str, place: int) -> str:
    return f"{request_id}.{place}" if place else request_id
