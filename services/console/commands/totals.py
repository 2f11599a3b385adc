"""`balcon totals`: what reporting tells of each performance."""

from __future__ import annotations

from collections.abc import Iterable

from balcon.reporting.v1 import reporting_service_pb2 as pb
from balcon.reporting.v1.reporting_service_pb2_grpc import ReportingServiceStub
from balcon.types.v1 import seating_pb2
from balcon.types.v1.money_pb2 import Money
from google.protobuf.json_format import MessageToDict
from rich.table import Table

from services.console.terminal import OUT, print_json
from services.contracts.bounds import MAX_PAGE_SIZE
from services.contracts.money import decimal_text
from services.runtime.clock import SystemClock
from services.runtime.rpc.client import open_channel

_PAGE = MAX_PAGE_SIZE


async def run_totals(target: str, house_id: str, as_json: bool) -> None:
    """Prints the totals of all performances of a house."""
    totals = await list_totals(target, house_id)
    if as_json:
        print_json([MessageToDict(row, preserving_proto_field_name=True) for row in totals])
    else:
        OUT.print(as_table(totals))


async def list_totals(target: str, house_id: str) -> list[pb.PerformanceTotals]:
    """Every page of ListTotals."""
    totals: list[pb.PerformanceTotals] = []
    async with open_channel(target, SystemClock()) as channel:
        reporting = ReportingServiceStub(channel)
        token = ""
        while True:
            page = await reporting.ListTotals(
                pb.ListTotalsRequest(house_id=house_id, page_size=_PAGE, page_token=token)
            )
            totals += page.totals
            token = page.next_page_token
            if not token:
                return totals


def _money(money: Money) -> str:
    """The figure first, so that a column of one currency lines up. Nothing sold and nothing priced has no currency."""
    return f"{decimal_text(money.amount_minor, money.currency)} {money.currency}" if money.currency else "-"


def as_table(totals: Iterable[pb.PerformanceTotals]) -> Table:
    """One line a performance, and under it one for each category and channel."""
    table = Table(title="Totals", title_justify="left")
    table.add_column("performance", overflow="fold")
    for column in ("capacity", "sold", "held", "free", "blocked", "reserved", "with offices", "revenue"):
        table.add_column(column, justify="right")
    for row in totals:
        revenue = _money(row.revenue)
        with_offices = row.allotted + row.reported_sold
        counted = (row.capacity, row.sold, row.held, row.free, row.blocked, row.reserved, with_offices)
        counts = [f"{count:,}" for count in counted]
        table.add_row(row.performance_id, *counts, revenue)
        for line in row.lines:
            channel = seating_pb2.Channel.Name(line.channel).removeprefix("CHANNEL_").lower()
            amount = _money(line.revenue)
            not_told = [""] * (len(counts) - 2)
            cells = "", f"{line.tickets:,}", *not_told, amount
            table.add_row(f"  {line.category} / {channel}", *cells, style="dim")
    return table
