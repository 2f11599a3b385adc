"""balcon.reporting.v1.ReportsService: for people of the house all of it, for promoters what is granted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from balcon.reporting.v1 import reports_service_pb2 as pb
from balcon.reporting.v1.reports_service_pb2_grpc import ReportsServiceServicer

from services.contracts.bounds import PART_BYTES
from services.contracts.languages import refused_language
from services.reporting.api.callers import calling_person
from services.reporting.api.report_messages import MOST_TOLD, column_messages, house_message
from services.reporting.api.report_questions import (
    customers_question,
    format_of,
    question_of,
    refused_filter,
    refused_format,
    refused_houses,
    refused_question,
    refused_sellers,
    wire_kind,
)
from services.reporting.domain.report import Report
from services.reporting.domain.report_kinds import Interval
from services.reporting.handlers.report_making import ReportMaker
from services.reporting.handlers.reports.registry import TELLERS
from services.reporting.handlers.sights import Sights
from services.reporting.paper.speech import Speech
from services.reporting.ports.figures import Sight
from services.reporting.ports.grants import GrantedHouse
from services.reporting.ports.house_styles import HouseStyles
from services.reporting.ports.report_files import ReportFile, ReportFiles, ReportQuestion
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept, answered
from services.runtime.rpc.interceptors import Context


class ReportsServicer(ReportsServiceServicer):
    """Stateless; who may ask for a house is checked before, what a promoter may see is asked each time."""

    def __init__(self, maker: ReportMaker, files: ReportFiles, sights: Sights, houses: HouseStyles) -> None:
        self._maker = maker
        self._files = files
        self._sights = sights
        self._houses = houses

    async def ListReportKinds(  # noqa: N802
        self, request: pb.ListReportKindsRequest, context: Context
    ) -> pb.ListReportKindsResponse:
        accept(refused_language("language", request.language))
        speech = Speech(request.language)
        return pb.ListReportKindsResponse(
            reports=[
                pb.ReportDescription(
                    kind=wire_kind(kind),
                    title=speech.say(teller.title),
                    columns=column_messages(teller.columns(Interval.DAY, for_promoter=False), speech),
                    granted_columns=column_messages(teller.columns(Interval.DAY, for_promoter=True), speech),
                )
                for kind, teller in TELLERS.items()
            ]
        )

    async def RunReport(self, request: pb.RunReportRequest, context: Context) -> pb.RunReportResponse:  # noqa: N802
        accept(
            refused_key("house_id", request.house_id),
            *refused_question("question", request.question, for_promoter=False),
        )
        question, houses = question_of(request.question), [await self._whole(request.house_id)]
        report = await self._maker.report(question, houses, for_promoter=False)
        told = await _told(report, question)
        speech = Speech(question.language)
        columns = column_messages(report.columns, speech)
        return pb.RunReportResponse(title=speech.say(report.title), columns=columns, house=told[0])

    async def RunGrantedReport(  # noqa: N802
        self, request: pb.RunGrantedReportRequest, context: Context
    ) -> pb.RunGrantedReportResponse:
        accept(
            *refused_question("question", request.question, for_promoter=True),
            refused_sellers("question.filter.seller_ids", request.question.filter),
            *refused_houses("house_ids", request.house_ids),
        )
        question, houses = question_of(request.question), await self._granted(request.house_ids)
        report = await self._maker.report(question, houses, for_promoter=True)
        told = await _told(report, question)
        speech = Speech(question.language)
        columns = column_messages(report.columns, speech)
        return pb.RunGrantedReportResponse(title=speech.say(report.title), columns=columns, houses=told)

    async def DownloadReport(  # noqa: N802
        self, request: pb.DownloadReportRequest, context: Context
    ) -> AsyncIterator[pb.DownloadReportResponse]:
        accept(
            refused_key("house_id", request.house_id),
            *refused_question("question", request.question, for_promoter=False),
            refused_format("format", request.format),
        )
        question, houses = question_of(request.question), [await self._whole(request.house_id)]
        async with self._files.made(question, houses, format_of(request.format), for_promoter=False) as made:
            file = answered(made)
            yield pb.DownloadReportResponse(file=_file_message(file))
            while part := file.file.read(PART_BYTES):
                yield pb.DownloadReportResponse(data=part)

    async def DownloadCustomersReport(  # noqa: N802
        self, request: pb.DownloadCustomersReportRequest, context: Context
    ) -> AsyncIterator[pb.DownloadCustomersReportResponse]:
        accept(
            refused_key("house_id", request.house_id),
            *refused_filter("filter", request.filter),
            refused_language("language", request.language),
            refused_format("format", request.format),
        )
        question = customers_question(request.filter, request.language)
        houses, form = [await self._whole(request.house_id)], format_of(request.format)
        async with self._files.made(question, houses, form, for_promoter=False) as made:
            file = answered(made)
            yield pb.DownloadCustomersReportResponse(file=_file_message(file))
            while part := file.file.read(PART_BYTES):
                yield pb.DownloadCustomersReportResponse(data=part)

    async def DownloadGrantedReport(  # noqa: N802
        self, request: pb.DownloadGrantedReportRequest, context: Context
    ) -> AsyncIterator[pb.DownloadGrantedReportResponse]:
        accept(
            *refused_question("question", request.question, for_promoter=True),
            refused_sellers("question.filter.seller_ids", request.question.filter),
            refused_format("format", request.format),
            *refused_houses("house_ids", request.house_ids),
        )
        question, houses = question_of(request.question), await self._granted(request.house_ids)
        async with self._files.made(question, houses, format_of(request.format), for_promoter=True) as made:
            file = answered(made)
            yield pb.DownloadGrantedReportResponse(file=_file_message(file))
            while part := file.file.read(PART_BYTES):
                yield pb.DownloadGrantedReportResponse(data=part)

    async def _whole(self, house_id: str) -> GrantedHouse:
        return GrantedHouse(house_id, "", await self._houses.name(house_id), Sight(house_id, whole_house=True))

    async def _granted(self, wanted: Sequence[str]) -> list[GrantedHouse]:
        """A house that grants nothing is as one that there is not."""
        granted = await self._sights.of(calling_person())
        return [house for house in granted if not wanted or house.house_id in wanted]


async def _told(report: Report, question: ReportQuestion) -> list[pb.ReportHouse]:
    """At most MOST_TOLD rows in all."""
    speech, told, left = Speech(question.language), [], MOST_TOLD
    for house, rows in report.houses:
        message = await house_message(house, rows, report.columns, speech, left)
        left -= len(message.rows)
        told.append(message)
    return told


def _file_message(file: ReportFile) -> pb.ReportFile:
    return pb.ReportFile(file_name=file.name, content_type=file.content_type, size_bytes=file.size_bytes)
