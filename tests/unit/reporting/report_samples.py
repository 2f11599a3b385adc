"""Sales to report on, and reports made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.contracts.channels import Channel
from services.reporting.domain.report import Report, ReportRow, Told
from services.reporting.domain.report_kinds import ReportKind
from services.reporting.domain.report_words import Word
from services.reporting.handlers.report_making import ReportMaker
from services.reporting.ports.figures import Movement, PerformanceFigures
from services.reporting.ports.grants import GrantedHouse
from services.reporting.ports.report_files import ReportQuestion
from tests.unit.reporting.dashboard_stage import SetClock
from tests.unit.reporting.figures_twin import HOUSE, WHOLE, FiguresTwin, Moved, Part

# 1 October 2026, noon in Amsterdam.
NOON = 1_790_848_800_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
OURS = GrantedHouse(HOUSE, "rad", "Schouwburg Het Rad", WHOLE)


@dataclass
class NamesTwin:
    """See Names."""

    of_halls: Mapping[str, str] = field(default_factory=lambda: {"hal_1": "Grote zaal", "hal_2": "Kleine zaal"})
    of_offices: Mapping[str, str] = field(default_factory=lambda: {"off_1": "Bureau Noord"})

    async def halls(self, house_id: str) -> Mapping[str, str]:
        return self.of_halls

    async def offices(self, house_id: str) -> Mapping[str, str]:
        return self.of_offices


def show(
    performance_id: str,
    *,
    starts_at_ms: int = NOON + 30 * DAY_MS,
    title: str = "Elckerlijc",
    hall_id: str = "hal_1",
    capacity: int = 100,
    production_id: str = "prd_1",
    currency: str = "EUR",
) -> PerformanceFigures:
    """A performance of the house, with 3 seats that an office has sold."""
    return PerformanceFigures(
        house_id=HOUSE, performance_id=performance_id, production_id=production_id, title=title, hall_id=hall_id,
        starts_at_ms=starts_at_ms, currency=currency, capacity=capacity, free=capacity - 8, held=1, blocked=2,
        reserved=1, allotted=1, reported_sold=3, is_cancelled=False,
    )  # fmt: skip


def moved(
    performance_id: str,
    at_ms: int = NOON,
    *,
    sign: int = 1,
    base: int = 2_000,
    surcharge: int = 300,
    fee: int = 150,
    seat: str = "A-1",
    category: str = "Parket",
    kind: str = "normal",
    ticket_type: str = "normal",
    channel: Channel = Channel.ONLINE,
    office: str = "",
    seller: tuple[str, str] = ("BUYER", "buy_1"),
    currency: str = "EUR",
    order: str = "ord_1",
) -> Moved:
    """One ticket that was sold (1) or came back (-1): base and surcharge at 9 %, the fee at 21 %."""
    low, high = (base + surcharge) * 900 // 10_900, fee * 2_100 // 12_100
    base_vat = base * 900 // 10_900
    parts = (
        Part("base", "low", 900, sign * base, sign * base_vat),
        Part("theatre_surcharge", "low", 900, sign * surcharge, sign * (low - base_vat)),
        Part("service_fee", "high", 2_100, sign * fee, sign * high),
    )
    movement = Movement(
        performance_id=performance_id, order_id=order, seat_id=seat, tickets=sign, category=category, kind=kind,
        ticket_type=ticket_type, channel=channel, amount_minor=sign * (base + surcharge + fee),
        vat_minor=sign * (low + high), discount_minor=0, currency=currency, discount_id="dsc_1" if office else "",
        office_id=office, seller_kind=seller[0], seller=seller[1], customer_id="cus_1", at_ms=at_ms,
    )  # fmt: skip
    return Moved(movement, parts)


@dataclass(frozen=True)
class Read:
    """A house's part of a report, its rows read."""

    columns: tuple[Word, ...]
    rows: list[ReportRow]
    told: Told

    def column(self, word: Word) -> list[object]:
        """What stands in it, row by row."""
        place = self.columns.index(word)
        return [row[place] for row in self.rows]

    def total(self, word: Word) -> object:
        """In the only row of totals."""
        (total,) = self.told.totals
        return total.cells[self.columns.index(word)]


async def read(report: Report) -> Read:
    """The only house's part."""
    ((_, told),) = report.houses
    return Read(tuple(column.word for column in report.columns), [row async for row in told.rows], told)


async def made(
    figures: FiguresTwin,
    kind: ReportKind,
    *,
    house: GrantedHouse = OURS,
    for_promoter: bool = False,
    now_ms: int = NOON,
    question: ReportQuestion | None = None,
) -> Read:
    """The report of one house."""
    maker = ReportMaker(figures, NamesTwin(), SetClock(now_ms))
    return await read(await maker.report(question or ReportQuestion(kind, "nl"), [house], for_promoter=for_promoter))


def a_season() -> FiguresTwin:
    """Two titles in two halls, sold in every way there is, some of it back."""
    shows = [
        show("p0", starts_at_ms=NOON - 40 * DAY_MS),
        show("p1"),
        show("p2", title="Mariken", hall_id="hal_2", production_id="prd_2", starts_at_ms=NOON + 31 * DAY_MS),
    ]
    figures = FiguresTwin(shows=shows)
    ways: Sequence[tuple[Channel, tuple[str, str]]] = (
        (Channel.ONLINE, ("BUYER", "buy_1")),
        (Channel.BOX_OFFICE, ("STAFF", "psn_1")),
        (Channel.BACKEND, ("RESELLER", "res_1")),
    )
    for number in range(24):
        channel, seller = ways[number % 3]
        free = number % 8 == 7
        figures.moved.append(
            moved(
                ("p1", "p2")[number % 2],
                NOON - number * 5 * HOUR_MS,
                seat=f"A-{number}",
                category=("Parket", "Balkon")[number % 4 // 2],
                kind="free" if free else "normal",
                ticket_type="press" if free else "normal",
                base=0 if free else 2_000 + number,
                surcharge=0 if free else 300,
                fee=0 if free else 150,
                channel=channel,
                seller=seller,
                office="off_1" if number % 6 == 5 else "",
                order=f"ord_{number}",
            )
        )
    figures.moved += [moved("p0", NOON - (40 + number) * DAY_MS, seat=f"B-{number}") for number in range(6)]
    figures.moved.append(moved("p1", NOON, sign=-1, seat="A-0", order="ord_0"))
    return figures
