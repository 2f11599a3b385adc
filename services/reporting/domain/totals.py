"""Folds facts into a performance's totals. Facts may come twice and in any order: the totals are the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, assert_never

from services.contracts.channels import Channel
from services.reporting.domain.facts import (
    Fact,
    LinesCancelled,
    PerformanceDescribed,
    SaleConfirmed,
    SalePartlyRefunded,
    SaleRefunded,
    SeatsCounted,
    TicketsSold,
)


class LineKey(NamedTuple):
    """What revenue is told apart by."""

    category: str
    channel: Channel


class LineFigures(NamedTuple):
    """Cumulative as of now (R0.3)."""

    tickets: int
    revenue_minor: int


@dataclass(frozen=True, slots=True)
class OrderFigures:
    """What one order adds: its lines count from its confirmation until the whole of its money is back.

    A refund that is under way changes nothing yet (services.contracts.standing); a part that went back lowers revenue.
    """

    order_id: str
    channel: Channel | None = None
    lines: tuple[TicketsSold, ...] = ()
    confirmed: bool = False
    refunded: bool = False
    refunded_minor: int = 0
    # Of which categories that was taken; none where nobody has said.
    back: tuple[tuple[str, int], ...] = ()
    # Seat and category of each line that was cancelled by itself.
    cancelled: frozenset[tuple[str, str]] = frozenset()

    @property
    def kept_lines(self) -> tuple[TicketsSold, ...]:
        """The lines less what was cancelled and what went back."""
        gone = Counter(category for _, category in self.cancelled)
        return tuple(
            replace(line, tickets=line.tickets - gone[line.category], revenue_minor=line.revenue_minor - share)
            for line, share in zip(self.lines, self.shares, strict=True)
        )

    @property
    def shares(self) -> tuple[int, ...]:
        """What each line gave of the money that went back: as was told, or shared out by what each cost, rounded so
        that the sum is exact."""
        told = dict(self.back)
        # A process of the release before knows the sum alone.
        if told and sum(told.values()) == self.refunded_minor:
            return tuple(told.get(line.category, 0) for line in self.lines)
        total_minor = sum(line.revenue_minor for line in self.lines)
        back_minor = min(self.refunded_minor, total_minor)
        up_to, shares = 0, []
        for line in self.lines:
            before = up_to * back_minor // total_minor if total_minor else 0
            up_to += line.revenue_minor
            shares.append((up_to * back_minor // total_minor if total_minor else 0) - before)
        return tuple(shares)

    @property
    def counts(self) -> bool:
        """Whether its tickets are among the sold ones."""
        return self.confirmed and not self.refunded


@dataclass(frozen=True, slots=True)
class Totals:
    """The figures of one performance of one house. `currency` is empty until the catalogue or a sale named it."""

    house_id: str
    performance_id: str
    described: PerformanceDescribed | None = None
    counted: SeatsCounted | None = None
    currency: str = ""
    lines: Mapping[LineKey, LineFigures] = field(default_factory=dict)
    # Orders ever confirmed, and orders whose money went back; neither falls.
    orders_confirmed: int = 0
    orders_refunded: int = 0
    # Time of the latest fact about an order.
    orders_at_ms: int = 0

    @property
    def updated_at_ms(self) -> int:
        """Time of the latest fact that these figures stand on."""
        described_at_ms = self.described.at_ms if self.described is not None else 0
        counted_at_ms = self.counted.at_ms if self.counted is not None else 0
        return max(described_at_ms, counted_at_ms, self.orders_at_ms)

    @property
    def sold(self) -> int:
        """Tickets of confirmed orders whose money is not back as a whole; no reservations, no blocks (R0.12)."""
        return sum(line.tickets for line in self.lines.values())

    @property
    def revenue_minor(self) -> int:
        """What those tickets cost, less what went back of it in parts."""
        return sum(line.revenue_minor for line in self.lines.values())

    @property
    def capacity(self) -> int:
        """Seats of the plan."""
        if self.described is not None:
            return self.described.capacity
        return self.counted.capacity if self.counted is not None else 0

    @property
    def held(self) -> int:
        """Held and claimed together: with a buyer, not sold."""
        return self.counted.held + self.counted.claimed if self.counted is not None else 0

    @property
    def free(self) -> int:
        """Free seats; before inventory has counted, what the sales leave of the capacity."""
        return self.counted.free if self.counted is not None else max(0, self.capacity - self.sold)

    @property
    def blocked(self) -> int:
        """Seats nobody can buy."""
        return self.counted.blocked if self.counted is not None else 0

    @property
    def reserved(self) -> int:
        """Promised without payment: never sold (R0.12)."""
        return self.counted.reserved if self.counted is not None else 0

    @property
    def allotted(self) -> int:
        """In the hands of offices that have not reported them sold."""
        return self.counted.allotted if self.counted is not None else 0

    @property
    def reported_sold(self) -> int:
        """Reported sold by offices: theirs, not of the house's orders."""
        return self.counted.reported_sold if self.counted is not None else 0


