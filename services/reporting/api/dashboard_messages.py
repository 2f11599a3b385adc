"""Dashboards as protobuf messages. No figures are made here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from balcon.reporting.v1 import dashboards_pb2 as pb

from services.contracts.changes import etag_of
from services.contracts.wire_types import wire_channel, wire_instant, wire_money
from services.reporting.domain.dashboard import Average, HouseFigures, PerformanceRow, Revenue, Seats, Sold, Sum
from services.reporting.domain.own_dashboard import Missing, OwnDashboard
from services.reporting.handlers.dashboards import DashboardFigures, DashboardKind, Entry
from services.reporting.ports.grants import GrantedHouse

_KINDS: Mapping[DashboardKind, pb.DashboardKind.ValueType] = {
    DashboardKind.EVERYTHING: pb.DASHBOARD_KIND_EVERYTHING,
    DashboardKind.HOUSE: pb.DASHBOARD_KIND_HOUSE,
    DashboardKind.OWN: pb.DASHBOARD_KIND_OWN,
}


def figures_message(found: DashboardFigures) -> pb.DashboardFigures:
    """The whole dashboard."""
    return pb.DashboardFigures(
        dashboard_id=found.entry.dashboard_id,
        name=found.entry.name,
        kind=_KINDS[found.entry.kind],
        houses=[_house(house, part) for house, part in zip(found.houses, found.parts, strict=True) if part.rows],
        sum=_sum(found.merged.sum),
        performances=[_performance(row) for row in found.merged.rows],
        performances_left_out=found.merged.left_out,
        missing=[_missing(one) for one in found.missing],
        houses_to_ask=[_house(house) for house in found.to_ask],
        evaluated_at=wire_instant(found.evaluated_at_ms),
    )


def granted_message(found: DashboardFigures) -> pb.DashboardFigures:
    """The whole dashboard for whom it is granted to: fees are the house's own (R0.13), so nothing charged is told."""
    message = figures_message(found)
    total = message.sum
    for sold in (total.sold, total.today, total.yesterday, total.this_week, total.in_days):
        _hide_charged(sold.revenues)
    days, types, channels = total.line, total.ticket_types, total.channels
    for part in (*(day.sold for day in days), *(one.sold for one in types), *(one.sold for one in channels)):
        part.ClearField("charged")
    for row in message.performances:
        if row.HasField("revenue"):
            row.revenue.ClearField("charged")
        _hide_charged(row.in_days.revenues)
    return message


def _hide_charged(revenues: Iterable[pb.DashboardRevenue]) -> None:
    for revenue in revenues:
        revenue.ClearField("charged")


def entry_message(entry: Entry) -> pb.DashboardEntry:
    """A line of the menu."""
    own = None if entry.own is None else own_message(entry.own)
    etag = "" if own is None else own.etag
    return pb.DashboardEntry(
        dashboard_id=entry.dashboard_id, name=entry.name, kind=_KINDS[entry.kind], dashboard=own, etag=etag
    )


def own_message(own: OwnDashboard) -> pb.Dashboard:
    """What a dashboard is made of. Whose it is, is not told: nobody sees another one's."""
    return pb.Dashboard(
        dashboard_id=own.dashboard_id,
        name=own.name,
        menu_place=own.menu_place,
        house_ids=own.house_ids,
        production_ids=own.production_ids,
        performance_ids=own.performance_ids,
        created_at=wire_instant(own.created_at_ms),
        archived_at=None if own.archived_at_ms is None else wire_instant(own.archived_at_ms),
        etag=etag_of(own.revision),
    )


def _house(house: GrantedHouse, part: HouseFigures | None = None) -> pb.DashboardHouse:
    return pb.DashboardHouse(
        house_id=house.house_id,
        house_label=house.label,
        house_name=house.name,
        time_zone="" if part is None else part.zone,
        today="" if part is None else part.today.isoformat(),
    )


def _missing(one: Missing) -> pb.DashboardMissing:
    return pb.DashboardMissing(
        house_id=one.house_id,
        production_id=one.production_id,
        performance_id=one.performance_id,
        ask_house_ids=one.ask,
    )


def _performance(row: PerformanceRow) -> pb.DashboardPerformance:
    return pb.DashboardPerformance(
        house_id=row.house_id,
        performance_id=row.performance_id,
        production_id=row.production_id,
        title=row.title,
        hall_id=row.hall_id,
        starts_at=wire_instant(row.starts_at_ms) if row.starts_at_ms else None,
        is_cancelled=row.is_cancelled,
        seats=_seats(row.seats),
        revenue=_revenue(row.currency, row.revenue) if row.currency else None,
        today=row.today,
        yesterday=row.yesterday,
        this_week=row.this_week,
        average=_average(row.average),
        line=row.line,
        in_days=None if row.in_days is None else _sold(row.in_days),
        updated_at=wire_instant(row.updated_at_ms) if row.updated_at_ms else None,
    )


def _sum(found: Sum) -> pb.DashboardSum:
    return pb.DashboardSum(
        performances=found.performances,
        seats=_seats(found.seats),
        sold=_sold(found.sold),
        today=_sold(found.today),
        yesterday=_sold(found.yesterday),
        this_week=_sold(found.this_week),
        average=_average(found.average),
        line=_line(found.line.items()),
        ticket_types=[
            pb.DashboardTicketType(ticket_type=name, sold=_charged(sold)) for name, sold in found.ticket_types.items()
        ],
        channels=[
            pb.DashboardChannel(channel=wire_channel(channel), sold=_charged(sold))
            for channel, sold in found.channels.items()
        ],
        in_days=None if found.in_days is None else _sold(found.in_days),
    )


def _line(days: Iterable[tuple[date, Sold]]) -> list[pb.DashboardDay]:
    return [pb.DashboardDay(date=day.isoformat(), sold=_charged(sold)) for day, sold in days]


def _seats(seats: Seats) -> pb.DashboardSeats:
    return pb.DashboardSeats(
        capacity=seats.capacity,
        blocked=seats.blocked,
        free=seats.free,
        held=seats.held,
        reserved=seats.reserved,
        allotted=seats.allotted,
        reported_sold=seats.reported_sold,
        sold=seats.sold,
        occupancy_basis_points=seats.occupancy_basis_points,
    )


def _average(average: Average) -> pb.DashboardAverage:
    return pb.DashboardAverage(tickets=average.tickets, days=average.days)


def _sold(sold: Sold) -> pb.DashboardSold:
    return pb.DashboardSold(
        tickets=sold.tickets, revenues=[_revenue(currency, revenue) for currency, revenue in sold.revenues.items()]
    )


def _charged(sold: Sold) -> pb.DashboardCharged:
    return pb.DashboardCharged(
        tickets=sold.tickets,
        charged=[wire_money(revenue.charged_minor, currency) for currency, revenue in sold.revenues.items()],
    )


def _revenue(currency: str, revenue: Revenue) -> pb.DashboardRevenue:
    return pb.DashboardRevenue(
        recette=wire_money(revenue.recette_minor, currency), charged=wire_money(revenue.charged_minor, currency)
    )
