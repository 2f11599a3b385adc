"""Three acts of the house on lines of a confirmed order: cancel tickets, give money back, put seats back on sale.

Each may be asked for alone or with the others; each has its own proof. Part of the transition table; only
transitions.decide calls it, and only transitions.apply the effects (docs/decisions/0049).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from services.contracts.money import amount_text
from services.orders.domain.changes import (
    Change,
    LinesCancelled,
    LinesReleased,
    OrderRefunded,
    RefundAsked,
    RefundBecameDue,
    ReleaseAsked,
    SeatsChanged,
)
from services.orders.domain.commands import ActOnLines, RefundTerms
from services.orders.domain.exchange_refusals import LinesInExchange
from services.orders.domain.exchanging import locked_by
from services.orders.domain.order import CancelReason, LineStatus, Order, OrderPart, OrderState, SeatStatus
from services.orders.domain.refund_books import cells_of, meant_cells, planned_shares, shares_of_amount
from services.orders.domain.refunds import LineRef, Refund, RefundMaker, RefundShare, RefundState, next_house_refund_id
from services.orders.domain.refusals import (
    LinesUnknown,
    NothingToRefund,
    OrderNotConfirmed,
    RefundTooLarge,
    TicketsStillValid,
)
from services.orders.domain.seat_reports import out_of_place
from services.orders.domain.valid_lines import valid_lines
from services.runtime.errors import Refusal

# A seat that was kept off sale may be put back on it when all the money is back, too.
_MAY_RELEASE: Final = frozenset({OrderState.CONFIRMED, OrderState.REFUND_DUE, OrderState.REFUNDED})
_NOT_ON_SALE: Final = frozenset({LineStatus.CANCELLED})


def on_line_acts(order: Order, asked: ActOnLines, now_ms: int) -> tuple[Change, ...] | Refusal:
    """All that was asked, or nothing of it. What was done before is not done again."""
    only_releases = asked.release and not asked.cancel and asked.refund is None
    if order.state not in (_MAY_RELEASE if only_releases else {OrderState.CONFIRMED}):
        return OrderNotConfirmed(order.order_id, order.state.value)
    if asked.act_id and any(refund.act_id == asked.act_id for refund in order.refunds):
        return ()
    lines = _selected(order, asked)
    if isinstance(lines, Refusal):
        return lines
    if not only_releases and (locked := locked_by(order, lines)):
        return LinesInExchange(order.order_id, locked.order_id)
    changes: list[Change] = []
    valid = _with_status(order, lines, {LineStatus.VALID})
    if asked.cancel and valid:
        changes.append(LinesCancelled(valid, asked.reason, now_ms))
    if asked.release:
        if valid and not asked.cancel:
            return TicketsStillValid(order.order_id, tuple(line.seat_id for line in valid))
        if off_sale := _with_status(order, lines, _NOT_ON_SALE | ({LineStatus.VALID} if asked.cancel else set())):
            changes.append(ReleaseAsked(off_sale, now_ms))
    if asked.refund is not None and (lines or not asked.only_valid):
        refund = _refund(order, asked, asked.refund, lines, now_ms)
        if isinstance(refund, Refusal):
            return refund
        if refund is not None:
            changes.append(RefundAsked(refund))
    return (*changes, *_ended_for_nothing(order, lines, asked, now_ms))


def _selected(order: Order, asked: ActOnLines) -> tuple[LineRef, ...] | LinesUnknown:
    """Those that are named, those of a performance, or all."""
    of_order = _statuses(order)
    wanted = dict.fromkeys(
        asked.lines or (line for line in of_order if asked.performance_id in {"", line.performance_id})
    )
    if unknown := [line for line in wanted if line not in of_order]:
        return LinesUnknown(order.order_id, tuple(f"{line.performance_id} {line.seat_id}" for line in unknown))
    if not wanted:
        return LinesUnknown(order.order_id, (asked.performance_id,))
    return tuple(
        line for line in of_order if line in wanted and (not asked.only_valid or of_order[line] is LineStatus.VALID)
    )


def _with_status(
    order: Order, lines: tuple[LineRef, ...], among: set[LineStatus] | frozenset[LineStatus]
) -> tuple[LineRef, ...]:
    of_order = _statuses(order)
    return tuple(line for line in lines if of_order[line] in among)


def _statuses(order: Order) -> dict[LineRef, LineStatus]:
    """In the order's order."""
    return {LineRef(part.performance_id, line.seat_id): line.status for part in order.parts for line in part.lines}


