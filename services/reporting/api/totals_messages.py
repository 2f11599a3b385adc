"""Totals as protobuf messages. No figures are made here."""

from __future__ import annotations

from dataclasses import dataclass, field

from balcon.catalogue.v1.prices_pb2 import TicketKind
from balcon.reporting.v1.reporting_service_pb2 import ComponentSlice, PerformanceTotals, SalesLine, SalesSlice
from balcon.types.v1.money_pb2 import Money

from services.contracts.channels import Channel
from services.contracts.prices import ComponentKind
from services.contracts.wire_prices import wire_component_kind
from services.contracts.wire_types import wire_channel, wire_money
from services.reporting.domain.totals import Totals
from services.reporting.ports.figures import SumRow


@dataclass(slots=True)
class Further:
    """What is told of a performance beside its totals. Rows are of (performance, ...) as the servicer asks for them."""

    slices: list[SumRow] = field(default_factory=list)
    components: list[SumRow] = field(default_factory=list)
    open_allotments: int = 0


def performance_totals(totals: Totals, further: Further) -> PerformanceTotals:
    """Lines in order of category and channel. What was sold and is back as a whole is as what never was."""
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
        slices=[_slice(row) for row in further.slices if row.sums.tickets or row.sums.revenue_minor],
        components=[_component(row) for row in further.components if row.sums.revenue_minor],
        open_allotments=further.open_allotments,
    )


def _slice(row: SumRow) -> SalesSlice:
    _, category, kind, ticket_type, channel = row.values
    return SalesSlice(
        category=category,
        kind=TicketKind.Value(f"TICKET_KIND_{kind.upper()}"),
        ticket_type=ticket_type,
        channel=wire_channel(Channel(channel)),
        tickets=row.sums.tickets,
        revenue=wire_money(row.sums.revenue_minor, row.currency),
    )


def _component(row: SumRow) -> ComponentSlice:
    _, component, vat_class, rate = row.values
    return ComponentSlice(
        kind=wire_component_kind(ComponentKind(component)),
        vat_class=vat_class,
        vat_rate_basis_points=int(rate),
        revenue=wire_money(row.sums.revenue_minor, row.currency),
        vat=wire_money(row.sums.vat_minor, row.currency),
    )


def _money(totals: Totals, amount_minor: int) -> Money:
    return wire_money(amount_minor, totals.currency)
