"""Invoices, receipts and credit notes on paper: each seat with what its price is made of, and the tax by rate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from services.paper.flow import Column, Flow, write_document
from services.paper.house_style import HouseStyle
from services.paper.localised import money_text, share_text, short_day_text, weekday_moment_text
from services.paper.streaming_pdf import ByteSink
from services.paper.surface import Ink
from services.ticketing.domain.invoice import Invoice, InvoiceBuyer, InvoiceKind, InvoiceLine, VatSum, vat_sums
from services.ticketing.domain.invoicing import Invoicing
from services.ticketing.paper.invoice_words import INVOICE_WORDS
from services.ticketing.paper.spoken import ticket_type_text

__all__ = ["InvoicePaper", "InvoicedShow", "write_invoice"]


@dataclass(frozen=True, slots=True)
class InvoicedShow:
    """A performance as an invoice names it."""

    performance_id: str
    title: str
    starts_at_ms: int
    hall: str


@dataclass(frozen=True, slots=True)
class InvoicePaper:
    """All that stands on one. `corrects`: the number of the invoice that a credit note takes from."""

    invoice: Invoice
    seller: Invoicing
    shows: tuple[InvoicedShow, ...]
    buyer: InvoiceBuyer | None = None
    corrects: str = ""


def write_invoice(sink: ByteSink, style: HouseStyle, paper: InvoicePaper) -> None:
    """Writes the PDF. What does not add up is a broken invariant: nothing is written."""
    sums = vat_sums(paper.invoice.lines)
    assert sum(one.amount_minor for one in sums) == paper.invoice.total_minor, "the rates come to the total"
    words = INVOICE_WORDS[style.language]
    title = {
        InvoiceKind.RECEIPT: words.receipt,
        InvoiceKind.INVOICE: words.invoice,
        InvoiceKind.CREDIT_NOTE: words.credit_note,
    }[paper.invoice.kind]
    writer = _Writer(style, paper)
    write_document(sink, style, title, paper.invoice.number, lambda flow: writer.write(flow, sums))


class _Writer:
    """Puts one into a flow."""

    def __init__(self, style: HouseStyle, paper: InvoicePaper) -> None:
        self._style = style
        self._paper = paper
        self._words = INVOICE_WORDS[style.language]

    def write(self, flow: Flow, sums: tuple[VatSum, ...]) -> None:
        words, paper = self._words, self._paper
        is_back = paper.invoice.kind is InvoiceKind.CREDIT_NOTE
        flow.title()
        flow.facts(list(self._people()))
        # An order's id is long: two side by side.
        flow.facts(list(self._numbers()), columns=2)
        columns = Column(words.what, 8), Column(words.amount, 2.4, 1, figures=True)
        total = (words.total_back if is_back else words.total, self._money(paper.invoice.total_minor))
        flow.table(columns, self._rows(), total)
        if is_back and not paper.invoice.refund_id:
            flow.paragraph(words.replaced, ink=Ink.MUTED)
        flow.heading(words.vat_heading)
        rates = (
            Column(words.rate, 4),
            Column(words.net, 2.4, 1, figures=True),
            Column(words.vat, 2.4, 1, figures=True),
            Column(words.gross, 2.4, 1, figures=True),
        )
        flow.table(rates, [self._rate(one) for one in sums])
        if paper.seller.note:
            flow.paragraph(paper.seller.note, ink=Ink.MUTED)

    def _people(self) -> Iterator[tuple[str, str]]:
        words, paper, seller = self._words, self._paper, self._paper.seller
        yield words.seller, "\n".join((seller.legal_name, *seller.address_lines))
        if paper.buyer is not None:
            buyer = paper.buyer
            tax = (f"{words.vat_number} {buyer.vat_number}",) if buyer.vat_number else ()
            yield words.buyer, "\n".join((buyer.name, *buyer.address_lines, *tax))
        yield words.date, short_day_text(paper.invoice.issued_at_ms, self._style.time_zone, self._style.language)

    def _numbers(self) -> Iterator[tuple[str, str]]:
        words, paper, seller = self._words, self._paper, self._paper.seller
        yield words.order, paper.invoice.order_id
        yield words.corrects, paper.corrects
        yield words.vat_number, seller.vat_number
        yield words.registration, seller.registration

    def _rows(self) -> Iterator[tuple[str, str]]:
        for show in self._paper.shows:
            lines = [line for line in self._paper.invoice.lines if line.performance_id == show.performance_id]
            for line in lines:
                yield self._what(show, line), self._money(line.amount_minor)

    def _what(self, show: InvoicedShow, line: InvoiceLine) -> str:
        style = self._style
        when = weekday_moment_text(show.starts_at_ms, style.time_zone, style.language)
        seat = ", ".join(
            filter(None, (line.seat_text, line.category, ticket_type_text(line.ticket_type, style.language)))
        )
        made_of = [
            f"{self._words.components.get(part.component, part.component)} {self._money(part.amount_minor)}"
            for part in line.parts
            if part.amount_minor
        ]
        detail = " + ".join(made_of) if len(made_of) > 1 else ""
        return "\n".join(filter(None, (f"{show.title}, {when}", seat, detail)))

    def _rate(self, one: VatSum) -> tuple[str, str, str, str]:
        name = self._words.no_tax
        if one.vat_class:
            name = f"{share_text(one.rate_basis_points, self._style.language)} {one.vat_class}"
        return name, self._money(one.net_minor), self._money(one.vat_minor), self._money(one.amount_minor)

    def _money(self, amount_minor: int) -> str:
        return money_text(amount_minor, self._paper.invoice.currency, self._style.language)
