"""A settlement as one table for Excel and CSV: each of its parts a block, all numbers typed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from services.paper.localised import short_moment_text, weekday_moment_text
from services.paper.tables import Amount, CellKind, Row, Share, TableBlock, TableColumn, TableDocument
from services.reporting.domain.settlement import LineKind
from services.reporting.domain.settlement_changes import COUNTS
from services.reporting.domain.settlement_document import SettlementKind
from services.reporting.paper.settlement_pdf import SettlementPaper, Speech
from services.reporting.paper.settlement_words import W

_MARKS: Final = {
    SettlementKind.PROVISIONAL: W.PROVISIONAL,
    SettlementKind.FINAL: W.FINAL,
    SettlementKind.CORRECTION: W.CORRECTION,
}


def settlement_table(language: str, paper: SettlementPaper) -> TableDocument:
    """The same lines as on paper. Money of a part is its own; VAT is what is in it."""
    document = paper.document
    say = Speech(language, document)
    words, head = say.words, document.head
    parts = (
        (W.SOLD, list(_tickets(say, paper))),
        (W.PARTS, list(_parts(say, paper))),
        (W.CONTINGENTS, list(_contingents(paper))),
        (W.CALCULATION, list(_lines(say, paper))),
        (W.DIFFERENCES, list(_differences(say, paper))),
    )
    corrected = "" if document.corrects is None else document.corrects.number
    moment = document.finalised_at_ms or paper.told_at_ms
    facts = (
        (words(W.PERFORMANCE), head.title),
        (words(W.STARTS), weekday_moment_text(head.starts_at_ms, head.time_zone, language)),
        (words(W.HALL), head.hall),
        (words(W.PRODUCER), "" if document.deal is None else document.deal.deal.producer),
        (words(W.DATE), short_moment_text(moment, head.time_zone, language)),
        (words(W.REASON), "" if document.corrects is None else document.corrects.reason),
        ("SHA-256", paper.sha256),
    )
    return TableDocument(
        title=f"{words(W.TITLE)} {document.number}".strip(),
        subtitle=words(_MARKS[document.kind]),
        facts=[fact for fact in facts if fact[1]],
        columns=(
            TableColumn(words(W.LINE)),
            TableColumn(words(W.CATEGORY)),
            TableColumn(words(W.TICKETS), CellKind.NUMBER),
            TableColumn(words(W.OF), CellKind.MONEY),
            TableColumn(words(W.PERCENT), CellKind.PERCENT),
            TableColumn(words(W.VAT), CellKind.MONEY),
            TableColumn(words(W.AMOUNT), CellKind.MONEY),
        ),
        blocks=[TableBlock(words(word, corrected), partial(iter, rows)) for word, rows in parts if rows],
        blocks_heading=words(W.PART),
        nothing=words(W.NOTHING),
        about=words(W.ABOUT),
        currency_word=words(W.CURRENCY),
    )


def _tickets(say: Speech, paper: SettlementPaper) -> Iterator[Row]:
    sales = paper.document.sales
    for line in sales.lines:
        vat = sum(one.vat_minor for one in line.amounts)
        money = Amount(vat, sales.currency), Amount(line.gross_minor, sales.currency)
        yield say.ticket(line), line.category, line.tickets, None, None, *money


def _parts(say: Speech, paper: SettlementPaper) -> Iterator[Row]:
    sales = paper.document.sales
    for one in sales.amounts:
        name, rate = say.words.named(one.component.value), Share(one.rate_basis_points, 10_000)
        yield name, "", None, None, rate, Amount(one.vat_minor, sales.currency), Amount(one.gross_minor, sales.currency)


def _contingents(paper: SettlementPaper) -> Iterator[Row]:
    """What was reported sold; their money is with the tickets."""
    names = paper.document.head.office_names
    for one in paper.document.sales.offices:
        yield one.allotment_id, names.get(one.office_id, one.office_id), one.reported_sold, None, None, None, None


def _lines(say: Speech, paper: SettlementPaper) -> Iterator[Row]:
    settled, currency = paper.document.settlement, paper.document.sales.currency
    if settled is None or not currency:
        return
    for line in settled.lines:
        of = Amount(line.of_minor, currency) if line.basis_points else None
        share = Share(line.basis_points, 10_000) if line.basis_points else None
        yield say.line(line.kind, line.name), "", None, of, share, None, Amount(line.amount_minor, currency)


def _differences(say: Speech, paper: SettlementPaper) -> Iterator[Row]:
    """`of` is what it was before."""
    document, words = paper.document, say.words
    if document.corrects is None:
        return
    for one in document.differences:
        if one.kind in COUNTS:
            yield words(W.TICKETS if one.kind == "tickets" else W.COMPS), "", one.difference, None, None, None, None
            continue
        before, less = (Amount(amount, document.sales.currency) for amount in (one.before, one.difference))
        yield say.line(LineKind(one.kind), one.name), "", None, before, None, None, less
