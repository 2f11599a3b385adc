"""Statements: what became of the seats of an allotment, and of all that an office was given. They always add up."""

from __future__ import annotations

from collections.abc import Sequence

from services.paper.flow import Column, Flow, write_document
from services.paper.house_style import HouseStyle
from services.paper.localised import (
    money_text,
    number_text,
    short_day_text,
    short_moment_text,
    weekday_moment_text,
)
from services.paper.streaming_pdf import ByteSink
from services.paper.surface import Ink
from services.ticketing.paper.delivery_note import reservation_facts
from services.ticketing.paper.documents import (
    AllotmentStatement,
    AllotmentSummary,
    DiscountSales,
    OfficeStatement,
    StatementLine,
)
from services.ticketing.paper.spoken import DOCUMENT_WORDS


def write_allotment_statement(sink: ByteSink, style: HouseStyle, statement: AllotmentStatement) -> None:
    """Writes the PDF. A line whose numbers do not add up is a broken invariant: nothing is written."""
    _check(statement.is_final, statement.lines)
    _check_sales(statement.discount_sales)
    words = DOCUMENT_WORDS[style.language]
    writer = _Writer(style)
    write_document(sink, style, words.statement, statement.number, lambda flow: writer.of_allotment(flow, statement))


def write_office_statement(sink: ByteSink, style: HouseStyle, statement: OfficeStatement) -> None:
    """Writes the PDF, under the same condition. Final only where every allotment in it is."""
    for allotment in statement.allotments:
        _check(allotment.is_final, (allotment,))
    _check_sales(statement.discount_sales)
    words = DOCUMENT_WORDS[style.language]
    writer = _Writer(style)
    write_document(
        sink, style, words.office_statement, statement.number, lambda flow: writer.of_office(flow, statement)
    )


def _check(is_final: bool, lines: Sequence[StatementLine | AllotmentSummary]) -> None:
    for line in lines:
        name = line.category if isinstance(line, StatementLine) else line.allotment_number
        parts = (line.reported_sold, line.returned, line.open)
        told = f"{name}: {line.reported_sold} reported sold, {line.returned} returned, {line.open} open"
        assert min(line.handed_out, *parts) >= 0, f"{told} of {line.handed_out}: less than none"
        assert sum(parts) == line.handed_out, f"{told} make {sum(parts)}, but {line.handed_out} were handed out"
        assert line.reported_sold or not line.amount_minor, f"{told}: nothing sold brings {line.amount_minor}"
        assert not (is_final and line.open), f"{told}: final, but not closed"


def _check_sales(sales: Sequence[DiscountSales]) -> None:
    for sale in sales:
        assert sale.tickets >= 0, f"{sale.discount}: {sale.tickets} tickets"
        assert sale.tickets or not sale.amount_minor, f"{sale.discount}: no ticket brings {sale.amount_minor}"


class _Writer:
    """Puts statements into a flow."""

    def __init__(self, style: HouseStyle) -> None:
        self._style = style
        self._words = DOCUMENT_WORDS[style.language]

    def of_allotment(self, flow: Flow, statement: AllotmentStatement) -> None:
        words, style, performance = self._words, self._style, statement.performance
        self._title(flow, is_final=statement.is_final)
        flow.facts(
            [
                (words.office, statement.office.text),
                (words.performance, "\n".join(filter(None, (performance.title, performance.subtitle)))),
                (words.date, short_moment_text(statement.issued_at_ms, style.time_zone, style.language)),
                (words.starts, weekday_moment_text(performance.starts_at_ms, style.time_zone, style.language)),
                (words.hall, performance.hall),
                *reservation_facts(style, statement.reservation),
            ]
        )
        flow.heading(words.allotment)
        columns = (Column(words.category, 4), Column(words.price, 2.4, 1), *self._figure_columns())
        rows = [(line.category, self._price(line), *self._figures(line)) for line in statement.lines]
        flow.table(columns, rows, (words.total, "", *self._sums(statement.lines)))
        self._notes(flow, statement.discount_sales)

    def of_office(self, flow: Flow, statement: OfficeStatement) -> None:
        words, style = self._words, self._style
        zone, language = style.time_zone, style.language
        is_final = all(allotment.is_final for allotment in statement.allotments)
        self._title(flow, is_final=is_final)
        period = " \u2013 ".join(short_day_text(ms, zone, language) for ms in (statement.from_ms, statement.until_ms))
        flow.facts(
            [
                (words.office, statement.office.text),
                (words.period, period),
                (words.date, short_moment_text(statement.issued_at_ms, zone, language)),
            ]
        )
        flow.heading(words.allotment)
        columns = (
            Column(words.performance, 4.6),
            Column(words.allotment, 2.8),
            *self._figure_columns(),
            Column(words.state, 2.3),
        )
        rows = [
            (
                f"{each.performance.title}\n{short_moment_text(each.performance.starts_at_ms, zone, language)}",
                each.allotment_number,
                *self._figures(each),
                (words.final if each.is_final else words.provisional).capitalize(),
            )
            for each in statement.allotments
        ]
        if rows:
            flow.table(columns, rows, (words.total, "", *self._sums(statement.allotments), ""))
        else:
            flow.paragraph(words.none)
        self._notes(flow, statement.discount_sales)

    def _title(self, flow: Flow, *, is_final: bool) -> None:
        words = self._words
        flow.title(words.final if is_final else words.provisional, Ink.PRIMARY if is_final else Ink.ACCENT)
        flow.paragraph(words.final_note if is_final else words.provisional_note, ink=Ink.MUTED)

    def _notes(self, flow: Flow, sales: Sequence[DiscountSales]) -> None:
        words = self._words
        flow.paragraph(words.vat_included, size=7.5, ink=Ink.MUTED)
        if sales:
            flow.heading(words.discounts)
            columns = Column(words.discount, 8), Column(words.tickets, 2, 1), Column(words.amount, 3, 1)
            rows = [(sale.discount, self._number(sale.tickets), self._money(sale.amount_minor)) for sale in sales]
            tickets, amount = sum(sale.tickets for sale in sales), sum(sale.amount_minor for sale in sales)
            flow.table(columns, rows, (words.total, self._number(tickets), self._money(amount)))
            flow.paragraph(words.discounts_note, size=7.5, ink=Ink.MUTED)

    def _figure_columns(self) -> tuple[Column, ...]:
        words = self._words
        return (
            Column(words.handed_out, 2, 1),
            Column(words.reported_sold, 2.2, 1),
            Column(words.returned, 2.3, 1),
            Column(words.open, 1.4, 1),
            Column(words.amount, 2.8, 1),
        )

    def _figures(self, line: StatementLine | AllotmentSummary) -> tuple[str, ...]:
        counts = (line.handed_out, line.reported_sold, line.returned, line.open)
        return (*map(self._number, counts), self._money(line.amount_minor))

    def _sums(self, lines: Sequence[StatementLine | AllotmentSummary]) -> tuple[str, ...]:
        counts = [(line.handed_out, line.reported_sold, line.returned, line.open) for line in lines]
        sums = [sum(column) for column in zip(*counts, strict=True)] or [0, 0, 0, 0]
        return (*map(self._number, sums), self._money(sum(line.amount_minor for line in lines)))

    def _price(self, line: StatementLine) -> str:
        return self._words.several_prices if line.price_minor is None else self._money(line.price_minor)

    def _number(self, number: int) -> str:
        return number_text(number, self._style.language)

    def _money(self, amount_minor: int) -> str:
        return money_text(amount_minor, self._style.currency, self._style.language)
