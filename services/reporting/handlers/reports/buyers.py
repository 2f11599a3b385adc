"""Customers with what they bought: the only report with personal data in it, for people who may read customers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime

from services.contracts.house_time import local_of
from services.paper.tables import Amount, CellKind
from services.reporting.domain.report import ReportColumn, ReportRow, Told
from services.reporting.domain.report_kinds import Interval
from services.reporting.domain.report_words import Word
from services.reporting.handlers.reports.asked import HouseQuestion
from services.reporting.ports.customers import Customers


@dataclass(frozen=True, slots=True)
class _Bought:
    """Of one customer in one currency."""

    tickets: int = 0
    amount_minor: int = 0
    last_ms: int = 0


class Buyers:
    """Whoever bought nothing of what is asked for is left out; a customer who was erased is in no list any more."""

    title = Word.CUSTOMERS

    def __init__(self, customers: Customers) -> None:
        self._customers = customers

    def columns(self, interval: Interval, *, for_promoter: bool) -> tuple[ReportColumn, ...]:
        """Name, address, language, tickets, revenue, the last time."""
        assert not for_promoter, "promoters ask the customers service, which knows who has consented (R3.16)"
        return (
            ReportColumn(Word.NAME),
            ReportColumn(Word.EMAIL),
            ReportColumn(Word.LANGUAGE),
            ReportColumn(Word.TICKETS, CellKind.NUMBER),
            ReportColumn(Word.REVENUE, CellKind.MONEY),
            ReportColumn(Word.MOVED, CellKind.MOMENT),
        )

    async def told(self, asked: HouseQuestion) -> Told:
        """Of one house."""
        bought: dict[str, dict[str, _Bought]] = defaultdict(dict)
        async for one in asked.figures.movements(asked.sight, asked.narrowing):
            before = bought[one.customer_id].get(one.currency, _Bought())
            bought[one.customer_id][one.currency] = replace(
                before,
                tickets=before.tickets + one.tickets,
                amount_minor=before.amount_minor + one.amount_minor,
                last_ms=max(before.last_ms, one.at_ms),
            )

        async def rows() -> AsyncIterator[ReportRow]:
            async for customer in self._customers.of(asked.sight.house_id):
                for currency, own in sorted(bought.get(customer.customer_id, {}).items()):
                    yield (
                        customer.name,
                        customer.email,
                        customer.language,
                        own.tickets,
                        Amount(own.amount_minor, currency),
                        _moment(asked.zone, own.last_ms),
                    )

        return Told(rows())


def _moment(zone: str, ms: int) -> datetime:
    return local_of(zone, ms).replace(microsecond=0)
