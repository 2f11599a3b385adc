"""A dashboard as people like to read it: the figures in all, then each performance in a line with its last 14 days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from balcon.reporting.v1 import dashboards_pb2 as pb
from balcon.types.v1 import seating_pb2
from balcon.types.v1.money_pb2 import Money
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from services.contracts.house_time import local_of, local_text
from services.contracts.money import decimal_text
from services.contracts.wire_types import instant_ms

_BARS = "▁▂▃▄▅▆▇█"


def drawn_dashboard(answer: Any) -> RenderableType:
    """Of GetDashboard and GetHouseDashboard."""
    figures: pb.DashboardFigures = answer.figures
    parts: list[RenderableType] = [_in_all(figures), _performances(figures)]
    if figures.performances_left_out:
        parts.append(Text(f"{figures.performances_left_out:,} more are in the figures above.", style="dim"))
    return Group(*parts, *_missing(figures))


def sparkline(values: Sequence[int]) -> str:
    """A bar for each value, the highest one full. What is nothing, or less, has the lowest."""
    top = max(values, default=0)
    steps = len(_BARS) - 1
    return "".join(_BARS[-(-max(value, 0) * steps // top) if top > 0 else 0] for value in values)


def _in_all(figures: pb.DashboardFigures) -> Table:
    total = figures.sum
    table = Table(box=None, pad_edge=False, title=escape(figures.name) or None, title_justify="left")
    table.add_column("")
    for name in ("tickets", "revenue", "charged"):
        table.add_column(name, justify="right")
    for name, sold in (
        ("today", total.today),
        ("yesterday", total.yesterday),
        ("this week", total.this_week),
        ("in these days", total.in_days if total.HasField("in_days") else None),
        ("in all", total.sold),
    ):
        if sold is not None:
            recettes = _amounts(one.recette for one in sold.revenues)
            table.add_row(name, f"{sold.tickets:,}", recettes, _amounts(one.charged for one in sold.revenues))
    table.add_row("daily average", _average(total.average), "", "")
    for channel in total.channels:
        name = seating_pb2.Channel.Name(channel.channel).removeprefix("CHANNEL_").lower().replace("_", " ")
        table.add_row(f"  {name}", f"{channel.sold.tickets:,}", "", _amounts(channel.sold.charged), style="dim")
    for kind in total.ticket_types:
        table.add_row(
            f"  {escape(kind.ticket_type)}", f"{kind.sold.tickets:,}", "", _amounts(kind.sold.charged), style="dim"
        )
    seats = total.seats
    table.add_row("occupancy", _percent(seats), f"of {seats.capacity - seats.blocked:,} seats", "")
    table.add_row("14 days", sparkline([day.sold.tickets for day in total.line]), "", "")
    return table


def _performances(figures: pb.DashboardFigures) -> Table:
    houses = {house.house_id: house for house in figures.houses}
    table = Table(box=None, pad_edge=False)
    table.add_column("begins")
    table.add_column("title", overflow="fold")
    if len(houses) > 1:
        table.add_column("house", overflow="fold")
    for name in ("sold", "of", "full", "held", "free", "today", "yest.", "week", "a day"):
        table.add_column(name, justify="right")
    table.add_column("14 days")
    table.add_column("revenue", justify="right")
    for row in figures.performances:
        house, seats = houses[row.house_id], row.seats
        begins = local_text(local_of(house.time_zone, instant_ms(row.starts_at))) if row.HasField("starts_at") else "-"
        table.add_row(
            begins,
            escape(row.title or row.performance_id) + (" (cancelled)" if row.is_cancelled else ""),
            *([escape(house.house_name or house.house_id)] if len(houses) > 1 else []),
            f"{seats.sold:,}",
            f"{seats.capacity - seats.blocked:,}",
            _percent(seats),
            *(f"{number:,}" for number in (seats.held, seats.free, row.today, row.yesterday, row.this_week)),
            _average(row.average),
            sparkline(row.line),
            _amounts([row.revenue.recette]) if row.HasField("revenue") else "-",
            style="dim" if row.is_cancelled else "",
        )
    return table


def _missing(figures: pb.DashboardFigures) -> list[RenderableType]:
    """R3.8: what is missing is a house's to grant, and this says whose."""
    names = {house.house_id: house.house_name or house.house_id for house in figures.houses_to_ask}
    lines: list[RenderableType] = []
    for one in figures.missing:
        thing = one.performance_id or one.production_id or one.house_id
        asked = ", ".join(names.get(house_id, house_id) for house_id in one.ask_house_ids)
        lines.append(Text(f"{thing} is not granted to you: ask {asked or 'its house'}.", style="yellow"))
    if names and not figures.missing:
        lines.append(
            Text(f"A performance is missing? It is the house's to grant: {', '.join(names.values())}.", style="dim")
        )
    return lines


def _amounts(amounts: Iterable[Money]) -> str:
    """The figure first, so that a column of one currency lines up."""
    told = [f"{decimal_text(one.amount_minor, one.currency)} {one.currency}" for one in amounts if one.currency]
    return " + ".join(told) or "-"


def _average(average: pb.DashboardAverage) -> str:
    return f"{average.tickets / average.days:,.1f}" if average.days else "-"


def _percent(seats: pb.DashboardSeats) -> str:
    return f"{seats.occupancy_basis_points / 100:.1f} %"
