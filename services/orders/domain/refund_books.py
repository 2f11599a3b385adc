"""What of an order's price has gone back and what is left, by line and component; every sum comes out to the cent.

Money that nobody took of a line in particular is shared out by what is left of each (docs/decisions/0014).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from services.contracts.money import shared
from services.contracts.prices import ComponentKind
from services.orders.domain.order import LineComponent, Order, Vat
from services.orders.domain.refunds import LineRef, Refund, RefundShare, RefundState


@dataclass(frozen=True, slots=True)
class Cell:
    """One component of one line: what it cost with the tax in it, and what is left of it."""

    line: LineRef
    kind: ComponentKind
    amount_minor: int
    vat_minor: int
    left_minor: int

    @property
    def back_minor(self) -> int:
        """What has gone back of it."""
        return self.amount_minor - self.left_minor

    @property
    def vat_back_minor(self) -> int:
        """The tax in that. With all of the money all of the tax is back."""
        return self.vat_minor * self.back_minor // self.amount_minor if self.back_minor else 0


def cells_of(order: Order, *, with_due: bool) -> tuple[Cell, ...]:
    """The order's cells after the refunds that are done; `with_due`: also after those that are owed."""
    cells = tuple(
        Cell(
            LineRef(part.performance_id, line.seat_id),
            one.kind,
            one.amount_minor,
            one.vat.amount_minor,
            one.amount_minor,
        )
        for part in order.parts
        for line in part.lines
        for one in line.made_of
    )
    for refund in order.refunds:
        if with_due or refund.state is RefundState.DONE:
            cells = _after(cells, refund)
    return cells


def _after(cells: tuple[Cell, ...], refund: Refund) -> tuple[Cell, ...]:
    taken = _taken(cells, refund, refund.amount_minor)
    return tuple(replace(cell, left_minor=cell.left_minor - minor) for cell, minor in zip(cells, taken, strict=True))


def _taken(cells: Sequence[Cell], refund: Refund, amount_minor: int) -> Sequence[int]:
    """What a refund of so much takes of each: as was planned, then of the lines that it is for, then of all."""
    planned = {(one.performance_id, one.seat_id, one.kind): one.amount_minor for one in refund.shares}
    plan = [planned.get((cell.line.performance_id, cell.line.seat_id, cell.kind), 0) for cell in cells]
    first = [min(minor, cell.left_minor) for minor, cell in zip(plan, cells, strict=True)]
    if sum(first) > amount_minor:
        first = shared(amount_minor, first)
    taken: Sequence[int] = first
    named = set(refund.lines)
    for is_meant in (lambda cell: cell.line in named, lambda _: True):
        taken = _filled_up(cells, taken, amount_minor, is_meant)
    return taken


def _filled_up(
    cells: Sequence[Cell], taken: Sequence[int], amount_minor: int, is_meant: Callable[[Cell], bool]
) -> Sequence[int]:
    room = [cell.left_minor - minor if is_meant(cell) else 0 for cell, minor in zip(cells, taken, strict=True)]
    more = shared(min(amount_minor - sum(taken), sum(room)), room)
    return [minor + share for minor, share in zip(taken, more, strict=True)]


def meant_cells(cells: Iterable[Cell], lines: Iterable[LineRef], keep: Collection[ComponentKind]) -> tuple[Cell, ...]:
    """Those of the lines, without the kinds that are kept."""
    named = set(lines)
    return tuple(cell for cell in cells if cell.line in named and cell.kind not in keep)


def planned_shares(meant: Iterable[Cell], fee_minor: int, keep_basis_points: int = 0) -> tuple[RefundShare, ...]:
    """All that is left of the cells, each line less the fee and the share that stay with the house.

    Of a share that is no whole number of minor units the buyer has the rest.
    """
    of_lines: defaultdict[LineRef, list[Cell]] = defaultdict(list)
    for cell in meant:
        of_lines[cell.line].append(cell)
    shares: list[RefundShare] = []
    for of_line in of_lines.values():
        left = [cell.left_minor for cell in of_line]
        kept_minor = fee_minor + sum(left) * keep_basis_points // 10_000
        shares += _shares(of_line, shared(max(0, sum(left) - kept_minor), left))
    return tuple(shares)


def shares_of_amount(meant: Sequence[Cell], amount_minor: int) -> tuple[RefundShare, ...]:
    """The amount shared out over what is left of the cells."""
    return tuple(_shares(meant, shared(amount_minor, [cell.left_minor for cell in meant])))


def _shares(cells: Sequence[Cell], amounts: Sequence[int]) -> list[RefundShare]:
    found = []
    for cell, minor in zip(cells, amounts, strict=True):
        if minor:
            after = replace(cell, left_minor=cell.left_minor - minor)
            vat_minor = after.vat_back_minor - cell.vat_back_minor
            found.append(RefundShare(cell.line.performance_id, cell.line.seat_id, cell.kind, minor, vat_minor))
    return found


def finished(order: Order, refund: Refund, amount_minor: int, at_ms: int) -> Refund:
    """The refund as it is when so much of it is back: from then on its shares do not change."""
    cells = cells_of(order, with_due=False)
    shares = tuple(_shares(cells, _taken(cells, refund, amount_minor)))
    return replace(refund, amount_minor=amount_minor, state=RefundState.DONE, shares=shares, changed_at_ms=at_ms)


@dataclass(frozen=True, slots=True)
class LineMoney:
    """What goes back of one line, by component, with the tax in it."""

    line: LineRef
    components: tuple[LineComponent, ...]

    @property
    def amount_minor(self) -> int:
        """All of it."""
        return sum(one.amount_minor for one in self.components)


def back_of(order: Order, performance_id: str) -> list[LineMoney]:
    """What has gone back in all of a part's lines; lines of which nothing has are left out."""
    cells = cells_of(order, with_due=False)
    back = [
        RefundShare(performance_id, cell.line.seat_id, cell.kind, cell.back_minor, cell.vat_back_minor)
        for cell in cells
        if cell.line.performance_id == performance_id and cell.back_minor
    ]
    return by_line(order, back)


def by_line(order: Order, shares: Iterable[RefundShare]) -> list[LineMoney]:
    """The shares by line, each with the class and the rate of its tax."""
    classes = {
        (part.performance_id, line.seat_id, one.kind): one.vat
        for part in order.parts
        for line in part.lines
        for one in line.made_of
    }
    found: defaultdict[LineRef, list[LineComponent]] = defaultdict(list)
    for one in shares:
        known = classes[one.performance_id, one.seat_id, one.kind]
        vat = Vat(known.vat_class, known.rate_basis_points, one.vat_minor)
        found[LineRef(one.performance_id, one.seat_id)].append(LineComponent(one.kind, one.amount_minor, vat))
    return [LineMoney(line, tuple(components)) for line, components in found.items()]
