"""Exchange: lines of a confirmed order are given for a new order. Both keep their side of it, and each its own lock.

The old lines are good until the new ones are the buyer's: they end only when the new order has its tickets. Part of the
transition table; only transitions.decide calls it, and only transitions.apply the effects (docs/decisions/0053).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, assert_never

from services.contracts.money import amount_text
from services.orders.domain.changes import (
    Change,
    ExchangeClosed,
    ExchangeOpened,
    ExchangeSettled,
    LinesCancelled,
    OrderRefunded,
    RefundAsked,
    RefundBecameDue,
    ReleaseAsked,
)
from services.orders.domain.commands import (
    EndExchange,
    ExchangeCommand,
    ExchangeEnded,
    ExchangeLost,
    FreeExchange,
    OpenExchange,
)
from services.orders.domain.exchange_refusals import (
    ExchangeOver,
    ExchangeWorthChanged,
    LinesInExchange,
    OrderNotExchangeable,
    TicketsEnded,
)
from services.orders.domain.exchanges import ExchangeStatus, ExchangeTerms, GivenLines
from services.orders.domain.order import CancelReason, Dispute, Instrument, LineStatus, Order, OrderCharge, OrderState
from services.orders.domain.refund_books import Cell, cells_of, meant_cells, planned_shares, shares_of_amount
from services.orders.domain.refunds import (
    LineRef,
    Refund,
    RefundMaker,
    RefundRoute,
    RefundShare,
    RefundState,
    next_house_refund_id,
)
from services.orders.domain.refusals import LinesUnknown
from services.orders.domain.seat_reports import out_of_place
from services.orders.domain.uses import with_discounts, with_tickets
from services.orders.domain.valid_lines import valid_lines
from services.runtime.errors import Refusal

# Of exchanges that came to nothing so many are remembered: a late check-out of one of them must find that it is over.
REMEMBERED: Final = 20
# Where it gets here without tickets it never has any.
_NEVER_SOLD: Final = frozenset({OrderState.CANCELLED, OrderState.REFUND_DUE, OrderState.REFUNDED})
_REASON: Final = "exchanged for {}"


def on_exchange(order: Order, command: ExchangeCommand, now_ms: int) -> tuple[Change, ...] | Refusal:
    """The changes that it makes to the old order, or to the new one."""
    match command:
        case OpenExchange():
            return _open(order, command, now_ms)
        case EndExchange():
            return _end(order, command, now_ms)
        case FreeExchange(order_id):
            known = given_for(order, order_id)
            over = known is not None and known.status is not ExchangeStatus.OPEN
            return () if over else (ExchangeClosed(order_id, ExchangeStatus.FREED),)
        case ExchangeEnded(status):
            return (ExchangeSettled(status),) if may_settle_exchange(order) else ()
        case ExchangeLost():
            return _lost(order, now_ms)
        case _:
            assert_never(command)


def exchange_charges(order: Order) -> tuple[OrderCharge, ...]:
    """What the lines that are given for the order pay of it."""
    if order.exchange is None or not order.exchange.pays_minor:
        return ()
    return (OrderCharge(Instrument.EXCHANGE, order.exchange.payment_id, "", order.exchange.pays_minor),)


def all_charges(order: Order, charges: Iterable[OrderCharge]) -> tuple[OrderCharge, ...]:
    """What is given for the order pays first, then the vouchers among `charges`."""
    return (*exchange_charges(order), *(one for one in charges if one.instrument is not Instrument.EXCHANGE))


def may_settle_exchange(order: Order) -> bool:
    """Whether it has become certain what comes of the order's exchange, and that is not done yet."""
    if order.exchange is None or order.exchange.status is not ExchangeStatus.OPEN:
        return False
    return bool(order.confirmed_at_ms) or order.state in _NEVER_SOLD


def locked_by(order: Order, lines: Iterable[LineRef]) -> GivenLines | None:
    """The open exchange that has one of these lines."""
    wanted = set(lines)
    opened = (one for one in order.given if one.status is ExchangeStatus.OPEN)
    return next((one for one in opened if wanted & set(one.lines)), None)


