"""A dashboard on a shell: figures of each currency, a line for each performance, and whom to ask for the rest."""

from __future__ import annotations

from balcon.reporting.v1 import dashboards_pb2 as pb
from balcon.types.v1.money_pb2 import Money
from balcon.types.v1.seating_pb2 import CHANNEL_BOX_OFFICE
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console

from services.console.house.dashboard_tables import drawn_dashboard, sparkline


def money(amount_minor: int, currency: str = "EUR") -> Money:
    return Money(amount_minor=amount_minor, currency=currency)


def revenue(recette: int, charged: int, currency: str = "EUR") -> pb.DashboardRevenue:
    return pb.DashboardRevenue(recette=money(recette, currency), charged=money(charged, currency))


def answer(**more: object) -> pb.GetDashboardResponse:
    seats = pb.DashboardSeats(capacity=120, blocked=20, free=60, held=3, sold=37, occupancy_basis_points=3_700)
    figures = pb.DashboardFigures(
        houses=[
            pb.DashboardHouse(house_id="h1", house_name="KVS", time_zone="Europe/Brussels"),
            pb.DashboardHouse(house_id="h2", house_name="Oslo", time_zone="Europe/Oslo"),
        ],
        sum=pb.DashboardSum(
            seats=seats,
            sold=pb.DashboardSold(tickets=37, revenues=[revenue(92_500, 98_050), revenue(40_000, 41_000, "NOK")]),
            average=pb.DashboardAverage(tickets=30, days=12),
            channels=[
                pb.DashboardChannel(channel=CHANNEL_BOX_OFFICE, sold=pb.DashboardCharged(tickets=4, charged=[money(1)]))
            ],
        ),
        performances=[
            pb.DashboardPerformance(
                house_id="h1",
                performance_id="p1",
                title="Hamlet [live]",
                starts_at=Timestamp(seconds=1_800_000_000),
                seats=seats,
                revenue=revenue(92_500, 98_050),
                today=4,
                line=[0] * 12 + [2, 4],
                average=pb.DashboardAverage(tickets=30, days=12),
            ),
            pb.DashboardPerformance(house_id="h2", performance_id="p2", is_cancelled=True, line=[0] * 14),
        ],
        houses_to_ask=[pb.DashboardHouse(house_id="h2", house_name="Oslo")],
        **more,  # type: ignore[arg-type]
    )
    return pb.GetDashboardResponse(figures=figures)


def drawn(told: pb.GetDashboardResponse) -> str:
    console = Console(width=200, color_system=None)
    with console.capture() as captured:
        console.print(drawn_dashboard(told))
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def test_every_figure_that_promoters_look_at_is_there() -> None:
    text = drawn(answer())
    assert "925.00 EUR + 400.00 NOK" in text
    assert "box office" in text
    (line,) = [one for one in text.splitlines() if "Hamlet [live]" in one]
    # Begins by the house's clock; sold of what can be sold.
    figures = "2027-01-15 09:00 Hamlet [live] KVS 37 100 37.0 % 3 60 4 0 0 2.5 ▁▁▁▁▁▁▁▁▁▁▁▁▅█ 925.00 EUR"
    assert line.split() == figures.split()
    assert "p2 (cancelled)" in text


def test_r3_8_it_says_whom_to_ask_for_what_is_missing() -> None:
    assert "A performance is missing? It is the house's to grant: Oslo." in drawn(answer())
    missing = pb.DashboardMissing(performance_id="p9", ask_house_ids=["h2", "h9"])
    text = drawn(answer(missing=[missing], performances_left_out=1_200))
    assert "p9 is not granted to you: ask Oslo, h9." in text
    assert "1,200 more are in the figures above." in text


def test_a_bar_is_as_high_as_its_share_of_the_highest_and_what_is_sold_is_never_nothing() -> None:
    assert sparkline([0, 1, 4, 8, -3]) == "▁▂▅█▁"
    assert sparkline([1, 1_000]) == "▂█"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([]) == ""