class CurrencyDiffers(Exception):
    """A sale in another currency than its performance's: it cannot be added up."""


def fold(totals: Totals, order: OrderFigures | None, fact: Fact) -> tuple[Totals, OrderFigures | None]:
    """The totals and the order's figures after `fact`, which is about this performance.

    `order` is what is known of the order the fact names, None for a new one or for a fact that names none.
    Raises CurrencyDiffers.
    """
    assert (fact.house_id, fact.performance_id) == (totals.house_id, totals.performance_id), "a foreign fact"
    match fact:
        case PerformanceDescribed():
            if totals.described is not None and totals.described.sequence >= fact.sequence:
                return totals, order
            currency = _one_currency(totals.currency, fact.currency)
            return replace(totals, described=fact, currency=currency), order
        case SeatsCounted():
            known = totals.counted
            if known is not None and (known.epoch, known.version) >= (fact.epoch, fact.version):
                return totals, order
            return replace(totals, counted=fact), order
        case SaleConfirmed():
            return _confirm(totals, order or OrderFigures(fact.order_id), fact)
        case LinesCancelled():
            return _cancel(totals, order or OrderFigures(fact.order_id), fact)
        case SalePartlyRefunded():
            return _refund_partly(totals, order or OrderFigures(fact.order_id), fact)
        case SaleRefunded():
            return _refund(totals, order or OrderFigures(fact.order_id), fact)
        case _:
            assert_never(fact)


def _confirm(totals: Totals, order: OrderFigures, fact: SaleConfirmed) -> tuple[Totals, OrderFigures]:
    if order.confirmed:
        return totals, order
    after = replace(order, channel=fact.channel, lines=fact.lines, confirmed=True)
    totals = replace(
        totals,
        currency=_one_currency(totals.currency, fact.currency),
        orders_confirmed=totals.orders_confirmed + 1,
        orders_at_ms=max(totals.orders_at_ms, fact.at_ms),
        lines=_changed(totals.lines, after, 1) if after.counts else totals.lines,
    )
    return totals, after


def _cancel(totals: Totals, order: OrderFigures, fact: LinesCancelled) -> tuple[Totals, OrderFigures]:
    after = replace(order, cancelled=order.cancelled | set(fact.seats))
    if after == order:
        return totals, order
    lines = totals.lines
    if order.counts:
        lines = _changed(_changed(lines, order, -1), after, 1)
    return replace(totals, orders_at_ms=max(totals.orders_at_ms, fact.at_ms), lines=lines), after


def _refund_partly(totals: Totals, order: OrderFigures, fact: SalePartlyRefunded) -> tuple[Totals, OrderFigures]:
    if fact.refunded_minor <= order.refunded_minor:
        return totals, order
    after = replace(order, refunded_minor=fact.refunded_minor, back=fact.by_category)
    lines = totals.lines
    if order.counts:
        lines = _changed(_changed(lines, order, -1), after, 1)
    return replace(totals, orders_at_ms=max(totals.orders_at_ms, fact.at_ms), lines=lines), after


def _refund(totals: Totals, order: OrderFigures, fact: SaleRefunded) -> tuple[Totals, OrderFigures]:
    if order.refunded:
        return totals, order
    totals = replace(
        totals,
        orders_refunded=totals.orders_refunded + 1,
        orders_at_ms=max(totals.orders_at_ms, fact.at_ms),
        lines=_changed(totals.lines, order, -1) if order.counts else totals.lines,
    )
    return totals, replace(order, refunded=True)


def _changed(lines: Mapping[LineKey, LineFigures], order: OrderFigures, sign: int) -> Mapping[LineKey, LineFigures]:
    assert order.channel is not None, "a confirmed order has a channel"
    after = dict(lines)
    for sold in order.kept_lines:
        key = LineKey(sold.category, order.channel)
        figures = after.pop(key, LineFigures(0, 0))
        tickets = figures.tickets + sign * sold.tickets
        assert tickets >= 0, "more tickets refunded than sold"
        revenue_minor = figures.revenue_minor + sign * sold.revenue_minor
        # A line whose last ticket and money are gone is as one that never was. Fees that are kept stay without one.
        if tickets or revenue_minor:
            after[key] = LineFigures(tickets, revenue_minor)
    return after


def _one_currency(known: str, told: str) -> str:
    if known and told and known != told:
        raise CurrencyDiffers(known, told)
    return known or told
