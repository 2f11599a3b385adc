"""The demo's promoter: made by the house, granted this one performance, reads its figures and takes them as a PDF."""

from __future__ import annotations

import asyncio
from pathlib import Path

import grpc
import msgspec
from balcon.accounts.v1 import accounts_service_pb2 as pb
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from balcon.reporting.v1 import reports_service_pb2 as reports
from balcon.reporting.v1.reports_service_pb2_grpc import ReportsServiceStub

from services.console.sale.demo_house import DemoHouse, OnSale
from services.console.stack.credentials import password_for
from services.console.stack.letters import newest_link
from services.contracts.money import decimal_text
from services.runtime.call_context import act_as
from services.runtime.clock import Clock

PROMOTER = "tour@promoter.example"
_CALL_SECONDS = 60.0
_TICKETS = "tickets"
_REVENUE = "revenue"


class PromoterFigures(msgspec.Struct, frozen=True):
    """What the promoter is told of the sale, and where the file of it is."""

    tickets: int
    revenue: str
    file: str
    size_bytes: int


class DemoPromoter:
    """Somebody outside of the house who may see one performance of it, and nothing else."""

    def __init__(
        self, accounts: grpc.aio.Channel, reporting: grpc.aio.Channel, house: DemoHouse, data: Path, clock: Clock
    ) -> None:
        self._accounts = AccountsServiceStub(accounts)
        self._reports = ReportsServiceStub(reporting)
        self._house = house
        self._data = data
        self._clock = clock
        # Lives longer than what is left of a demo.
        self._token = ""

    async def report(self, on_sale: OnSale, path: Path) -> PromoterFigures:
        """Has the house grant the performance, then asks and downloads as the promoter. Writes `path`."""
        if not self._token:
            await self._house.as_owner(self._grant(on_sale))
            self._token = await self._log_in()
        # In a task of its own: only what is asked here is asked as the promoter.
        return await asyncio.create_task(self._as_promoter(path))

    async def _grant(self, on_sale: OnSale) -> None:
        made = pb.CreatePromoterRequest(
            idempotency_key=f"promoter-{on_sale.house_id}", house_id=on_sale.house_id, name="The tour", email=PROMOTER
        )
        await self._accounts.CreatePromoter(made, timeout=_CALL_SECONDS)
        grant = pb.GrantAccessRequest(
            idempotency_key=f"grant-{on_sale.performance.performance_id}",
            house_id=on_sale.house_id,
            email=PROMOTER,
            performance_ids=[on_sale.performance.performance_id],
        )
        await self._accounts.GrantAccess(grant, timeout=_CALL_SECONDS)

    async def _log_in(self) -> str:
        password = password_for(PROMOTER)
        secret = (await newest_link(self._data, PROMOTER, self._clock)).rpartition("/")[2]
        reset = pb.ResetPasswordRequest(link_secret=secret, new_password=password)
        await self._accounts.ResetPassword(reset, timeout=_CALL_SECONDS)
        login = pb.LogInRequest(email=PROMOTER, password=password, device="balcon demo")
        session = await self._accounts.LogIn(login, timeout=_CALL_SECONDS)
        issued = await self._accounts.IssueToken(pb.IssueTokenRequest(session_secret=session.session_secret))
        return issued.token

    async def _as_promoter(self, path: Path) -> PromoterFigures:
        act_as(lambda: f"Bearer {self._token}")
        question = reports.ReportQuestion(kind=reports.REPORT_KIND_BY_CATEGORY, language="en")
        told = await self._reports.RunGrantedReport(
            reports.RunGrantedReportRequest(question=question), timeout=_CALL_SECONDS
        )
        wanted = reports.DownloadGrantedReportRequest(question=question, format=reports.REPORT_FORMAT_PDF)
        content = b"".join(
            [part.data async for part in self._reports.DownloadGrantedReport(wanted, timeout=_CALL_SECONDS)]
        )
        await asyncio.to_thread(path.write_bytes, content)
        tickets, revenue = _totals(told)
        return PromoterFigures(tickets, revenue, str(path), len(content))


def _totals(told: reports.RunGrantedReportResponse) -> tuple[int, str]:
    """Tickets and money that the report ends with; the demo has one house and one currency."""
    places = {column.key: place for place, column in enumerate(told.columns)}
    totals = [total.cells for house in told.houses for total in house.totals]
    tickets = sum(cells[places[_TICKETS]].number for cells in totals)
    amounts = [cells[places[_REVENUE]].money for cells in totals]
    return tickets, ", ".join(f"{decimal_text(one.amount_minor, one.currency)} {one.currency}" for one in amounts)
