"""Reports: every breakdown's sums are the whole to the cent, both nights of daylight saving, what a promoter sees."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import date, datetime

import pytest
from balcon.reporting.v1 import report_questions_pb2
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.channels import Channel
from services.paper.tables import Amount, Share
from services.reporting.api.report_questions import refused_question
from services.reporting.domain.dashboard import merged
from services.reporting.domain.dashboard_question import Question
from services.reporting.domain.report_kinds import Interval, Period, ReportKind
from services.reporting.domain.report_words import Word
from services.reporting.handlers.house_figures import FigureSources, house_part
from services.reporting.handlers.report_making import ReportMaker, narrowing_of
from services.reporting.handlers.reports.buyers import Buyers
from services.reporting.handlers.reports.registry import TELLERS
from services.reporting.ports.customers import CustomerFacts
from services.reporting.ports.daily_figures import DailyRow
from services.reporting.ports.figures import (
    AllotmentFigures,
    FunnelStepCount,
    Narrowing,
    Sight,
)
from services.reporting.ports.grants import GrantedHouse
from services.reporting.ports.report_files import ReportQuestion
from tests.unit.reporting.dashboard_stage import SetClock
from tests.unit.reporting.figures_twin import HOUSE, FiguresTwin, Moved
from tests.unit.reporting.report_samples import (
    DAY_MS,
    HOUR_MS,
    NOON,
    OURS,
    NamesTwin,
    a_season,
    made,
    moved,
    read,
    show,
)

# What tells money, with its columns of money; by tickets as well where it has them.
MONEY_KINDS = (
    ReportKind.SALES_OVER_TIME, ReportKind.BY_INTERVAL, ReportKind.BY_VENUE, ReportKind.BY_PERFORMANCE,
    ReportKind.BY_CATEGORY, ReportKind.BY_TICKET_KIND, ReportKind.BY_CHANNEL, ReportKind.BY_COMPONENT, ReportKind.VAT,
    ReportKind.SELLERS,
)  # fmt: skip


def cents(cells: Sequence[object]) -> int:
    return sum(cell.amount_minor for cell in cells if isinstance(cell, Amount))


@st.composite
def seasons(draw: st.DrawFn) -> FiguresTwin:
    """Sales and refunds of any prices, in any way, at any hour of ten days."""
    figures = FiguresTwin(shows=[show("p1"), show("p2", hall_id="hal_2", title="Mariken")])
    prices = st.integers(0, 99_999)
    for number in range(draw(st.integers(0, 12))):
        figures.moved.append(
            moved(
                draw(st.sampled_from(["p1", "p2"])),
                NOON - draw(st.integers(0, 240)) * HOUR_MS,
                sign=draw(st.sampled_from([1, 1, 1, -1])),
                base=draw(prices),
                surcharge=draw(prices),
                fee=draw(prices),
                seat=f"A-{number}",
                category=draw(st.sampled_from(["Parket", "Balkon"])),
                channel=draw(st.sampled_from(list(Channel))),
                kind=draw(st.sampled_from(["normal", "discount", "free", "other"])),
                seller=draw(st.sampled_from([("BUYER", "b"), ("STAFF", "s"), ("RESELLER", "r")])),
            )
        )
    return figures


@given(seasons(), st.sampled_from(MONEY_KINDS), st.booleans(), st.sampled_from(list(Interval)))
async def test_the_rows_of_every_breakdown_are_the_whole_to_the_cent(
    figures: FiguresTwin, kind: ReportKind, for_promoter: bool, interval: Interval
) -> None:
    report = await made(
        figures, kind, for_promoter=for_promoter, question=ReportQuestion(kind, "nl", interval=interval)
    )
    seen = ("base", "theatre_surcharge") if for_promoter else ("base", "theatre_surcharge", "service_fee")
    whole = sum(part.amount_minor for one in figures.moved for part in one.parts if part.component in seen)
    tax = sum(part.vat_minor for one in figures.moved for part in one.parts if part.component in seen)
    assert cents(report.column(Word.REVENUE)) == whole
    assert cents(report.column(Word.VAT)) == tax
    assert cents(report.column(Word.SOLD)) - cents(report.column(Word.REFUNDED)) == whole
    if figures.moved or kind is ReportKind.BY_PERFORMANCE:
        assert report.total(Word.REVENUE) == Amount(whole, "EUR")
    if Word.TICKETS in report.columns:
        assert sum(map(int, map(str, report.column(Word.TICKETS)))) == sum(
            one.movement.tickets for one in figures.moved
        )


@given(seasons())
async def test_the_last_day_has_come_to_what_was_sold_in_all(figures: FiguresTwin) -> None:
    report = await made(figures, ReportKind.SALES_OVER_TIME)
    if figures.moved:
        assert report.column(Word.REVENUE_SO_FAR)[-1] == report.total(Word.REVENUE)
        assert report.column(Word.TICKETS_SO_FAR)[-1] == report.total(Word.TICKETS)


@pytest.mark.parametrize("kind", list(TELLERS))
@pytest.mark.parametrize("for_promoter", [False, True])
async def test_every_report_can_be_empty_and_has_a_cell_for_each_column(kind: ReportKind, for_promoter: bool) -> None:
    nothing = await made(FiguresTwin(), kind, for_promoter=for_promoter)
    assert (nothing.rows, list(nothing.told.totals), list(nothing.told.charts)) == ([], [], [])
    season = a_season()
    season.given.append(AllotmentFigures("p1", "alt_1", "off_1", "hard", 10, 3, 2, 5, is_closed=False))
    season.steps.append(FunnelStepCount("p1", "start", 9))
    full = await made(season, kind, for_promoter=for_promoter)
    assert full.rows
    for row in (*full.rows, *(total.cells for total in full.told.totals)):
        assert len(row) == len(full.columns)
    for chart in full.told.charts:
        assert chart.labels
        assert all(len(series.values) == len(chart.labels) for series in chart.series)


def at(text: str, zone_hours: int) -> int:
    """Milliseconds of a local time so many hours ahead of UTC."""
    return int((datetime.fromisoformat(f"{text}+00:00").timestamp() - zone_hours * 3600) * 1000)


async def by_hour(*sold_at_ms: int) -> dict[object, object]:
    figures = FiguresTwin(shows=[show("p1")], moved=[moved("p1", at_ms) for at_ms in sold_at_ms])
    question = ReportQuestion(ReportKind.BY_INTERVAL, "nl", interval=Interval.HOUR)
    report = await made(figures, ReportKind.BY_INTERVAL, question=question)
    return dict(zip(report.column(Word.HOUR), report.column(Word.TICKETS), strict=True))


async def test_an_hour_that_daylight_saving_doubles_is_one_row_with_both_hours_sales() -> None:
    """25 October 2026: the clock shows 02:30 twice, in summer's time and in winter's."""
    told = await by_hour(
        at("2026-10-25T01:30", 2), at("2026-10-25T02:30", 2), at("2026-10-25T02:30", 1), at("2026-10-25T03:30", 1)
    )
    hours = [datetime(2026, 10, 25, hour) for hour in (1, 2, 3)]  # noqa: DTZ001
    assert told == dict(zip(hours, (1, 2, 1), strict=True))


async def test_an_hour_that_daylight_saving_skips_is_no_row_without_sales() -> None:
    """28 March 2027: after 01:59 the clock shows 03:00."""
    told = await by_hour(at("2027-03-28T00:30", 1), at("2027-03-28T04:30", 2))
    hours = [datetime(2027, 3, 28, hour) for hour in (0, 1, 3, 4)]  # noqa: DTZ001
    assert told == dict(zip(hours, (1, 0, 0, 1), strict=True))


async def test_days_without_a_sale_are_told_as_well() -> None:
    figures = FiguresTwin(shows=[show("p1")], moved=[moved("p1", NOON), moved("p1", NOON - 3 * DAY_MS)])
    report = await made(figures, ReportKind.SALES_OVER_TIME)
    assert report.column(Word.DAY) == [date(2026, 9, 28), date(2026, 9, 29), date(2026, 9, 30), date(2026, 10, 1)]
    assert report.column(Word.TICKETS) == [1, 0, 0, 1]
    assert report.told.charts[1].series[0].values == (1, 0, 0, 1)


async def test_minutes_of_a_long_time_are_drawn_by_something_coarser() -> None:
    figures = FiguresTwin(shows=[show("p1")], moved=[moved("p1", NOON), moved("p1", NOON - 3 * DAY_MS)])
    question = ReportQuestion(ReportKind.BY_INTERVAL, "nl", interval=Interval.MINUTE)
    report = await made(figures, ReportKind.BY_INTERVAL, question=question)
    assert len(report.rows) == 2
    assert len(report.told.charts[0].labels) == 73


async def test_r3_20_a_report_is_narrowed_by_when_it_moved_and_by_when_it_is_played() -> None:
    season = a_season()
    moved_today = ReportQuestion(ReportKind.BY_CATEGORY, "nl", moved_in=Period.TODAY)
    report = await made(season, ReportKind.BY_CATEGORY, question=moved_today)
    midnight = NOON - 12 * HOUR_MS
    today = [one for one in season.moved if midnight <= one.movement.at_ms]
    assert report.total(Word.TICKETS) == sum(one.movement.tickets for one in today)
    played = ReportQuestion(
        ReportKind.BY_CATEGORY, "nl", Narrowing(starts_from_ms=NOON, starts_until_ms=NOON + 30 * DAY_MS + 1)
    )
    only = await made(season, ReportKind.BY_CATEGORY, question=played)
    assert only.total(Word.TICKETS) == sum(
        one.movement.tickets for one in season.moved if one.movement.performance_id == "p1"
    )


async def test_r3_10_a_report_as_of_a_moment_counts_its_days_from_there() -> None:
    """A mail that was due yesterday and leaves today tells yesterday's yesterday."""
    season = a_season()
    asked = ReportQuestion(ReportKind.BY_PERFORMANCE, "nl", moved_in=Period.LAST_7_DAYS)
    late = replace(asked, as_of_ms=NOON)
    then = await made(season, ReportKind.BY_PERFORMANCE, question=asked)
    now = await made(season, ReportKind.BY_PERFORMANCE, question=asked, now_ms=NOON + 60 * DAY_MS)
    told = await made(season, ReportKind.BY_PERFORMANCE, question=late, now_ms=NOON + 60 * DAY_MS)
    assert told.rows == then.rows != now.rows


