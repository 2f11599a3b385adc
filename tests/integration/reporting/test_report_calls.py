"""Reports over real gRPC and the real read models: rows, files, the house's style, and neighbours that are away."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import openpyxl
import pytest
from balcon.accounts.v1 import accounts_service_pb2 as accounts
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceServicer, add_AccountsServiceServicer_to_server
from balcon.accounts.v1.houses_pb2 import House
from balcon.catalogue.v1 import catalogue_service_pb2 as catalogue
from balcon.catalogue.v1.catalogue_service_pb2_grpc import (
    CatalogueServiceServicer,
    add_CatalogueServiceServicer_to_server,
)
from balcon.reporting.v1 import reports_service_pb2 as pb
from balcon.reporting.v1.reports_service_pb2_grpc import ReportsServiceStub, add_ReportsServiceServicer_to_server
from balcon.ticketing.v1 import ticketing_service_pb2 as ticketing
from balcon.ticketing.v1.ticketing_service_pb2_grpc import (
    TicketingServiceServicer,
    add_TicketingServiceServicer_to_server,
)

from services.reporting.adapters.grpc_grants import GrpcGrants
from services.reporting.adapters.grpc_house_styles import GrpcHouseStyles
from services.reporting.adapters.grpc_names import GrpcNames
from services.reporting.api import report_messages
from services.reporting.api.reports_servicer import ReportsServicer
from services.reporting.domain.report_kinds import FileFormat
from services.reporting.handlers import report_files
from services.reporting.handlers.report_files import ReportFileMaker
from services.reporting.handlers.report_making import ReportMaker
from services.reporting.handlers.sights import Sights
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.errors import refusal_of
from services.runtime.rpc.server import RpcServer
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.reporting.figures_stage import figures_stage, house, line, performance, sale
from tests.unit.paper.pdf_reading import pictures, texts
from tests.unit.reporting.figures_twin import HOUSE

EVIL = '=HYPERLINK("http://evil.example","Prize")'
GREEN = (11, 93, 78)
COPIES = 3


class Houses(AccountsServiceServicer):
    """One house. Whatever else is asked has no answer, here and below."""

    async def GetHouse(self, request: accounts.GetHouseRequest, context: Any) -> accounts.GetHouseResponse:  # noqa: N802
        known = {"name": "Schouwburg Het Rad", "time_zone": "Europe/Amsterdam", "currency": "EUR"}
        return accounts.GetHouseResponse(house=House(house_id=request.house_id, **known))


class Halls(CatalogueServiceServicer):
    """One hall."""

    async def ListHalls(self, request: catalogue.ListHallsRequest, context: Any) -> catalogue.ListHallsResponse:  # noqa: N802
        return catalogue.ListHallsResponse(halls=[catalogue.Hall(hall_id="hall_1", name="Grote zaal")])


class Styles(TicketingServiceServicer):
    """Green paper."""

    async def GetPaperStyle(  # noqa: N802
        self, request: ticketing.GetPaperStyleRequest, context: Any
    ) -> ticketing.GetPaperStyleResponse:
        return ticketing.GetPaperStyleResponse(paper_style=ticketing.PaperStyle(primary_color="#0B5D4E"))


@dataclass
class Reports:
    """The service, and its neighbours, who can be sent away."""

    stub: Any
    neighbours: grpc.aio.Server

    async def run(self, kind: str, language: str = "nl", **asked: Any) -> pb.RunReportResponse:
        answer: pb.RunReportResponse = await self.stub.RunReport(
            pb.RunReportRequest(house_id=HOUSE, question=question(kind, language, **asked))
        )
        return answer

    async def file(self, kind: str, form: str, language: str = "nl") -> tuple[pb.ReportFile, bytes]:
        request = pb.DownloadReportRequest(
            house_id=HOUSE, question=question(kind, language), format=pb.ReportFormat.Value(f"REPORT_FORMAT_{form}")
        )
        parts = [part async for part in self.stub.DownloadReport(request)]
        assert all(len(part.data) <= 1024 * 1024 for part in parts)
        return parts[0].file, b"".join(part.data for part in parts[1:])


def question(kind: str, language: str, **asked: Any) -> pb.ReportQuestion:
    return pb.ReportQuestion(kind=pb.ReportKind.Value(f"REPORT_KIND_{kind}"), language=language, **asked)


@asynccontextmanager
async def reports(url: str) -> AsyncIterator[Reports]:
    sales = [
        sale(f"o{number}", "p1", f"2026-12-0{number + 1} 12:00", line(f"A-{number}", category=EVIL))
        for number in range(COPIES)
    ]
    clock = SystemClock()
    outside = grpc.aio.server()
    add_AccountsServiceServicer_to_server(Houses(), outside)  # type: ignore[abstract]
    add_CatalogueServiceServicer_to_server(Halls(), outside)  # type: ignore[abstract]
    add_TicketingServiceServicer_to_server(Styles(), outside)  # type: ignore[abstract]
    port = outside.add_insecure_port("127.0.0.1:0")
    await outside.start()
    server = RpcServer(clock=clock, ids=RandomIds())
    async with (
        figures_stage(url, house(), performance("p1"), *sales) as stage,
        open_channel(f"127.0.0.1:{port}", clock, timeout_seconds=3, wait_for_ready=False) as near,
    ):
        styles = GrpcHouseStyles(near, near)
        maker = ReportMaker(stage.figures, GrpcNames(near), clock)
        files = ReportFileMaker(maker, stage.figures, styles, clock)
        servicer = ReportsServicer(maker, files, Sights(GrpcGrants(near)), styles)
        server.add(lambda grpc_server: add_ReportsServiceServicer_to_server(servicer, grpc_server), "reports")
        await server.start()
        async with open_channel(f"127.0.0.1:{server.port}", clock) as channel:
            yield Reports(ReportsServiceStub(channel), outside)
        await server.stop(0)
    await outside.stop(0)


async def test_r3_6_a_report_is_rows_a_pdf_a_workbook_and_a_csv_with_the_same_figures(
    database_url: DatabaseUrl, monkeypatch: Any
) -> None:
    async with reports(database_url("reporting")) as served:
        told = await served.run("BY_CATEGORY")
        assert [column.key for column in told.columns][:2] == ["category", "tickets_sold"]
        (row,), (total,) = told.house.rows, told.house.totals
        assert (told.title, told.house.name, row.cells[0].text) == ("Verkoop per rang", "Schouwburg Het Rad", EVIL)
        assert (row.cells[3].number, row.cells[6].money.amount_minor, total.cells[0].text) == (3, 7_950, "Totaal")

        file, content = await served.file("BY_CATEGORY", "PDF")
        assert file.file_name.startswith("by-category-20")
        assert (file.file_name[-4:], file.content_type, file.size_bytes) == (".pdf", "application/pdf", len(content))
        (text,) = texts(content)
        assert "Schouwburg Het Rad" in text
        assert "€ 79,50" in text.replace("\u00a0", " ")
        # The house's own colour, at the upper edge.
        assert pictures(content, 1.0)[0].getpixel((100, 4)) == GREEN

        _, content = await served.file("BY_CATEGORY", "EXCEL", "de")
        sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
        assert (sheet["A2"].value, sheet["A2"].data_type, sheet["G2"].value) == (EVIL, "s", 79.5)

        _, content = await served.file("BY_CATEGORY", "CSV")
        lines = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
        assert (lines[1][0], lines[1][8:10]) == (f"'{EVIL}", ["79.50", "EUR"])

        venue = await served.run("BY_VENUE")
        assert venue.house.rows[0].cells[0].text == "Grote zaal"

        # What is too long for an answer is cut and says so, for a file it is refused.
        monkeypatch.setattr(report_messages, "MOST_TOLD", 2)
        monkeypatch.setattr("services.reporting.api.reports_servicer.MOST_TOLD", 2)
        cut = (await served.run("MOVEMENTS")).house
        assert (len(cut.rows), cut.is_cut, cut.totals[0].cells[3].number) == (2, True, 3)
        monkeypatch.setitem(report_files.MOST_ROWS, FileFormat.PDF, 2)
        refused = await refusal(served.file("MOVEMENTS", "PDF"))
        assert refused == (grpc.StatusCode.FAILED_PRECONDITION, "REPORT_TOO_LONG")


async def test_a_house_that_nobody_tells_about_gets_a_plain_report(database_url: DatabaseUrl) -> None:
    async with reports(database_url("reporting")) as served:
        await served.neighbours.stop(0)
        told = await served.run("BY_VENUE")
        assert (told.house.name, told.house.rows[0].cells[0].text) == (HOUSE, "hall_1")
        _, content = await served.file("BY_VENUE", "PDF")
        assert HOUSE in texts(content)[0]
        # Plain is dark blue.
        assert pictures(content, 1.0)[0].getpixel((100, 4)) == (31, 42, 68)


async def test_all_that_is_wrong_with_a_question_is_told_at_once(database_url: DatabaseUrl) -> None:
    async with reports(database_url("reporting")) as served:
        asked = pb.ReportFilter(hall_ids=["a"] * 101, moved_in=pb.REPORT_PERIOD_TODAY)
        asked.moved_from_at.seconds = 1_900_000_000
        asked.moved_until_at.seconds = 1_800_000_000
        wrong = pb.ReportQuestion(kind=pb.REPORT_KIND_VAT, interval=pb.REPORT_INTERVAL_DAY, language="fr", filter=asked)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await served.stub.RunReport(pb.RunReportRequest(house_id=HOUSE, question=wrong))
    told = refusal_of(caught.value)
    assert told is not None
    assert {violation.field for violation in told.violations} == {
        "question.interval",
        "question.language",
        "question.filter.hall_ids",
        "question.filter.moved_until_at",
        "question.filter.moved_in",
    }


async def refusal(call: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    told = refusal_of(caught.value)
    assert told is not None, caught.value
    return told.code, told.reason
