"""The figures as a file, for houses without the platform's API. No text of it is ever a formula."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from services.contracts.house_time import local_of
from services.integrations.podiumkunst.domain.figures import CURRENCY
from services.integrations.podiumkunst.domain.platform import RANKS
from services.integrations.podiumkunst.domain.sales import NOTHING, Kind
from services.integrations.podiumkunst.domain.telling import Part
from services.integrations.podiumkunst.handlers.figure_desk import FigureDesk
from services.integrations.podiumkunst.handlers.figures import Made
from services.integrations.podiumkunst.handlers.house_clock import HouseClock
from services.paper.house_style import HouseStyle
from services.paper.table_csv import write_csv
from services.paper.table_excel import write_excel
from services.paper.tables import Amount, CellKind, Row, TableBlock, TableColumn, TableDocument
from services.runtime.clock import Clock
from services.runtime.errors import Refusal

MOST_PERFORMANCES: Final = 5_000


class FileFormat(Enum):
    """Its ending, and what HTTP calls it."""

    CSV = ("csv", "text/csv; charset=utf-8")
    EXCEL = ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")


@dataclass(frozen=True, slots=True)
class FiguresFile:
    """A whole file."""

    name: str
    content_type: str
    data: bytes


class FigureFiles:
    """Makes them of what would be told now, with times as the house's clock shows them."""

    def __init__(self, desk: FigureDesk, house_clock: HouseClock, clock: Clock) -> None:
        self._desk = desk
        self._house_clock = house_clock
        self._clock = clock

    async def file(self, house_id: str, form: FileFormat, *, with_unlinked: bool) -> FiguresFile | Refusal:
        """At most MOST_PERFORMANCES of them. HouseNotFound."""
        zone = await self._house_clock.zone(house_id)
        if isinstance(zone, Refusal):
            return zone
        made = await self._desk.performances(house_id, MOST_PERFORMANCES, with_unlinked=with_unlinked)
        document = document_of(house_id, made, zone)
        day = local_of(zone, self._clock.now_ms()).date().isoformat()
        ending, content_type = form.value
        data = await asyncio.to_thread(_written, HouseStyle(house_id, "nl", zone, CURRENCY), form, document)
        return FiguresFile(f"podiumkunst-{day}.{ending}", content_type, data)


def _written(style: HouseStyle, form: FileFormat, document: TableDocument) -> bytes:
    sink = io.BytesIO()
    if form is FileFormat.CSV:
        write_csv(sink, document)
    else:
        write_excel(sink, style, document)
    return sink.getvalue()


def document_of(house_id: str, made: Sequence[Made], zone: str) -> TableDocument:
    """One row a performance; what is not known now is left empty."""
    kinds = [
        column
        for kind in Kind
        for column in (
            TableColumn(f"Tickets {kind.value}", CellKind.NUMBER),
            TableColumn(f"Recette {kind.value}", CellKind.MONEY),
        )
    ]
    columns = [
        TableColumn("Number"),
        TableColumn("Own code"),
        TableColumn("Performance"),
        TableColumn("Title"),
        TableColumn("Starts at", CellKind.MOMENT),
        *kinds,
        TableColumn("Reserved", CellKind.NUMBER),
        TableColumn("Recette reserved", CellKind.MONEY),
        TableColumn("Blocked", CellKind.NUMBER),
        *(TableColumn(f"Capacity rank {rank}", CellKind.NUMBER) for rank in range(1, RANKS + 1)),
    ]
    rows = [_row(one, zone) for one in made]
    return TableDocument(
        title="Podiumkunst",
        subtitle=house_id,
        facts=(("House", house_id),),
        columns=columns,
        blocks=(TableBlock(house_id, lambda: rows),),
        nothing="Nothing is linked.",
        about="About",
        currency_word="currency",
    )


def _row(made: Made, zone: str) -> Row:
    one, figures = made.linked, made.figures
    starts = local_of(zone, one.starts_at_ms) if one.starts_at_ms else None
    first = (one.number, one.code, one.performance_id, one.title, starts)
    currency = figures.other_currency or CURRENCY
    sold = [figures.by_kind.get(kind, NOTHING) for kind in Kind]
    cells: dict[Part, Row] = {
        Part.TICKETS: tuple(cell for each in sold for cell in (each.tickets, Amount(each.recette_minor, currency))),
        Part.RESERVATIONS: (figures.reserved.tickets, Amount(figures.reserved.recette_minor, currency)),
        Part.BLOCKED: (figures.blocked.tickets,),
        Part.CAPACITY: figures.ranks,
    }
    told = [(None,) * len(of) if part in made.unknown else of for part, of in cells.items()]
    return (*first, *(cell for of in told for cell in of))
