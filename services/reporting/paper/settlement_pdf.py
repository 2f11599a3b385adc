"""A settlement on paper: what was sold, parts and VAT, contingents, calculation, shares, what it corrects, seals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.contracts.bounds import NORMAL_TICKET_TYPE
from services.paper.flow import Column, Flow, write_document
from services.paper.house_style import HouseStyle
from services.paper.localised import money_text, number_text, share_text, short_moment_text, weekday_moment_text
from services.paper.streaming_pdf import ByteSink
from services.paper.surface import Ink
from services.reporting.domain.settlement import Line, LineKind, Settlement
from services.reporting.domain.settlement_changes import COUNTS
from services.reporting.domain.settlement_document import SettlementDocument, SettlementKind
from services.reporting.domain.settlement_obstacles import Obstacle
from services.reporting.domain.settlement_sales import Seller, SoldLine
from services.reporting.paper.settlement_words import SettlementWords, W

# Lines that are told as who gets what, not as steps.
_SHARES: Final = frozenset({LineKind.PRODUCER, LineKind.HOUSE, LineKind.OTHERS})


@dataclass(frozen=True, slots=True)
class SettlementPaper:
    """What stands on it besides the document: why it is not final, and what proves one that is."""

    document: SettlementDocument
    told_at_ms: int
    obstacles: Sequence[Obstacle] = ()
    sha256: str = ""
    key_id: str = ""


def write_settlement(sink: ByteSink, style: HouseStyle, paper: SettlementPaper) -> None:
    """Writes the PDF."""
    words = SettlementWords(style.language)
    number = paper.document.number or paper.document.head.performance_id
    writer = _Writer(style, words, paper)
    write_document(sink, style, words(W.TITLE), number, writer.write)


class Speech:
    """Values of one settlement in the language of its paper."""

    def __init__(self, language: str, document: SettlementDocument) -> None:
        self.words = SettlementWords(language)
        self._language = language
        self._document = document

    def money(self, amount_minor: int) -> str:
        """An amount; as a plain number of minor units where nothing was sold in any currency."""
        currency = self._document.sales.currency
        return money_text(amount_minor, currency, self._language) if currency else str(amount_minor)

    def number(self, number: int) -> str:
        """A count."""
        return number_text(number, self._language)

    def percent(self, basis_points: int) -> str:
        """A share; empty for none."""
        return share_text(basis_points, self._language) if basis_points else ""

    def ticket(self, line: SoldLine) -> str:
        """What sort of ticket it is, and by whose hand."""
        head, words = self._document.head, self.words
        if line.seller is Seller.OFFICE:
            return words(W.BY_OFFICES, head.office_names.get(line.office_id, line.office_id))
        parts = [words.named(line.kind)]
        if line.ticket_type not in ("", NORMAL_TICKET_TYPE, line.kind):
            parts.append(line.ticket_type)
        if line.discount_id:
            parts.append(head.discount_names.get(line.discount_id, line.discount_id))
        if line.office_id:
            parts.append(head.office_names.get(line.office_id, line.office_id))
        return ", ".join(parts)

    def line(self, kind: LineKind, name: str) -> str:
        """A line of the calculation."""
        return self.words.line(kind, self.words.named(name) if kind is LineKind.OWN else name)


class _Writer:
    """Puts one settlement into a flow."""

    def __init__(self, style: HouseStyle, words: SettlementWords, paper: SettlementPaper) -> None:
        self._style = style
        self._words = words
        self._paper = paper
        self._document = paper.document
        self._say = Speech(style.language, paper.document)

    def write(self, flow: Flow) -> None:
        """All of it."""
        self._head(flow)
        self._tickets(flow)
        self._parts(flow)
        self._contingents(flow)
        if self._document.settlement is None:
            flow.heading(self._words(W.CALCULATION))
            flow.paragraph(self._words(W.NO_DEAL))
        else:
            self._calculation(flow, self._document.settlement)
            self._shares(flow, self._document.settlement)
        self._differences(flow)
        self._seals(flow)

    def _head(self, flow: Flow) -> None:
        words, document, style = self._words, self._document, self._style
        head, zone, language = document.head, document.head.time_zone, style.language
        kind = document.kind
        mark, ink = {
            SettlementKind.PROVISIONAL: (W.PROVISIONAL, Ink.ACCENT),
            SettlementKind.FINAL: (W.FINAL, Ink.PRIMARY),
            SettlementKind.CORRECTION: (W.CORRECTION, Ink.PRIMARY),
        }[kind]
        flow.title(words(mark), ink)
        at = short_moment_text(document.finalised_at_ms or self._paper.told_at_ms, zone, language)
        note = words(W.PROVISIONAL_NOTE if kind is SettlementKind.PROVISIONAL else W.FINAL_NOTE, at)
        if document.corrects is not None:
            note = f"{words(W.CORRECTION_NOTE, document.corrects.number)} {note}"
        flow.paragraph(note, ink=Ink.MUTED)
        producer = "" if document.deal is None else document.deal.deal.producer
        flow.facts(
            [
                (words(W.PERFORMANCE), "\n".join(filter(None, (head.title, head.subtitle)))),
                (words(W.STARTS), weekday_moment_text(head.starts_at_ms, zone, language)),
                (words(W.HALL), "\n".join((head.hall, *head.hall_address))),
                (words(W.PRODUCER), producer),
                (words(W.CAPACITY), self._say.number(head.capacity)),
                (words(W.REASON), "" if document.corrects is None else document.corrects.reason),
            ]
        )
        if self._paper.obstacles:
            told = [words.obstacle(one.kind, one.thing_id, one.count) for one in self._paper.obstacles]
            flow.paragraph(f"{words(W.IN_THE_WAY)}: {'; '.join(told)}.", ink=Ink.ACCENT)

    def _tickets(self, flow: Flow) -> None:
        words, say, sales = self._words, self._say, self._document.sales
        flow.heading(words(W.SOLD))
        columns = (
            Column(words(W.CATEGORY), 3),
            Column(words(W.TICKET), 5.4),
            Column(words(W.TICKETS), 1.6, 1),
            Column(words(W.PRICE), 2.6, 1),
            Column(words(W.GROSS), 2.8, 1),
        )
        rows = [
            (line.category, say.ticket(line), say.number(line.tickets), self._price(line), say.money(line.gross_minor))
            for line in sales.lines
        ]
        gross = sum(line.gross_minor for line in sales.lines)
        flow.table(columns, rows, (words(W.TOTAL), "", say.number(sales.tickets), "", say.money(gross)))
        notes = []
        if sales.comps:
            notes.append(words(W.COMPS_NOTE, say.number(sales.comps)))
        if sales.tickets_back or sales.back_minor:
            notes.append(words(W.BACK_NOTE, say.number(sales.tickets_back), say.money(sales.back_minor)))
        if notes:
            flow.paragraph(" ".join(notes), size=7.5, ink=Ink.MUTED)

    def _price(self, line: SoldLine) -> str:
        """What one of them brought; what is not a whole number of minor units is rounded, and says so."""
        if not line.tickets:
            return ""
        whole, rest = divmod(line.gross_minor, line.tickets)
        rounded = whole + (2 * rest >= line.tickets)
        return f"\u00f8 {self._say.money(rounded)}" if rest else self._say.money(whole)

    def _parts(self, flow: Flow) -> None:
        words, say, amounts = self._words, self._say, self._document.sales.amounts
        if not amounts:
            return
        flow.heading(words(W.PARTS))
        columns = (
            Column(words(W.PART), 4.4),
            Column(words(W.VAT_RATE), 2, 1),
            Column(words(W.GROSS), 2.6, 1),
            Column(words(W.VAT), 2.6, 1),
            Column(words(W.NET), 2.6, 1),
        )
        rows = [
            (
                words.named(one.component.value),
                say.percent(one.rate_basis_points) or words(W.NO_VAT),
                say.money(one.gross_minor),
                say.money(one.vat_minor),
                say.money(one.gross_minor - one.vat_minor),
            )
            for one in amounts
        ]
        gross, vat = sum(one.gross_minor for one in amounts), sum(one.vat_minor for one in amounts)
        flow.table(columns, rows, (words(W.TOTAL), "", say.money(gross), say.money(vat), say.money(gross - vat)))

    def _contingents(self, flow: Flow) -> None:
        words, say, document = self._words, self._say, self._document
        if not document.sales.offices:
            return
        flow.heading(words(W.CONTINGENTS))
        columns = (
            Column(words(W.CONTINGENT), 3),
            Column(words(W.OFFICE), 3.4),
            Column(words(W.HANDED_OUT), 2, 1),
            Column(words(W.REPORTED), 2.6, 1),
            Column(words(W.RETURNED), 2.4, 1),
            Column(words(W.OPEN), 1.4, 1),
        )
        names = document.head.office_names
        rows = [
            (
                one.allotment_id,
                names.get(one.office_id, one.office_id),
                *map(say.number, (one.handed_out, one.reported_sold, one.returned, one.open)),
            )
            for one in document.sales.offices
        ]
        flow.table(columns, rows)

    def _calculation(self, flow: Flow, settled: Settlement) -> None:
        words, say = self._words, self._say
        # All of it on one page; what a correction tells more needs the room of the first.
        whole = 8 + 4.7 * len(settled.lines)
        flow.heading(words(W.CALCULATION), keep=min(200, whole) if self._document.corrects is None else 24)
        columns = (
            Column(words(W.LINE), 5.4),
            Column(words(W.OF), 2.8, 1),
            Column(words(W.PERCENT), 2, 1),
            Column(words(W.AMOUNT), 2.8, 1),
        )
        rows = [
            (
                say.line(line.kind, line.name),
                say.money(line.of_minor) if line.basis_points else "",
                say.percent(line.basis_points),
                say.money(_signed(line)),
            )
            for line in settled.lines
            if line.kind not in _SHARES
        ]
        flow.table(columns, rows)
        flow.paragraph(words(W.ROUNDING), size=7.5, ink=Ink.MUTED)
        deal = self._document.deal
        if deal is not None and deal.deal.note:
            flow.paragraph(f"{words(W.NOTE)}: {deal.deal.note}")

    def _shares(self, flow: Flow, settled: Settlement) -> None:
        words, say = self._words, self._say
        flow.heading(words(W.SHARES))
        columns = Column(words(W.WHO), 10), Column(words(W.AMOUNT), 3, 1)
        rows = [
            (words.line(LineKind.PRODUCER, ""), say.money(settled.producer_minor)),
            (words.line(LineKind.HOUSE, ""), say.money(settled.house_minor)),
            (words.line(LineKind.OTHERS, ""), say.money(settled.others_minor)),
            (words(W.VAT), say.money(settled.vat_minor)),
        ]
        flow.table(columns, rows, (words(W.TOTAL), say.money(settled.gross_minor)))
        bill = settled.invoice
        rate = say.percent(bill.rate_basis_points)
        told = (
            words(
                W.INVOICE_TEXT, say.money(bill.net_minor), say.money(bill.vat_minor), rate, say.money(bill.gross_minor)
            )
            if bill.rate_basis_points
            else words(W.NO_INVOICE_VAT, say.money(bill.net_minor))
        )
        flow.paragraph(f"{words(W.INVOICE)}: {told}")

    def _differences(self, flow: Flow) -> None:
        words, say, document = self._words, self._say, self._document
        if document.corrects is None or not document.differences:
            return
        flow.heading(words(W.DIFFERENCES, document.corrects.number))
        columns = (
            Column(words(W.LINE), 5.4),
            Column(words(W.BEFORE), 2.8, 1),
            Column(words(W.AFTER), 2.8, 1),
            Column(words(W.DIFFERENCE), 2.8, 1),
        )
        rows = []
        for one in document.differences:
            is_count = one.kind in COUNTS
            name = words(W.TICKETS if one.kind == "tickets" else W.COMPS) if is_count else ""
            figures = (one.before, one.after, one.difference)
            rows.append(
                (
                    name or say.line(LineKind(one.kind), one.name),
                    *map(say.number if is_count else say.money, figures),
                )
            )
        flow.table(columns, rows)

    def _seals(self, flow: Flow) -> None:
        words = self._words
        if self._paper.sha256:
            flow.paragraph(words(W.SIGNED, self._paper.key_id, self._paper.sha256), size=7, ink=Ink.MUTED)
        if self._document.number:
            flow.signature(f"{words(W.FOR_HOUSE)}: {self._document.head.house_name}")
            deal = self._document.deal
            flow.signature(f"{words(W.FOR_PRODUCER)}: {'' if deal is None else deal.deal.producer}")


_TAKEN: Final = frozenset({LineKind.OWN, LineKind.VAT, LineKind.ROYALTY, LineKind.LEVY, LineKind.COST})


def _signed(line: Line) -> int:
    """What comes off is told with a minus."""
    return -line.amount_minor if line.kind in _TAKEN else line.amount_minor
