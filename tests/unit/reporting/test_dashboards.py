"""Dashboards of promoters: merged over houses, as granted now, and never a word of anything else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from services.contracts.channels import Channel
from services.reporting.domain.dashboard import Average, Revenue, Sold
from services.reporting.domain.dashboard_question import Days, Question
from services.reporting.domain.refusals import DashboardNotFound
from services.reporting.handlers.dashboards import DashboardFigures, DashboardKind
from services.runtime.errors import Refusal
from tests.unit.reporting.dashboard_stage import DAY, HOUR, NOON, PAULA, Desk
from tests.unit.reporting.memory_figures import Sale

ALL = Question()


async def shown(desk: Desk, dashboard_id: str = "", question: Question = ALL) -> DashboardFigures:
    found = await desk.dashboards.get(PAULA, dashboard_id, question)
    assert not isinstance(found, Refusal), found
    return found


def ids(found: DashboardFigures) -> set[str]:
    return {row.performance_id for row in found.merged.rows}


def two_houses() -> Desk:
    """A house that grants one production of two, and one that grants one performance of two."""
    desk = Desk()
    for performance_id, production_id in (("p1", "hamlet"), ("p2", "hamlet"), ("p3", "faust")):
        desk.figures.add("kvs", performance_id, production_id)
    for performance_id in ("q1", "q2"):
        desk.figures.add("bourla", performance_id, "medea")
    desk.grant("kvs", productions={"hamlet"})
    desk.grant("bourla", performances={"q1"})
    desk.figures.sales += [Sale(one, NOON) for one in ("p1", "p2", "p3", "q1", "q2")]
    return desk


async def test_r3_3_each_scope_of_a_grant_shows_what_it_names_and_nothing_else() -> None:
    desk = two_houses()
    assert ids(await shown(desk)) == {"p1", "p2", "q1"}
    desk.grant("kvs", whole=True)
    assert ids(await shown(desk)) == {"p1", "p2", "p3", "q1"}
    # An id of another house names nothing.
    desk.grant("kvs", performances={"q2"}, productions={"medea"})
    assert ids(await shown(desk)) == {"q1"}


async def test_r3_4_one_dashboard_merges_what_several_houses_grant() -> None:
    found = await shown(two_houses())
    assert found.entry.kind is DashboardKind.EVERYTHING
    assert [house.house_id for house in found.houses] == ["bourla", "kvs"]
    assert found.merged.sum.performances == 3
    assert found.merged.sum.sold == Sold(3, {"EUR": Revenue(6_600, 7_050)})


async def test_r3_4_dashboards_are_switched_by_name_everything_first_then_houses_then_own_ones() -> None:
    desk = two_houses()
    desk.own_dashboard("dsh_2", name="Tour", menu_place=2, production_ids=("hamlet",))
    desk.own_dashboard("dsh_1", name="Other", menu_place=1, house_ids=("bourla",))
    desk.own_dashboard("dsh_0", name="Old", archived_at_ms=NOON, house_ids=("bourla",))
    menu = await desk.dashboards.menu(PAULA)
    assert [(entry.dashboard_id, entry.name) for entry in menu] == [
        ("", ""),
        ("bourla", "Bourla"),
        ("kvs", "Kvs"),
        ("dsh_1", "Other"),
        ("dsh_2", "Tour"),
    ]
    assert [ids(await shown(desk, entry.dashboard_id)) for entry in menu] == [
        {"p1", "p2", "q1"},
        {"q1"},
        {"p1", "p2"},
        {"q1"},
        {"p1", "p2"},
    ]


async def test_what_was_withdrawn_is_gone_with_the_next_call_and_what_was_granted_is_there() -> None:
    desk = two_houses()
    tour = desk.own_dashboard("dsh_1", production_ids=("hamlet", "faust"))
    assert ids(await shown(desk, tour.dashboard_id)) == {"p1", "p2"}
    desk.withdraw("kvs")
    assert ids(await shown(desk)) == {"q1"}
    assert ids(await shown(desk, tour.dashboard_id)) == set()
    desk.grant("kvs", productions={"faust"})
    assert ids(await shown(desk, tour.dashboard_id)) == {"p3"}


async def test_a_house_that_grants_nothing_and_one_that_nobody_has_are_told_the_same() -> None:
    desk = two_houses()
    desk.figures.add("other", "x1")
    desk.grant("maker")
    for dashboard_id in ("other", "nobodys", "maker", "dsh_of_somebody_else"):
        assert await desk.dashboards.get(PAULA, dashboard_id, ALL) == DashboardNotFound(dashboard_id)
    assert await desk.dashboards.get("psn_other", "kvs", ALL) == DashboardNotFound("kvs")


async def test_r3_8_what_is_missing_is_the_houses_to_grant_and_existing_or_not_is_told_the_same() -> None:
    desk = two_houses()
    desk.grant("maker")
    # faust is there and not granted, nobodys is nobody's.
    desk.own_dashboard(
        "dsh_1", house_ids=("far",), production_ids=("hamlet", "faust", "nobodys"), performance_ids=("q2",)
    )
    found = await shown(desk, "dsh_1")
    assert ids(found) == {"p1", "p2"}
    asked = ("bourla", "kvs", "maker")
    told = [(one.house_id or one.production_id or one.performance_id, one.ask) for one in found.missing]
    assert told == [("far", ("far",)), ("faust", asked), ("nobodys", asked), ("q2", asked)]
    # The page of everything says whom to ask, too; whoever grants everything has nothing left to grant.
    assert [house.house_id for house in (await shown(desk)).to_ask] == ["bourla", "kvs", "maker"]
    desk.grant("kvs", whole=True)
    found = await shown(desk, "dsh_1")
    assert [one.production_id for one in found.missing if one.production_id] == ["nobodys"]
    assert {one.ask for one in found.missing if not one.house_id} == {("bourla", "maker")}


async def test_r3_8_the_house_that_showed_a_performance_is_asked_when_it_is_gone() -> None:
    desk = two_houses()
    desk.own_dashboard("dsh_1", performance_ids=("q1", "p1"), seen_in={"q1": "bourla", "p1": "kvs"})
    assert (await shown(desk, "dsh_1")).missing == ()
    desk.withdraw("bourla")
    (missing,) = (await shown(desk, "dsh_1")).missing
    assert (missing.performance_id, missing.ask) == ("q1", ("bourla",))


async def test_a_narrower_range_of_days_makes_nothing_missing() -> None:
    desk = two_houses()
    desk.own_dashboard("dsh_1", performance_ids=("p1",))
    found = await shown(desk, "dsh_1", Question(starts_on=Days(date(2030, 1, 1))))
    assert (ids(found), found.missing) == (set(), ())


async def test_r3_20_today_yesterday_this_week_and_the_daily_average() -> None:
    desk = Desk()
    desk.figures.add("kvs", "p1")
    desk.grant("kvs", whole=True)
    sale = Sale("p1", NOON - 9 * DAY)
    # Monday, Tuesday, yesterday (Wednesday) and today; one of today's comes back today.
    days = [*[NOON - 3 * DAY] * 2, NOON - 2 * DAY, *[NOON - DAY] * 3, *[NOON] * 4]
    desk.figures.sales += [sale, *(Sale("p1", at) for at in days), sale.back(NOON)]
    found = await shown(desk)
    (row,) = found.merged.rows
    assert (row.today, row.yesterday, row.this_week) == (3, 3, 9)
    # Over the nine days that are over since the first ticket.
    assert row.average == Average(7, 9)
    assert row.line == (0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 1, 3, 3)
    total = found.merged.sum
    assert (total.today.tickets, total.yesterday.tickets, total.this_week.tickets) == (3, 3, 9)
    assert total.today.revenues == {"EUR": Revenue(6_600, 7_050)}
    assert (total.average, total.sold.tickets) == (Average(7, 9), 10)
    assert [sold.tickets for sold in total.line.values()] == list(row.line)
    assert list(total.line)[-1] == date(2026, 3, 12)


async def test_a_sale_that_began_long_ago_is_averaged_over_28_days() -> None:
    desk = Desk()
    desk.figures.add("kvs", "p1")
    desk.figures.add("kvs", "p2")
    desk.grant("kvs", whole=True)
    desk.figures.sales += [Sale("p1", NOON - 100 * DAY), *[Sale("p1", NOON - 5 * DAY)] * 56, Sale("p2", NOON)]
    averages = {row.performance_id: row.average for row in (await shown(desk)).merged.rows}
    # What is sold today is not over.
    assert averages == {"p1": Average(56, 28), "p2": Average(0, 0)}


async def test_r3_20_occupancy_counts_what_offices_have_sold_and_leaves_out_what_is_blocked() -> None:
    desk = Desk()
    desk.figures.add("kvs", "p1", capacity=32, blocked=2, reported_sold=5, free=20, held=1, allotted=3)
    desk.figures.add("kvs", "p2", capacity=10, free=10, is_cancelled=True)
    desk.grant("kvs", whole=True)
    desk.figures.sales += [Sale("p1", NOON)] * 4
    found = await shown(desk)
    seats = {row.performance_id: row.seats for row in found.merged.rows}
    assert seats["p1"].occupancy_basis_points == 3_000
    assert (seats["p1"].sold, seats["p1"].held, seats["p1"].free, seats["p1"].capacity) == (4, 1, 20, 32)
    # A hall that stays empty because nothing takes place is no unsold hall.
    assert found.merged.sum.seats == seats["p1"]
    # Nothing can be sold: no division by nothing.
    assert replace(seats["p1"], blocked=32).occupancy_basis_points == 0


async def test_several_currencies_are_never_added_up() -> None:
    desk = Desk()
    for house_id, currency in (("kvs", "EUR"), ("oslo", "NOK"), ("bourla", "EUR")):
        desk.figures.add(house_id, f"p_{house_id}", currency=currency)
        desk.figures.sales.append(Sale(f"p_{house_id}", NOON, currency=currency))
        desk.grant(house_id, whole=True)
    total = (await shown(desk)).merged.sum
    assert total.sold == Sold(3, {"EUR": Revenue(4_400, 4_700), "NOK": Revenue(2_200, 2_350)})
    assert total.ticket_types["normal"].revenues == {"EUR": Revenue(0, 4_700), "NOK": Revenue(0, 2_350)}


async def test_r0_13_recette_is_base_and_surcharge_and_what_was_charged_is_told_beside_it() -> None:
    desk = Desk()
    desk.figures.add("kvs", "p1")
    desk.grant("kvs", whole=True)
    desk.figures.sales.append(Sale("p1", NOON, base_minor=2_300, surcharge_minor=200, fee_minor=250))
    (row,) = (await shown(desk)).merged.rows
    assert row.revenue == Revenue(recette_minor=2_500, charged_minor=2_750)


async def test_r3_20_types_and_channels() -> None:
    desk = Desk()
    desk.figures.add("kvs", "p1")
    desk.grant("kvs", whole=True)
    desk.figures.sales += [Sale("p1", NOON), Sale("p1", NOON, ticket_type="student", channel=Channel.BOX_OFFICE)]
    total = (await shown(desk)).merged.sum
    assert {name: sold.tickets for name, sold in total.ticket_types.items()} == {"normal": 1, "student": 1}
    assert {channel: sold.tickets for channel, sold in total.channels.items()} == {
        Channel.BOX_OFFICE: 1,
        Channel.ONLINE: 1,
    }


async def test_r3_20_by_transaction_date_what_was_sold_on_those_days_is_told_beside_all() -> None:
    desk = Desk()
    desk.figures.add("kvs", "p1")
    desk.figures.add("kvs", "p2")
    desk.grant("kvs", whole=True)
    desk.figures.sales += [Sale("p1", NOON - 40 * DAY), Sale("p1", NOON - 39 * DAY), Sale("p2", NOON)]
    # The 31st of January is 40 days before.
    found = await shown(desk, "", Question(sold_on=Days(date(2026, 1, 31), date(2026, 1, 31))))
    one = Sold(1, {"EUR": Revenue(2_200, 2_350)})
    assert {row.performance_id: row.in_days for row in found.merged.rows} == {"p1": one, "p2": Sold()}
    assert (found.merged.sum.in_days, found.merged.sum.sold.tickets) == (one, 3)
    assert (await shown(desk)).merged.sum.in_days is None


async def test_r3_20_by_event_date_performances_of_other_days_are_left_out() -> None:
    desk = Desk()
    desk.figures.zones["kvs"] = "Europe/Brussels"
    # Half past midnight in Brussels is the day before in UTC.
    late = int(datetime(2026, 4, 1, 22, 30, tzinfo=UTC).timestamp() * 1000)
    desk.figures.add("kvs", "p1", starts_at_ms=late)
    desk.figures.add("kvs", "p2", starts_at_ms=late - HOUR)
    desk.figures.add("kvs", "p3")
    desk.grant("kvs", whole=True)
    desk.figures.sales += [Sale("p1", NOON), Sale("p2", NOON)]
    found = await shown(desk, "", Question(starts_on=Days(date(2026, 4, 2), date(2026, 4, 2))))
    assert (ids(found), found.merged.sum.sold.tickets) == ({"p1"}, 1)


async def test_each_house_has_its_own_today() -> None:
    desk = Desk()
    # It is the 13th already in Auckland, and still the 12th in Brussels.
    desk.figures.zones |= {"kvs": "Europe/Brussels", "nz": "Pacific/Auckland"}
    desk.figures.add("kvs", "p1")
    desk.figures.add("nz", "n1")
    desk.grant("kvs", whole=True)
    desk.grant("nz", whole=True)
    desk.figures.sales += [Sale("p1", NOON), Sale("n1", NOON)]
    total = (await shown(desk)).merged.sum
    assert total.today.tickets == 2
    assert [(day.isoformat(), sold.tickets) for day, sold in total.line.items()][-2:] == [
        ("2026-03-12", 1),
        ("2026-03-13", 1),
    ]


async def test_days_of_23_and_of_25_hours_are_days() -> None:
    for night in (datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)):
        desk = Desk()
        desk.figures.zones["kvs"] = "Europe/Brussels"
        desk.figures.add("kvs", "p1")
        desk.grant("kvs", whole=True)
        is_spring = night.month == 3
        begins = int(night.timestamp() * 1000) - (1 if is_spring else 2) * HOUR
        ends = begins + (23 if is_spring else 25) * HOUR
        desk.figures.sales += [Sale("p1", at) for at in (begins - 1, begins, ends - 1, ends)]
        desk.clock.at_ms = ends
        (row,) = (await shown(desk)).merged.rows
        assert row.line[-3:] == (1, 2, 1)


async def test_what_is_to_come_is_told_first_and_the_sum_is_over_what_is_left_out_too() -> None:
    desk = Desk()
    for number in range(1_001):
        desk.figures.add("kvs", f"p{number}", starts_at_ms=NOON - number * DAY)
    desk.figures.add("kvs", "next", starts_at_ms=NOON + DAY)
    desk.figures.add("kvs", "then", starts_at_ms=NOON + 2 * DAY)
    desk.figures.add("kvs", "unsaid")
    desk.grant("kvs", whole=True)
    found = (await shown(desk)).merged
    assert [row.performance_id for row in found.rows][:4] == ["next", "then", "unsaid", "p0"]
    assert (len(found.rows), found.left_out, found.sum.performances) == (1_000, 4, 1_004)


async def test_a_long_programme_takes_no_more_questions_than_a_short_one() -> None:
    asked = []
    for length in (1, 200):
        desk = two_houses()
        for number in range(length):
            desk.figures.add("kvs", f"more_{number}", "hamlet")
        desk.figures.questions.clear()
        await shown(desk)
        asked.append(dict(desk.figures.questions))
    assert asked[0] == asked[1]
    assert max(asked[0].values()) <= 5


async def test_people_of_a_house_see_all_of_it_and_none_of_another() -> None:
    desk = two_houses()
    found = await desk.dashboards.of_house("kvs", ALL)
    assert ids(found) == {"p1", "p2", "p3"}
    assert (found.missing, found.to_ask) == ([], [])
