"""What a buyer would get back for tickets, by the rules that are better for the buyer, or why nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.contracts.instants import instant_text
from services.orders.domain.buyer_policy import (
    DAY_MS,
    BuyerPolicy,
    RefundRules,
    RefundWish,
    RequestRule,
    asked_until_ms,
)
from services.orders.domain.order import Dispute, Order, OrderState
from services.orders.domain.refund_books import Cell, cells_of, meant_cells, planned_shares
from services.orders.domain.refund_request import RefundBasis, RequestedPart
from services.orders.domain.refunds import LineRef
from services.orders.domain.refusals import OrderNotConfirmed
from services.orders.domain.request_refusals import LinesNotHeld, OrderDisputed, RefundNotOffered
from services.orders.domain.valid_lines import valid_lines
from services.runtime.errors import Refusal

_RANK: Final = {RequestRule.NEVER: 0, RequestRule.ASKED: 1, RequestRule.GRANTED: 2}
_CALLED_OFF: Final = (RefundWish.MONEY, RefundWish.VOUCHER)


@dataclass(frozen=True, slots=True)
class ShowDates:
    """Of a performance, 0 where nobody says: its begin, when it was cancelled, until when a move may be answered."""

    starts_at_ms: int = 0
    cancelled_at_ms: int = 0
    refund_until_ms: int = 0


@dataclass(frozen=True, slots=True)
class RefundFacts:
    """What a refund is judged by, for each performance: its dates, and its policy now and when the order was sold."""

    dates: Mapping[str, ShowDates]
    now: Mapping[str, BuyerPolicy]
    purchase: Mapping[str, BuyerPolicy]


@dataclass(frozen=True, slots=True)
class _Rules:
    basis: RefundBasis
    policy: BuyerPolicy
    rules: RefundRules
    until_ms: int


def offered(
    order: Order, held: Sequence[LineRef], wanted: Sequence[LineRef], wish: RefundWish, facts: RefundFacts, now_ms: int
) -> tuple[RequestedPart, ...] | Refusal:
    """One part a performance, all of them or none. `held`: tickets of whoever asks; no `wanted`: all of these."""
    if order.state is not OrderState.CONFIRMED:
        return OrderNotConfirmed(order.order_id, order.state.value)
    if order.dispute is Dispute.OPEN:
        return OrderDisputed(order.order_id)
    of_asker = set(held)
    theirs = [line for line in valid_lines(order) if line in of_asker]
    meant = set(wanted or theirs)
    foreign = meant.difference(theirs)
    if foreign or not meant:
        names = sorted(f"{line.performance_id} {line.seat_id}" for line in foreign)
        return LinesNotHeld(order.order_id, tuple(names))
    cells = cells_of(order, with_due=True)
    found: list[RequestedPart] = []
    problems: list[str] = []
    for performance_id in dict.fromkeys(line.performance_id for line in theirs if line in meant):
        lines = [line for line in theirs if line in meant and line.performance_id == performance_id]
        one = _best(performance_id, lines, (cells, wish), facts, now_ms)
        if isinstance(one, str):
            problems.append(f"{performance_id}: {one}")
        else:
            found.append(one)
    return RefundNotOffered(order.order_id, tuple(problems)) if problems else tuple(found)


def _best(
    performance_id: str,
    lines: Sequence[LineRef],
    what: tuple[Sequence[Cell], RefundWish],
    facts: RefundFacts,
    now_ms: int,
) -> RequestedPart | str:
    """By the rules that give the most, soonest; or why none of them gives anything."""
    cells, wish = what
    dates = facts.dates[performance_id]
    known = list(_rules(dates, facts.now[performance_id], facts.purchase[performance_id]))
    open_now = [one for one in known if _closed(one, wish, now_ms) is None]
    parts = [_part(performance_id, lines, cells, wish, one) for one in open_now]
    if wish is not RefundWish.NOTHING:
        parts = [part for part in parts if part.back_minor]
    if parts:
        # Of equals the first, as they are listed.
        return max(parts, key=lambda part: (_RANK[part.rule], part.back_minor))
    if open_now:
        return "nothing would come back"
    nearest = max(known, key=lambda one: (_RANK[one.rules.rule], one.until_ms))
    return _closed(nearest, wish, now_ms) or ""


def _rules(dates: ShowDates, now: BuyerPolicy, purchase: BuyerPolicy) -> Iterator[_Rules]:
    """All that may hold, those of a performance that is called off first."""
    generous = RefundRules(RequestRule.GRANTED, wishes=_CALLED_OFF, release_seats=now.refunds.release_seats)
    days = now.refunds.cancelled_days
    if dates.cancelled_at_ms and days:
        yield _Rules(RefundBasis.CANCELLED, now, generous, dates.cancelled_at_ms + days * DAY_MS)
    if dates.refund_until_ms and not dates.cancelled_at_ms:
        yield _Rules(RefundBasis.MOVED, now, generous, dates.refund_until_ms)
    for basis, policy in ((RefundBasis.NOW, now), (RefundBasis.PURCHASE, purchase)):
        until_ms = asked_until_ms(dates.starts_at_ms, policy.refunds.until_hours_before)
        yield _Rules(basis, policy, policy.refunds, until_ms)


def _closed(one: _Rules, wish: RefundWish, now_ms: int) -> str | None:
    """Why it cannot be asked by these rules; None: it can."""
    if one.rules.rule is RequestRule.NEVER:
        return "the house gives nothing back by request"
    if one.until_ms and now_ms >= one.until_ms:
        return f"it could be asked until {instant_text(one.until_ms)}"
    if wish not in one.rules.offered:
        return f"the house offers {', '.join(each.value for each in one.rules.offered)}"
    return None


def _part(
    performance_id: str, lines: Sequence[LineRef], cells: Sequence[Cell], wish: RefundWish, one: _Rules
) -> RequestedPart:
    rules, policy = one.rules, one.policy
    left_minor = sum(cell.left_minor for cell in meant_cells(cells, lines, ()))
    # Whoever takes a voucher comes again: the fee is for the money's way.
    fee_minor = rules.fee_minor if wish is RefundWish.MONEY else 0
    shares = planned_shares(meant_cells(cells, lines, rules.keep), fee_minor, rules.keep_basis_points)
    back_minor = 0 if wish is RefundWish.NOTHING else sum(share.amount_minor for share in shares)
    part = RequestedPart(
        performance_id,
        tuple(line.seat_id for line in lines),
        rules.rule,
        one.basis,
        policy.performance_id,
        policy.version,
        one.until_ms,
        back_minor,
        left_minor - back_minor,
    )
    return replace(
        part,
        keep=rules.keep,
        fee_minor=fee_minor,
        keep_basis_points=rules.keep_basis_points,
        release_seats=rules.release_seats,
    )