def given_for(order: Order, order_id: str) -> GivenLines | None:
    """What the order has given, or is about to give, for that one."""
    return next((one for one in order.given if one.order_id == order_id), None)


def refused_exchange(order: Order, lines: Iterable[LineRef]) -> Refusal | None:
    """Why these lines cannot be given for others now."""
    named = tuple(lines)
    if order.state is not OrderState.CONFIRMED or order.dispute is Dispute.OPEN:
        state = order.state.value if order.state is not OrderState.CONFIRMED else "DISPUTED"
        return OrderNotExchangeable(order.order_id, state)
    statuses = {LineRef(part.performance_id, line.seat_id): line.status for part in order.parts for line in part.lines}
    if unknown := [line for line in named if line not in statuses]:
        return LinesUnknown(order.order_id, tuple(f"{line.performance_id} {line.seat_id}" for line in unknown))
    if ended := tuple(line.seat_id for line in named if statuses[line] is not LineStatus.VALID):
        return TicketsEnded(order.order_id, ended)
    if locked := locked_by(order, named):
        return LinesInExchange(order.order_id, locked.order_id)
    if order.exchange is not None and order.exchange.status is ExchangeStatus.OPEN:
        # It has its tickets, but what was given for it has not ended yet.
        return LinesInExchange(order.exchange.order_id, order.order_id)
    return None


def worth_minor(order: Order, lines: Iterable[LineRef], terms: ExchangeTerms) -> int:
    """What the lines are worth: what was paid for them less what went back, is owed back, or stays with the house."""
    return sum(share.amount_minor for share in planned_shares(_cells(order, lines, terms), terms.fee_minor))


def _cells(order: Order, lines: Iterable[LineRef], terms: ExchangeTerms) -> tuple[Cell, ...]:
    return meant_cells(cells_of(order, with_due=True), lines, terms.keep)


def _open(order: Order, asked: OpenExchange, now_ms: int) -> tuple[Change, ...] | Refusal:
    known = given_for(order, asked.order_id)
    if known is not None:
        return () if known.status is ExchangeStatus.OPEN else ExchangeOver(order.order_id, asked.order_id)
    if refusal := refused_exchange(order, asked.lines):
        return refusal
    worth = worth_minor(order, asked.lines, asked.terms)
    if worth != asked.value_minor:
        currency = order.total.currency
        told = amount_text(asked.value_minor, currency)
        return ExchangeWorthChanged(order.order_id, told, amount_text(worth, currency))
    return (ExchangeOpened(asked.order_id, asked.lines, now_ms),)


def _end(order: Order, asked: EndExchange, now_ms: int) -> tuple[Change, ...] | Refusal:
    """The old lines end, their seats go back on sale, and their money is the new order's; what is left goes back."""
    known = given_for(order, asked.order_id)
    if known is not None and known.status is ExchangeStatus.DONE:
        return ()
    if known is None or known.status is ExchangeStatus.FREED or order.state is not OrderState.CONFIRMED:
        return ExchangeOver(order.order_id, asked.order_id)
    reason = _REASON.format(asked.order_id)
    return (
        ExchangeClosed(asked.order_id, ExchangeStatus.DONE),
        LinesCancelled(asked.lines, reason, now_ms, asked.order_id),
        ReleaseAsked(asked.lines, now_ms),
        *(RefundAsked(refund) for refund in _refunds(order, asked, reason, now_ms)),
        *_ended_for_nothing(order, asked.lines, now_ms),
    )