def test_r3_20_periods_are_days_of_the_houses_own_calendar() -> None:
    """Of the week with the 25 hour day: Monday to Sunday is 7 days and an hour."""
    now_ms = at("2026-10-24T23:30", 2)
    spans = {
        period: narrowing_of(ReportQuestion(ReportKind.VAT, "nl", moved_in=period), "Europe/Amsterdam", now_ms)
        for period in Period
    }
    week, today = spans[Period.THIS_WEEK], spans[Period.TODAY]
    assert week.moved_from_ms == at("2026-10-19T00:00", 2)
    assert week.moved_until_ms == at("2026-10-26T00:00", 1)
    assert (today.moved_from_ms, today.moved_until_ms) == (at("2026-10-24T00:00", 2), at("2026-10-25T00:00", 2))
    assert spans[Period.YESTERDAY].moved_until_ms == today.moved_from_ms
    assert spans[Period.LAST_14_DAYS].moved_from_ms == at("2026-10-11T00:00", 2)
    assert spans[Period.LAST_7_DAYS].moved_from_ms == at("2026-10-18T00:00", 2)
    assert spans[Period.LAST_WEEK].moved_until_ms == week.moved_from_ms
    assert spans[Period.THIS_MONTH].moved_until_ms == at("2026-11-01T00:00", 1)
    assert spans[Period.LAST_MONTH].moved_from_ms == at("2026-09-01T00:00", 2)


