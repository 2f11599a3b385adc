"""A performance's rows as Totals and back. No queries here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import RowMapping

from services.contracts.channels import Channel
from services.reporting.domain.facts import PerformanceDescribed, SeatsCounted
from services.reporting.domain.totals import LineFigures, LineKey, Totals


def channel_text(channel: Channel) -> str:
    """As rows have it since the first version: in lower case."""
    return channel.value.lower()


def channel_in_row(text: str) -> Channel:
    """The way back."""
    return Channel(text.upper())


def totals_of(row: RowMapping, lines: Iterable[RowMapping]) -> Totals:
    """One row of `performances` and its rows of `sales_lines`."""
    return Totals(
        house_id=row["house_id"],
        performance_id=row["performance_id"],
        described=_described(row),
        counted=_counted(row),
        currency=row["currency"],
        lines={
            LineKey(line["category"], channel_in_row(line["channel"])): LineFigures(
                line["tickets"], line["revenue_minor"]
            )
            for line in lines
        },
        orders_confirmed=row["orders_confirmed"],
        orders_refunded=row["orders_refunded"],
        orders_at_ms=row["orders_at_ms"],
    )


def _line(row: RowMapping) -> tuple[LineKey, LineFigures]:
    key = LineKey(row["category"], channel_in_row(row["channel"]))
    return key, LineFigures(row["tickets"], row["revenue_minor"])


def _described(row: RowMapping) -> PerformanceDescribed | None:
    if row["described_sequence"] is None:
        return None
    return PerformanceDescribed(
        house_id=row["house_id"],
        performance_id=row["performance_id"],
        sequence=row["described_sequence"],
        title=row["title"],
        capacity=row["capacity"],
        currency=row["currency"],
        at_ms=row["described_at_ms"],
    )


def _counted(row: RowMapping) -> SeatsCounted | None:
    if row["counted_epoch"] is None:
        return None
    return SeatsCounted(
        house_id=row["house_id"],
        performance_id=row["performance_id"],
        epoch=row["counted_epoch"],
        version=row["counted_version"],
        free=row["counted_free"],
        held=row["counted_held"],
        claimed=row["counted_claimed"],
        sold=row["counted_sold"],
        blocked=row["counted_blocked"],
        reserved=row["counted_reserved"] or 0,
        allotted=row["counted_allotted"] or 0,
        reported_sold=row["counted_reported_sold"] or 0,
        capacity=row["counted_capacity"],
        at_ms=row["counted_at_ms"],
    )


def values_of(totals: Totals) -> Mapping[str, Any]:
    """The columns of PERFORMANCE_COLUMNS."""
    described, counted = totals.described, totals.counted
    return {
        "currency": totals.currency,
        "described_sequence": described.sequence if described else None,
        "title": described.title if described else None,
        "capacity": described.capacity if described else None,
        "described_at_ms": described.at_ms if described else None,
        "counted_epoch": counted.epoch if counted else None,
        "counted_version": counted.version if counted else None,
        "counted_free": counted.free if counted else None,
        "counted_held": counted.held if counted else None,
        "counted_claimed": counted.claimed if counted else None,
        "counted_sold": counted.sold if counted else None,
        "counted_blocked": counted.blocked if counted else None,
        "counted_reserved": counted.reserved if counted else None,
        "counted_allotted": counted.allotted if counted else None,
        "counted_reported_sold": counted.reported_sold if counted else None,
        "counted_capacity": counted.capacity if counted else None,
        "counted_at_ms": counted.at_ms if counted else None,
        "orders_confirmed": totals.orders_confirmed,
        "orders_refunded": totals.orders_refunded,
        "orders_at_ms": totals.orders_at_ms,
    }


PERFORMANCE_COLUMNS = tuple(values_of(Totals("", "")))
