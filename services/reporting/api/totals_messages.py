"""Totals as protobuf messages. No figures are made here."""

from __future__ import annotations

from balcon.reporting.v1.reporting_service_pb2 import PerformanceTotals, SalesLine
from balcon.types.v1.money_pb2 import Money

from services.contracts.wire_types import wire_channel, wire_money
from services.reporting.domain.totals import Totals


def performance_totals(totals: Totals) -> PerformanceTotals:
    """Lines in order of category and channel."""
    lines = sorted(totals.lines.items(), key=lambda item: (item[0].category, wire_channel(item[0].channel)))
    return PerformanceTotals(
        house_id=totals.house_id,
        performance_id=totals.performance_id,
        capacity=totals.capacity,
        sold=totals.sold,
        held=totals.held,
        free=totals.free,
        blocked=totals.blocked,
        reserved=totals.reserved,
        allotted=totals.allotted,
        reported_sold=totals.reported_sold,
        revenue=_money(totals, totals.revenue_minor),
        lines=[
            SalesLine(
                category=line.category,
                channel=wire_channel(line.channel),
                tickets=figures.tickets,
                revenue=_money(totals, figures.revenue_minor),
            )
            for line, figures in lines
        ],
        orders_confirmed=totals.orders_confirmed,
        orders_refunded=totals.orders_refunded,
        updated_at_ms=totals.updated_at_ms,
    )


def _money(totals: Totals, amount_minor: int) -> Money:
    return wire_money(amount_minor, totals.currency)
