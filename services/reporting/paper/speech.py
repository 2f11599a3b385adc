"""Says a report in a language: keys become words, a report becomes a table that paper can write."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime

from services.contracts.house_time import local_of
from services.paper.localised import date_text, moment_text, month_text, number_text, short_date_text
from services.paper.table_spool import SpooledBlock
from services.paper.tables import Cell, CellKind, Chart, Row, Series, TableColumn, TableDocument, Total
from services.reporting.domain.report import Report, ReportCell, ReportChart, ReportRow, ReportTotal, ShowLabel, Told
from services.reporting.domain.report_words import Word
from services.reporting.paper.spoken import said
from services.reporting.ports.figures import Narrowing


class Speech:
    """In one language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def say(self, word: Word, *values: str) -> str:
        """A word, with what goes into it."""
        return said(word, self.language).format(*values)

    def cell(self, cell: ReportCell) -> Cell:
        """A word as text; whatever else as it is."""
        return said(cell, self.language) if isinstance(cell, Word) else cell

    def row(self, row: ReportRow) -> Row:
        """All its cells."""
        language = self.language
        return [said(cell, language) if isinstance(cell, Word) else cell for cell in row]

    def total(self, total: ReportTotal) -> Total:
        """Total; of a currency where there are several."""
        label = self.say(Word.TOTAL_OF, total.currency) if total.currency else self.say(Word.TOTAL)
        return Total(label, self.row(total.cells))

    def columns(self, report: Report) -> list[TableColumn]:
        """Its headings."""
        return [TableColumn(self.say(column.word), column.kind) for column in report.columns]

    def chart(self, chart: ReportChart, time: CellKind) -> Chart:
        """`time`: how points of time are told, where the labels are some."""
        heading = self.say(chart.heading)
        if chart.about is not None:
            heading = f"{heading}: {self._label(chart.about, time)}"
        if chart.currency:
            heading = f"{heading} ({chart.currency})"
        return Chart(
            chart.kind,
            heading,
            tuple(self._label(label, time) for label in chart.labels),
            tuple(
                Series(self.say(one.name) if isinstance(one.name, Word) else one.name, one.values)
                for one in chart.series
            ),
            chart.axis,
            chart.currency,
        )

    def block(self, name: str, told: Told, time: CellKind) -> SpooledBlock:
        """One house's part, its rows still to come."""

        async def rows() -> AsyncIterator[Row]:
            async for row in told.rows:
                yield self.row(row)

        charts = [self.chart(chart, time) for chart in told.charts]
        return SpooledBlock(name, rows(), [self.total(total) for total in told.totals], charts)

    def _label(self, label: ReportCell | ShowLabel, time: CellKind) -> str:
        language = self.language
        match label:
            case ShowLabel(title, starts):
                return f"{title}, {moment_text(starts, language)}" if starts else title
            case datetime():
                return moment_text(label, language)
            case date():
                return month_text(label, language) if time is CellKind.MONTH else short_date_text(label, language)
            case int():
                return number_text(label, language)
            case _:
                return str(self.cell(label))


def document_of(
    report: Report, speech: Speech, *, narrowing: Narrowing, zone: str, made_ms: int, tells_houses: bool
) -> tuple[TableDocument, list[SpooledBlock]]:
    """The table without its rows, and the rows. `tells_houses`: each row's house is named, in files as well."""
    time = report.columns[0].kind
    names = [house.name for house, _ in report.houses]
    blocks = [speech.block(house.name, told, time) for house, told in report.houses]
    document = TableDocument(
        title=speech.say(report.title),
        subtitle=names[0] if len(names) == 1 else speech.say(Word.SEVERAL_HOUSES, str(len(names))),
        facts=facts_of(speech, names, narrowing, zone, made_ms),
        columns=speech.columns(report),
        blocks=(),
        blocks_heading=speech.say(Word.HOUSE) if tells_houses else "",
        nothing=speech.say(Word.NOTHING),
        about=speech.say(Word.ABOUT),
        currency_word=speech.say(Word.CURRENCY),
    )
    return document, blocks


def facts_of(
    speech: Speech, houses: Sequence[str], narrowing: Narrowing, zone: str, made_ms: int
) -> list[tuple[str, str]]:
    """Whose it is, of when, of what, and as of when: by the clock of the house, or of the first of several."""
    language = speech.language
    only = [
        *sorted(narrowing.titles),
        *sorted(str(speech.cell(Word(channel.value.lower()))) for channel in narrowing.channels),
        # Ids tell people nothing: how many they are does.
        *(
            f"{speech.say(word)}: {number_text(len(ids), language)}"
            for word, ids in (
                (Word.PERFORMANCES, narrowing.performance_ids),
                (Word.PRODUCTIONS, narrowing.production_ids),
                (Word.HALLS, narrowing.hall_ids),
                (Word.SELLERS, narrowing.sellers),
                (Word.OFFICES, narrowing.office_ids),
            )
            if ids
        ),
    ]
    facts = [
        # One house is told below the title.
        (speech.say(Word.HOUSE), ", ".join(houses) if len(houses) > 1 else ""),
        (speech.say(Word.MOVED_IN), _span(speech, narrowing.moved_from_ms, narrowing.moved_until_ms, zone)),
        (speech.say(Word.STARTS_IN), _span(speech, narrowing.starts_from_ms, narrowing.starts_until_ms, zone)),
        (speech.say(Word.ONLY), ", ".join(only)),
        (speech.say(Word.MADE), moment_text(local_of(zone, made_ms).replace(microsecond=0), language)),
    ]
    return [fact for fact in facts if fact[1]]


def _span(speech: Speech, from_ms: int | None, until_ms: int | None, zone: str) -> str:
    """Whole days by their names, the last one too; else the two moments."""
    begins = None if from_ms is None else local_of(zone, from_ms)
    ends = None if until_ms is None else local_of(zone, until_ms)
    are_days = all(moment is None or (moment.hour, moment.minute) == (0, 0) for moment in (begins, ends))
    if begins is not None and ends is not None and are_days:
        first, last = begins.date(), local_of(zone, (until_ms or 0) - 1).date()
        texts = dict.fromkeys((date_text(first, speech.language), date_text(last, speech.language)))
        return " – ".join(texts)  # noqa: RUF001 (a span of days has this dash)
    parts = []
    if begins is not None:
        parts.append(speech.say(Word.FROM, moment_text(begins, speech.language)))
    if ends is not None:
        parts.append(speech.say(Word.UNTIL, moment_text(ends, speech.language)))
    return " ".join(parts)
