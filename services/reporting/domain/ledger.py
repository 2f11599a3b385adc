"""Folds what happens to an order into movements of tickets and money, each once, whatever comes twice or out of order.

A movement is the difference between two positions of a line, so that all of them together are always what is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias, assert_never

from services.contracts.channels import Channel
from services.contracts.money import shared
from services.reporting.domain.facts import BackPart, LineBack, LinesCancelled, SalePartlyRefunded, SaleRefunded


class Part(NamedTuple):
    """A part of a price, VAT included: what it is for, its tax, how much, and the tax in it."""

    component: str
    vat_class: str
    rate_basis_points: int
    amount_minor: int
    vat_minor: int


@dataclass(frozen=True, slots=True)
class SoldLine:
    """One ticket as it was sold. Its parts make up its amount."""

    seat_id: str
    category: str
    kind: str
    ticket_type: str
    amount_minor: int
    discount_minor: int
    discount_id: str
    office_id: str
    parts: tuple[Part, ...]

    @property
    def vat_minor(self) -> int:
        """The tax in the amount."""
        return sum([part.vat_minor for part in self.parts])


@dataclass(frozen=True, slots=True)
class Sale:
    """An order that was paid and has its tickets, as far as one performance goes."""

    channel: Channel
    currency: str
    seller_kind: str
    seller: str
    customer_id: str
    lines: tuple[SoldLine, ...]
    at_ms: int


@dataclass(frozen=True, slots=True)
class OrderSold:
    """An order was paid and its tickets issued."""

    house_id: str
    performance_id: str
    order_id: str
    sale: Sale


OrderFact: TypeAlias = OrderSold | LinesCancelled | SalePartlyRefunded | SaleRefunded


@dataclass(frozen=True, slots=True)
class OrderAccount:
    """What is known of one order. `movements` counts the rounds of movements that were made of it.

    `back_lines`: of which lines `back_minor` was taken; none where nobody has said, then it is shared out.
    """

    sale: Sale | None = None
    back_minor: int = 0
    back_at_ms: int = 0
    refunded_at_ms: int | None = None
    movements: int = 0
    cancelled: frozenset[str] = frozenset()
    cancelled_at_ms: int = 0
    back_lines: tuple[LineBack, ...] = ()


@dataclass(frozen=True, slots=True)
class LineMovement:
    """What one line of an order gained or lost: 1 ticket, -1, or 0 for money alone. Amounts have that sign too."""

    number: int
    line: int
    sold: SoldLine
    tickets: int
    amount_minor: int
    vat_minor: int
    discount_minor: int
    parts: tuple[Part, ...]
    at_ms: int


class _Position(NamedTuple):
    """What is left of a line."""

    tickets: int
    discount_minor: int
    parts: tuple[Part, ...]


def fold_order(account: OrderAccount, fact: OrderFact) -> tuple[OrderAccount, Sequence[LineMovement]]:
    """The account after `fact`, and what moved by it; an account that is the same has nothing moved."""
    match fact:
        case OrderSold():
            return _sold(account, fact.sale)
        case LinesCancelled():
            seats = account.cancelled | {seat_id for seat_id, _ in fact.seats}
            if seats == account.cancelled:
                return account, ()
            return _moved(account, replace(account, cancelled=seats, cancelled_at_ms=fact.at_ms), fact.at_ms)
        case SalePartlyRefunded():
            if fact.refunded_minor <= account.back_minor:
                return account, ()
            after = replace(account, back_minor=fact.refunded_minor, back_at_ms=fact.at_ms, back_lines=fact.lines)
            return _moved(account, after, fact.at_ms)
        case SaleRefunded():
            if account.refunded_at_ms is not None:
                return account, ()
            return _moved(account, replace(account, refunded_at_ms=fact.at_ms), fact.at_ms)
        case _:
            assert_never(fact)


def _sold(account: OrderAccount, sale: Sale) -> tuple[OrderAccount, Sequence[LineMovement]]:
    """The sale, and then what was known of it before it was."""
    if account.sale is not None:
        return account, ()
    assert not account.movements, "nothing moves before the sale"
    now = OrderAccount(sale=sale, movements=1)
    movements = [
        LineMovement(0, line, sold, 1, sold.amount_minor, sold.vat_minor, sold.discount_minor, sold.parts, sale.at_ms)
        for line, sold in enumerate(sale.lines)
    ]
    if account.cancelled:
        without = replace(now, cancelled=account.cancelled, cancelled_at_ms=account.cancelled_at_ms)
        now, found = _moved(now, without, account.cancelled_at_ms)
        movements += found
    if account.back_minor:
        back = replace(now, back_minor=account.back_minor, back_at_ms=account.back_at_ms, back_lines=account.back_lines)
        now, found = _moved(now, back, account.back_at_ms)
        movements += found
    if account.refunded_at_ms is not None:
        now, found = _moved(now, replace(now, refunded_at_ms=account.refunded_at_ms), account.refunded_at_ms)
        movements += found
    return now, movements


def _moved(before: OrderAccount, after: OrderAccount, at_ms: int) -> tuple[OrderAccount, Sequence[LineMovement]]:
    if after.sale is None or before.sale is None:
        return after, ()
    found = []
    positions = zip(after.sale.lines, _positions(before, after.sale), _positions(after, after.sale), strict=True)
    for line, (sold, was, now) in enumerate(positions):
        parts = tuple(_less(one, other) for one, other in zip(now.parts, was.parts, strict=True))
        tickets, discount_minor = now.tickets - was.tickets, now.discount_minor - was.discount_minor
        # Shares are rounded: a line's amount may stay while its parts change.
        if tickets or any(part.amount_minor or part.vat_minor for part in parts):
            amount_minor = sum(part.amount_minor for part in parts)
            vat_minor = sum(part.vat_minor for part in parts)
            number = before.movements
            found.append(
                LineMovement(number, line, sold, tickets, amount_minor, vat_minor, discount_minor, parts, at_ms)
            )
    return replace(after, movements=before.movements + bool(found)), found


def _positions(account: OrderAccount, sale: Sale) -> Sequence[_Position]:
    """What is left of each line of `sale`, after what went back was shared out by what each cost."""
    lines = sale.lines
    if account.refunded_at_ms is not None:
        return [_Position(0, 0, tuple(map(_none_of, line.parts))) for line in lines]
    return [
        _Position(0, 0, parts) if line.seat_id in account.cancelled else _Position(1, line.discount_minor, parts)
        for line, parts in zip(lines, _parts_left(account, lines), strict=True)
    ]


def _parts_left(account: OrderAccount, lines: Sequence[SoldLine]) -> Sequence[tuple[Part, ...]]:
    """Of each line what money is left: less what was taken of it, or its share of what nobody has said of which."""
    if not account.back_minor:
        return [line.parts for line in lines]
    if account.back_lines:
        back_of = {line.seat_id: {part.component: part for part in line.parts} for line in account.back_lines}
        return [_less_told(line.parts, back_of.get(line.seat_id, {})) for line in lines]
    amounts = [line.amount_minor for line in lines]
    gone = shared(min(account.back_minor, sum(amounts)), amounts)
    return [_left(line.parts, back) for line, back in zip(lines, gone, strict=True)]


def _less_told(parts: Sequence[Part], back: Mapping[str, BackPart]) -> tuple[Part, ...]:
    return tuple(
        part._replace(
            amount_minor=part.amount_minor - back[part.component].amount_minor,
            vat_minor=part.vat_minor - back[part.component].vat_minor,
        )
        if part.component in back
        else part
        for part in parts
    )


def _left(parts: Sequence[Part], back_minor: int) -> tuple[Part, ...]:
    """The parts without their shares of what went back; the tax goes with the money it is in."""
    gone = shared(back_minor, [part.amount_minor for part in parts])
    return tuple(
        part._replace(
            amount_minor=part.amount_minor - back,
            vat_minor=part.vat_minor - (part.vat_minor * back // part.amount_minor if back else 0),
        )
        for part, back in zip(parts, gone, strict=True)
    )


def _none_of(part: Part) -> Part:
    return part._replace(amount_minor=0, vat_minor=0)


def _less(one: Part, other: Part) -> Part:
    return one._replace(amount_minor=one.amount_minor - other.amount_minor, vat_minor=one.vat_minor - other.vat_minor)