async def test_pace_stands_beside_what_the_same_titles_earlier_performances_had_sold_by_then() -> None:
    """Two earlier ones: 4 days before the one had sold 2, the other 1; this one has sold 3."""
    start = NOON + 4 * DAY_MS
    shows = [
        show("old_1", starts_at_ms=start - 100 * DAY_MS),
        show("old_2", starts_at_ms=start - 50 * DAY_MS),
        show("other", starts_at_ms=start - 50 * DAY_MS, title="Mariken"),
        show("now", starts_at_ms=start),
    ]

    def sold(performance_id: str, played_ms: int, *days: int) -> list[Moved]:
        return [moved(performance_id, played_ms - each * DAY_MS, seat=f"{index}") for index, each in enumerate(days)]

    figures = FiguresTwin(shows=shows)
    figures.moved = [
        *sold("old_1", start - 100 * DAY_MS, 6, 5, 1),
        *sold("old_2", start - 50 * DAY_MS, 5, 2, 0),
        *sold("other", start - 50 * DAY_MS, 6, 6, 6),
        *sold("now", start, 6, 4, 4),
    ]
    question = ReportQuestion(ReportKind.PACE, "nl", Narrowing(performance_ids=frozenset({"now"})))
    report = await made(figures, ReportKind.PACE, question=question)
    assert report.column(Word.DAYS_BEFORE) == [6, 5, 4]
    assert report.column(Word.TICKETS_SO_FAR) == [1, 1, 3]
    # One and none, then two and one: halves are rounded up.
    assert report.column(Word.EARLIER) == [1, 2, 2]
    assert report.column(Word.AHEAD) == [0, -1, 1]
    (chart,) = report.told.charts
    assert [series.values for series in chart.series] == [(1, 1, 3), (1, 2, 2)]