def _refunds(order: Order, asked: EndExchange, reason: str, now_ms: int) -> list[Refund]:
    """What pays for the new order, and what the house gives back of the rest."""
    refunds: list[Refund] = []
    worth = worth_minor(order, asked.lines, asked.terms)
    pays_minor = min(asked.pays_minor, worth)
    planned = [(pays_minor, RefundRoute.EXCHANGE)]
    if asked.terms.back is not None:
        planned.append((worth - pays_minor, asked.terms.back))
    for amount_minor, route in planned:
        if amount_minor:
            so_far = replace(order, refunds=(*order.refunds, *refunds))
            shares = _shares(so_far, asked, amount_minor)
            refunds.append(_refund(so_far, asked, reason, (amount_minor, route, shares), now_ms))
    return refunds


def _shares(order: Order, asked: EndExchange, amount_minor: int) -> tuple[RefundShare, ...]:
    return shares_of_amount(_cells(order, asked.lines, asked.terms), amount_minor)


def _refund(
    order: Order,
    asked: EndExchange,
    reason: str,
    what: tuple[int, RefundRoute, tuple[RefundShare, ...]],
    now_ms: int,
) -> Refund:
    amount_minor, route, shares = what
    name = next_house_refund_id(order.order_id, order.refunds)
    return Refund(
        name,
        amount_minor,
        RefundMaker.HOUSE,
        RefundState.DUE,
        reason,
        asked.lines,
        now_ms,
        route,
        shares,
        asked.order_id,
    )


def _ended_for_nothing(order: Order, lines: tuple[LineRef, ...], now_ms: int) -> tuple[Change, ...]:
    """A free order ends with the last of its tickets."""
    left = set(valid_lines(order))
    if not order.is_free or not left <= set(lines):
        return ()
    return (RefundBecameDue(CancelReason.HOUSE, "", now_ms), OrderRefunded(now_ms))


def _lost(order: Order, now_ms: int) -> tuple[Change, ...] | Refusal:
    """What was to be given for it went back to the buyer meanwhile: so does what was paid, and the tickets end."""
    if order.exchange is None:
        return out_of_place(order, "an exchange")
    if not may_settle_exchange(order):
        return ()
    settled = ExchangeSettled(ExchangeStatus.FREED)
    if order.state is not OrderState.CONFIRMED:
        return (settled,)
    due = RefundBecameDue(CancelReason.HOUSE, f"{order.exchange.order_id} was refunded before the exchange", now_ms)
    return (settled, due, OrderRefunded(now_ms)) if order.is_free else (settled, due)


def with_given(order: Order, change: ExchangeOpened | ExchangeClosed) -> Order:
    """The old order after it."""
    known = given_for(order, change.order_id)
    if isinstance(change, ExchangeOpened):
        return replace(order, given=(*order.given, GivenLines(change.order_id, change.lines)))
    lines = known.lines if known else ()
    others = tuple(one for one in order.given if one is not known)
    given = (*others, GivenLines(change.order_id, lines, change.status))
    freed = [one for one in given if one.status is ExchangeStatus.FREED]
    forgotten = freed[: max(0, len(freed) - REMEMBERED)]
    return replace(order, given=tuple(one for one in given if one not in forgotten))


def with_exchange(order: Order, status: ExchangeStatus) -> Order:
    """The new order after its exchange has ended so."""
    assert order.exchange is not None, "only an order that lines are given for has an exchange"
    ended = replace(order, exchange=replace(order.exchange, status=status))
    if status is not ExchangeStatus.DONE:
        return ended
    uses = with_tickets(order.uses, taken_over(order))
    return replace(ended, uses=with_discounts(uses, _discounts_of(order)) if order.exchange.keeps_prices else uses)


def _discounts_of(order: Order) -> Counter[str]:
    """How many of its tickets have which discount."""
    valid = (line for line in order.lines if line.status is LineStatus.VALID)
    return Counter(line.discount.discount_id for line in valid if line.discount is not None)


def taken_over(order: Order) -> Counter[str]:
    """How many of the order's tickets are instead of others of the same performance: its customer has as many then.

    Of what a customer may have of the performance they count with the old order as long as that one has them.
    """
    lines = order.exchange.lines if order.exchange else ()
    given = Counter(line.performance_id for line in lines)
    return given & Counter({part.performance_id: len(part.lines) for part in order.parts})