def _refund(
    order: Order, asked: ActOnLines, terms: RefundTerms, lines: tuple[LineRef, ...], now_ms: int
) -> Refund | Refusal | None:
    """What is to go back. None: nothing is left of it, beside a cancellation that goes on without."""
    cells = meant_cells(cells_of(order, with_due=True), lines, terms.keep)
    meant = sum(cell.left_minor for cell in cells)
    if terms.amount_minor is not None:
        if terms.amount_minor > meant:
            currency = order.total.currency
            asked_minor = terms.amount_minor
            return RefundTooLarge(order.order_id, amount_text(asked_minor, currency), amount_text(meant, currency))
        shares = shares_of_amount(cells, terms.amount_minor)
    else:
        shares = planned_shares(cells, terms.fee_minor, terms.keep_basis_points)
    amount_minor = sum(share.amount_minor for share in shares)
    if not amount_minor:
        return None if asked.cancel or asked.release else NothingToRefund(order.order_id)
    named = lines if asked.lines or asked.performance_id or asked.only_valid else ()
    return _house_refund(order, asked, terms, (amount_minor, shares, named), now_ms)


def _house_refund(
    order: Order,
    asked: ActOnLines,
    terms: RefundTerms,
    what: tuple[int, tuple[RefundShare, ...], tuple[LineRef, ...]],
    now_ms: int,
) -> Refund:
    amount_minor, shares, named = what
    return Refund(
        next_house_refund_id(order.order_id, order.refunds),
        amount_minor,
        RefundMaker.HOUSE,
        RefundState.DUE,
        asked.reason,
        named,
        now_ms,
        terms.route,
        shares,
        asked.act_id,
    )


def _ended_for_nothing(order: Order, lines: tuple[LineRef, ...], asked: ActOnLines, now_ms: int) -> tuple[Change, ...]:
    """A free order ends with the last of its tickets: there is no money whose return could end it."""
    left = set(valid_lines(order))
    ends = asked.cancel and order.is_free and order.state is OrderState.CONFIRMED and left and left <= set(lines)
    if not ends:
        return ()
    return (RefundBecameDue(CancelReason.HOUSE, asked.reason, now_ms), OrderRefunded(now_ms))


def on_seats_released(order: Order, seat_ids: tuple[str, ...], place: int, now_ms: int) -> tuple[Change, ...] | Refusal:
    """Inventory has taken these seats out of the part's sale; with the last one nothing of it is sold."""
    if order.state not in _MAY_RELEASE:
        return out_of_place(order, "released seats")
    part = order.parts[place]
    news = tuple(seat_id for seat_id in part.release_due if seat_id in seat_ids)
    if not news:
        return ()
    left = [line for line in part.lines if line.status is not LineStatus.RELEASED and line.seat_id not in news]
    freed = () if left else (SeatsChanged(SeatStatus.FREED, place),)
    return (LinesReleased(news, place, now_ms), *freed)


def with_status(order: Order, lines: tuple[LineRef, ...], status: LineStatus) -> Order:
    """The order with these lines in that status."""
    return replace(order, parts=tuple(_part_with(part, set(lines), status) for part in order.parts))


def _part_with(part: OrderPart, named: set[LineRef], status: LineStatus) -> OrderPart:
    if not any(line.performance_id == part.performance_id for line in named):
        return part
    return replace(
        part,
        lines=tuple(
            replace(line, status=status) if LineRef(part.performance_id, line.seat_id) in named else line
            for line in part.lines
        ),
    )


def rest_to_release(order: Order) -> Order:
    """The money is back as a whole: what was still valid in parts with cancelled lines goes back on sale line by line.

    Parts that are whole are given back as one sale.
    """
    rest = tuple(
        LineRef(part.performance_id, seat_id)
        for part in order.parts
        if part.seats is SeatStatus.SOLD and not part.is_whole
        for seat_id in part.valid_seat_ids
    )
    return with_status(order, rest, LineStatus.RELEASE_DUE) if rest else order
