"""Invoices: what an order cost and the tax in it, and what of that went back. Pure; numbers are given by the store.

An order has one invoice that counts, and a credit note for each refund. What was issued is never changed: whoever wants
another name on it gets a credit note over what is left and a new invoice (each with a number of its own).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from services.contracts.money import shared


class InvoiceKind(Enum):
    """Names as in balcon.ticketing.v1.InvoiceKind."""

    RECEIPT = "RECEIPT"  # a small one, without the buyer's name
    INVOICE = "INVOICE"
    CREDIT_NOTE = "CREDIT_NOTE"


@dataclass(frozen=True, slots=True)
class InvoicePart:
    """What a line is made of: a component of the price, VAT included, and the VAT in it."""

    component: str
    amount_minor: int
    vat_class: str = ""
    rate_basis_points: int = 0
    vat_minor: int = 0


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One seat. Amounts of a credit note are what goes back, above zero as well."""

    performance_id: str
    seat_id: str
    seat_text: str
    category: str
    ticket_type: str
    parts: tuple[InvoicePart, ...]

    @property
    def amount_minor(self) -> int:
        """What its parts come to, VAT included."""
        return sum(part.amount_minor for part in self.parts)

    @property
    def names(self) -> tuple[str, str]:
        """Performance and seat: no order has one twice."""
        return self.performance_id, self.seat_id


@dataclass(frozen=True, slots=True)
class PaidBack:
    """A refund that is done, as orders tells it. Without lines it is of the whole order."""

    refund_id: str
    amount_minor: int
    lines: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class InvoicedOrder:
    """What is invoiced of an order. `is_sold`: it was confirmed once, whatever became of it since."""

    order_id: str
    customer_id: str
    currency: str
    lines: tuple[InvoiceLine, ...]
    refunds: tuple[PaidBack, ...] = ()
    is_sold: bool = True

    @property
    def total_minor(self) -> int:
        """What it cost."""
        return sum(line.amount_minor for line in self.lines)


@dataclass(frozen=True, slots=True)
class InvoiceBuyer:
    """Who it is made out to. Personal: kept sealed, as long as the law wants it."""

    name: str
    address_lines: tuple[str, ...] = ()
    vat_number: str = ""


@dataclass(frozen=True, slots=True)
class Invoice:
    """One document with a number. `corrects`: the invoice that a credit note takes from; `refund_id`: for which refund,
    '' where it takes back all that is left so that another invoice can be made."""

    invoice_id: str
    kind: InvoiceKind
    number: str
    order_id: str
    currency: str
    language: str
    issued_at_ms: int
    lines: tuple[InvoiceLine, ...]
    corrects: str = ""
    refund_id: str = ""
    replaced_by: str = ""
    has_buyer: bool = False

    @property
    def total_minor(self) -> int:
        """What its lines come to, VAT included."""
        return sum(line.amount_minor for line in self.lines)


@dataclass(frozen=True, slots=True)
class VatSum:
    """What of a document is taxed alike. `vat_class` '': nobody has named one."""

    vat_class: str
    rate_basis_points: int
    amount_minor: int
    vat_minor: int

    @property
    def net_minor(self) -> int:
        """Without the tax."""
        return self.amount_minor - self.vat_minor


def vat_sums(lines: Iterable[InvoiceLine]) -> tuple[VatSum, ...]:
    """By class and rate, the highest rate first."""
    sums: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    for line in lines:
        for part in line.parts:
            known = sums[part.vat_class, part.rate_basis_points]
            known[0] += part.amount_minor
            known[1] += part.vat_minor
    ordered = sorted(sums.items(), key=lambda item: (-item[0][1], item[0][0]))
    return tuple(VatSum(name, rate, amount, vat) for (name, rate), (amount, vat) in ordered)


def left_of(lines: Sequence[InvoiceLine], credited: Iterable[InvoiceLine]) -> tuple[InvoiceLine, ...]:
    """The lines less what credit notes have taken from them. Of which all is back are left out; what never cost
    anything stays."""
    left = _all_left(lines, credited)
    return tuple(now for now, line in zip(left, lines, strict=True) if now.amount_minor or not line.amount_minor)


def _less(line: InvoiceLine, credited: Sequence[InvoiceLine]) -> InvoiceLine:
    parts = list(line.parts)
    for credit in credited:
        for place, part in enumerate(credit.parts):
            before = parts[place]
            parts[place] = replace(
                before,
                amount_minor=before.amount_minor - part.amount_minor,
                vat_minor=before.vat_minor - part.vat_minor,
            )
    return replace(line, parts=tuple(parts))


def credited_lines(
    lines: Sequence[InvoiceLine], before: Sequence[InvoiceLine], refund: PaidBack
) -> tuple[InvoiceLine, ...]:
    """What a refund takes from an invoice's lines, of which credit notes have taken `before` already.

    Money goes back for the lines that it names, shared by what is left of them, and over the parts of a line alike;
    more than they have left is taken from the others. VAT goes back in step with its part: when all of a part is back,
    so is all of its tax, to the cent. Never more goes back than is left.
    """
    left = _all_left(lines, before)
    named = [line.amount_minor if line.names in refund.lines else 0 for line in left]
    amount = min(refund.amount_minor, sum(line.amount_minor for line in left))
    first = min(amount, sum(named))
    shares = shared(first, named)
    rest = shared(amount - first, [line.amount_minor - share for line, share in zip(left, shares, strict=True)])
    taken = (
        _share_of(line, now, share + more) for line, now, share, more in zip(lines, left, shares, rest, strict=True)
    )
    return tuple(line for line in taken if line.amount_minor or line.names in refund.lines)


def _all_left(lines: Sequence[InvoiceLine], before: Iterable[InvoiceLine]) -> list[InvoiceLine]:
    taken: dict[tuple[str, str], list[InvoiceLine]] = defaultdict(list)
    for line in before:
        taken[line.names].append(line)
    return [_less(line, taken[line.names]) for line in lines]


def _share_of(whole: InvoiceLine, left: InvoiceLine, amount_minor: int) -> InvoiceLine:
    """So much of a line, over its parts by what is left of them. VAT is a difference of rounded running sums."""
    shares = shared(amount_minor, [part.amount_minor for part in left.parts])
    parts = []
    for full, now, share in zip(whole.parts, left.parts, shares, strict=True):
        back_minor = full.amount_minor - now.amount_minor + share
        vat_back = full.vat_minor * back_minor // full.amount_minor if full.amount_minor else full.vat_minor
        parts.append(replace(full, amount_minor=share, vat_minor=vat_back - (full.vat_minor - now.vat_minor)))
    return replace(whole, parts=tuple(parts))