async def test_r0_12_occupancy_counts_what_is_sold_and_not_what_is_promised() -> None:
    figures = FiguresTwin(shows=[show("p1", capacity=50)], moved=[moved("p1", seat=str(n)) for n in range(7)])
    report = await made(figures, ReportKind.OCCUPANCY)
    # 7 of ours and the 3 that an office has reported; not the reserved, held or allotted ones.
    assert report.column(Word.OCCUPANCY) == [Share(10, 48)]


class NoDays:
    """See DailyFigures."""

    async def daily(self, sight: Sight, narrowing: Narrowing, bounds_ms: Sequence[int]) -> Sequence[DailyRow]:
        return []


async def test_r3_20_reports_tell_the_same_occupancy_as_dashboards_one_by_one_and_in_all() -> None:
    seats = [moved(name, seat=str(n)) for name, count in (("p1", 7), ("p2", 21)) for n in range(count)]
    cancelled = replace(show("p3", capacity=30), is_cancelled=True)
    figures = FiguresTwin(shows=[show("p1", capacity=50), show("p2", capacity=99), cancelled], moved=seats)
    sight = Sight(HOUSE, whole_house=True)
    sources = FigureSources(figures, NoDays())
    dashboard = merged([(await house_part(sources, sight, Question(), NOON)).figures], NOON)
    told = {row.performance_id: row.seats.occupancy_basis_points for row in dashboard.rows}
    for kind in (ReportKind.OCCUPANCY, ReportKind.BY_PERFORMANCE):
        report = await made(figures, kind)
        shares = [share for share in report.column(Word.OCCUPANCY) if isinstance(share, Share)]
        assert [10_000 * share.part // share.whole for share in shares] == [told[name] for name in ("p1", "p2", "p3")]
        whole = report.total(Word.OCCUPANCY)
        assert isinstance(whole, Share)
        assert 10_000 * whole.part // whole.whole == dashboard.sum.seats.occupancy_basis_points


async def test_r1_offices_are_told_with_what_they_got_and_what_we_sold_with_their_discounts() -> None:
    season = a_season()
    season.given = [
        AllotmentFigures("p1", "alt_1", "off_1", "hard", 10, 3, 2, 5, is_closed=False),
        AllotmentFigures("p2", "alt_2", "off_2", "soft", 4, 0, 4, 0, is_closed=True),
    ]
    report = await made(season, ReportKind.OFFICES)
    assert [row[:5] for row in report.rows] == [("Bureau Noord", 10, 3, 2, 5), ("off_2", 4, 0, 4, 0)]
    ours = [one.movement for one in season.moved if one.movement.office_id]
    assert report.total(Word.TICKETS) == len(ours) == report.rows[0][5]
    assert report.total(Word.REVENUE) == Amount(sum(one.amount_minor for one in ours), "EUR")
    contingents = await made(season, ReportKind.CONTINGENTS)
    for row in (*contingents.rows, contingents.told.totals[0].cells):
        handed_out, *others = (int(str(cell)) for cell in row[4:8])
        assert handed_out == sum(others)


async def test_r3_20_sellers_are_told_one_by_one_and_the_buyers_of_the_shop_together() -> None:
    figures = FiguresTwin(shows=[show("p1")])
    sellers = [("BUYER", "buy_1"), ("BUYER", "buy_2"), ("STAFF", "psn_1"), ("STAFF", "psn_2"), ("RESELLER", "res_1")]
    figures.moved = [moved("p1", seller=seller, seat=str(place)) for place, seller in enumerate(sellers)]
    report = await made(figures, ReportKind.SELLERS)
    assert sorted((str(row[0]), row[1], row[4]) for row in report.rows) == [
        ("Word.BUYER", "", 2), ("Word.RESELLER", "res_1", 1), ("Word.STAFF", "psn_1", 1), ("Word.STAFF", "psn_2", 1),
    ]  # fmt: skip


async def test_seats_are_told_in_the_order_of_their_numbers() -> None:
    seats = ["B-1", "A-10", "A-2", "A-1"]
    figures = FiguresTwin(shows=[show("p1"), show("p2")], moved=[moved("p1", seat=seat) for seat in seats])
    report = await made(figures, ReportKind.SEATS)
    assert report.column(Word.SEAT) == ["A-1", "A-2", "A-10", "B-1"]
    assert report.column(Word.OCCUPANCY) == [Share(1, 2)] * 4


async def test_free_tickets_are_told_by_what_they_are_called() -> None:
    report = await made(a_season(), ReportKind.FREE_TICKETS)
    assert set(report.column(Word.TICKET_TYPE)) == {"press"}
    assert report.total(Word.TICKETS) == 3


async def test_the_funnel_is_told_in_the_order_of_a_purchase() -> None:
    steps = {"start": 40, "seats": 20, "customer": 10, "payment": 8, "done": 4}
    figures = FiguresTwin(shows=[show("p1")], steps=[FunnelStepCount("p1", *step) for step in sorted(steps.items())])
    report = await made(figures, ReportKind.FUNNEL)
    assert report.column(Word.VISITS) == list(steps.values())
    assert report.column(Word.OF_START) == [Share(visits, 40) for visits in steps.values()]


async def test_r3_3_a_promoters_report_is_of_what_is_granted_and_nothing_else() -> None:
    season = a_season()
    granted = GrantedHouse(HOUSE, "rad", "Het Rad", Sight(HOUSE, performance_ids=frozenset({"p2"})))
    for kind in TELLERS:
        season.asked.clear()
        await made(season, kind, house=granted, for_promoter=True)
        assert {sight for sight, _ in season.asked} <= {granted.sight}
    report = await made(season, ReportKind.MOVEMENTS, house=granted, for_promoter=True)
    assert len(report.rows) == sum(one.movement.performance_id == "p2" for one in season.moved)


@pytest.mark.parametrize("kind", list(TELLERS))
async def test_r3_16_a_promoters_report_names_no_customer_no_order_and_nobody_of_the_house(kind: ReportKind) -> None:
    season = a_season()
    report = await made(season, kind, for_promoter=True)
    told = {str(cell) for row in report.rows for cell in row}
    assert not told & {"cus_1", "psn_1", "res_1", "buy_1", *(one.movement.order_id for one in season.moved)}
    # The house itself is told.
    if kind is ReportKind.MOVEMENTS:
        house = await made(season, kind)
        assert {"cus_1", "psn_1", "res_1"} <= {str(cell) for row in house.rows for cell in row}


async def test_customers_are_told_with_what_they_bought_and_only_those_who_did() -> None:
    figures = FiguresTwin(shows=[show("p1")])
    figures.moved = [moved("p1", seat="1"), moved("p1", NOON + 1, seat="2"), moved("p1", NOON + 2, sign=-1, seat="1")]

    class Known:
        async def of(self, house_id: str) -> AsyncIterator[CustomerFacts]:
            yield CustomerFacts("cus_0", "Nobody Bought", "nobody@example.org", "nl")
            yield CustomerFacts("cus_1", "=Ann", "ann@example.org", "en")

    maker = ReportMaker(figures, NamesTwin(), SetClock(NOON), {ReportKind.CUSTOMERS: Buyers(Known())})
    question = ReportQuestion(ReportKind.CUSTOMERS, "nl")
    report = await read(await maker.report(question, [OURS], for_promoter=False))
    last = datetime(2026, 10, 1, 12)  # noqa: DTZ001 (the clock on the wall)
    assert report.rows == [("=Ann", "ann@example.org", "en", 1, Amount(2_450, "EUR"), last)]


def test_r3_16_nobody_gets_at_customers_by_a_report_that_asks_no_more_than_reports_do() -> None:
    """Neither people who may read reports only, nor promoters, nor mails to whoever receives them."""
    wire = report_questions_pb2.ReportQuestion(kind=report_questions_pb2.REPORT_KIND_CUSTOMERS, language="nl")
    for for_promoter in (False, True):
        (told,) = filter(None, refused_question("question", wire, for_promoter=for_promoter))
        assert told.field == "question.kind"


@pytest.mark.parametrize("kind", list(TELLERS))
async def test_r0_13_a_promoter_sees_the_performances_money_and_no_fees_of_the_house(kind: ReportKind) -> None:
    """Fees are 1.50 a ticket: no amount of money changes with them."""
    season, dearer = a_season(), a_season()
    dearer.moved = [_with_fee(one, 999) for one in dearer.moved]
    cheap, dear = [await made(each, kind, for_promoter=True) for each in (season, dearer)]
    assert cheap.rows == dear.rows
    assert cheap.told.totals == dear.told.totals


def _with_fee(one: Moved, fee: int) -> Moved:
    *own, last = one.parts
    more = fee - last.amount_minor
    movement = replace(one.movement, amount_minor=one.movement.amount_minor + more)
    return Moved(movement, (*own, replace(last, amount_minor=fee)))
