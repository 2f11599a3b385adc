"""balcon.reporting.v1.SchedulesService: checks what a stranger sends, then has it done."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from balcon.reporting.v1 import report_questions_pb2
from balcon.reporting.v1 import schedules_pb2 as pb
from balcon.reporting.v1.schedules_pb2_grpc import SchedulesServiceServicer

from services.contracts.bounds import MAX_NAME_CHARS
from services.contracts.changes import refused_change, refused_unset_etag
from services.contracts.pages import AskedPage, asked_page
from services.contracts.texts import refused_email, refused_idempotency_key, refused_text
from services.contracts.wire_requests import asked_once
from services.reporting.api.report_questions import refused_question
from services.reporting.api.schedule_messages import (
    report_wish,
    run_message,
    saved_report_message,
    schedule_message,
    schedule_wish,
)
from services.reporting.domain import report_schedule, saved_report
from services.reporting.domain.report_schedule import ReportSchedule, refused_receivers
from services.reporting.domain.rhythm import refused_times, refused_weekdays
from services.reporting.domain.saved_report import SavedReport
from services.reporting.handlers.saved_reports import SavedReportHandler
from services.reporting.handlers.schedules import ScheduleHandler
from services.reporting.handlers.stop_links import StopLinks
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused, accept, answered
from services.runtime.rpc.interceptors import Context

Faults = Iterator[FieldInvalid | None]
PagedRequest = pb.ListSavedReportsRequest | pb.ListSchedulesRequest | pb.ListReportRunsRequest
_FORMATS = report_questions_pb2.ReportFormat
_FORMAT_LIMIT = "some of PDF, EXCEL, CSV, each once"


class SchedulesServicer(SchedulesServiceServicer):
    """Stateless; everything lives in the handlers."""

    def __init__(
        self,
        reports: SavedReportHandler,
        schedules: ScheduleHandler,
        links: StopLinks,
    ) -> None:
        self._reports = reports
        self._schedules = schedules
        self._links = links

    async def CreateSavedReport(  # noqa: N802 (gRPC's name)
        self, request: pb.CreateSavedReportRequest, context: Context
    ) -> pb.CreateSavedReportResponse:
        given = request.saved_report
        accept(
            refused_idempotency_key(request.idempotency_key),
            refused_key("house_id", request.house_id),
            refused_key("promoter_id", request.promoter_id) if request.promoter_id else None,
            *self._refused_report(given, request.HasField("saved_report"), saved_report.CHANGEABLE),
        )

        def response(report: SavedReport) -> pb.CreateSavedReportResponse:
            return pb.CreateSavedReportResponse(saved_report=saved_report_message(report))

        asked = asked_once(request, response)
        answer = await self._reports.create(asked, request.house_id, request.promoter_id, report_wish(given))
        return pb.CreateSavedReportResponse.FromString(answered(answer))

    async def GetSavedReport(  # noqa: N802
        self, request: pb.GetSavedReportRequest, context: Context
    ) -> pb.GetSavedReportResponse:
        accept(
            refused_key("house_id", request.house_id),
            refused_key("saved_report_id", request.saved_report_id),
        )
        report = answered(await self._reports.get(request.house_id, request.saved_report_id))
        return pb.GetSavedReportResponse(saved_report=saved_report_message(report))

    async def ListSavedReports(  # noqa: N802
        self, request: pb.ListSavedReportsRequest, context: Context
    ) -> pb.ListSavedReportsResponse:
        named = refused_key("promoter_id", request.promoter_id) if request.promoter_id else None
        asked = _asked(request, named)
        page = await self._reports.page(
            request.house_id, asked, archived=request.include_archived, promoter_id=request.promoter_id
        )
        return pb.ListSavedReportsResponse(
            saved_reports=[saved_report_message(one) for one in page.reports], next_page_token=page.next_page_token
        )

    async def UpdateSavedReport(  # noqa: N802
        self, request: pb.UpdateSavedReportRequest, context: Context
    ) -> pb.UpdateSavedReportResponse:
        named = tuple(request.update_mask.paths)
        accept(
            refused_key("house_id", request.house_id),
            refused_key("saved_report_id", request.saved_report_id),
            refused_change(request.etag, named, saved_report.CHANGEABLE),
            *self._refused_report(request.saved_report, request.HasField("saved_report"), named),
        )
        wish = report_wish(request.saved_report)
        report = await self._reports.update(request.house_id, request.saved_report_id, request.etag, wish, named)
        return pb.UpdateSavedReportResponse(saved_report=saved_report_message(answered(report)))

    async def ArchiveSavedReport(  # noqa: N802
        self, request: pb.ArchiveSavedReportRequest, context: Context
    ) -> pb.ArchiveSavedReportResponse:
        accept(
            refused_key("house_id", request.house_id),
            refused_key("saved_report_id", request.saved_report_id),
            refused_unset_etag(request.etag),
        )
        report = await self._reports.archive(request.house_id, request.saved_report_id, request.etag)
        return pb.ArchiveSavedReportResponse(saved_report=saved_report_message(answered(report)))

    async def SendSavedReport(  # noqa: N802
        self, request: pb.SendSavedReportRequest, context: Context
    ) -> pb.SendSavedReportResponse:
        accept(
            refused_idempotency_key(request.idempotency_key),
            refused_key("house_id", request.house_id),
            refused_key("saved_report_id", request.saved_report_id),
            refused_email("email", request.email),
        )

        def response(run_id: str) -> pb.SendSavedReportResponse:
            return pb.SendSavedReportResponse(run_id=run_id)

        asked = asked_once(request, response)
        answer = await self._reports.send_now(asked, request.house_id, request.saved_report_id, request.email)
        return pb.SendSavedReportResponse.FromString(answered(answer))

    async def CreateSchedule(  # noqa: N802
        self, request: pb.CreateScheduleRequest, context: Context
    ) -> pb.CreateScheduleResponse:
        given = request.schedule
        is_given = request.HasField("schedule")
        accept(
            refused_idempotency_key(request.idempotency_key),
            refused_key("house_id", request.house_id),
            refused_key("saved_report_id", request.saved_report_id),
            *_refused_schedule(given, is_given, report_schedule.CHANGEABLE),
        )

        def response(schedule: ReportSchedule) -> pb.CreateScheduleResponse:
            return pb.CreateScheduleResponse(schedule=schedule_message(schedule))

        asked = asked_once(request, response)
        answer = await self._schedules.create(asked, request.house_id, request.saved_report_id, schedule_wish(given))
        return pb.CreateScheduleResponse.FromString(answered(answer))

    async def GetSchedule(self, request: pb.GetScheduleRequest, context: Context) -> pb.GetScheduleResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id), refused_key("schedule_id", request.schedule_id))
        schedule = answered(await self._schedules.get(request.house_id, request.schedule_id))
        return pb.GetScheduleResponse(schedule=schedule_message(schedule))

    async def ListSchedules(self, request: pb.ListSchedulesRequest, context: Context) -> pb.ListSchedulesResponse:  # noqa: N802
        named = refused_key("saved_report_id", request.saved_report_id) if request.saved_report_id else None
        asked = _asked(request, named)
        page = await self._schedules.page(
            request.house_id, asked, archived=request.include_archived, saved_report_id=request.saved_report_id
        )
        return pb.ListSchedulesResponse(
            schedules=[schedule_message(one) for one in page.schedules], next_page_token=page.next_page_token
        )

    async def UpdateSchedule(self, request: pb.UpdateScheduleRequest, context: Context) -> pb.UpdateScheduleResponse:  # noqa: N802
        named = tuple(request.update_mask.paths)
        accept(
            refused_key("house_id", request.house_id),
            refused_key("schedule_id", request.schedule_id),
            refused_change(request.etag, named, report_schedule.CHANGEABLE),
            *_refused_schedule(request.schedule, request.HasField("schedule"), named),
        )
        wish = schedule_wish(request.schedule)
        schedule = await self._schedules.update(request.house_id, request.schedule_id, request.etag, wish, named)
        return pb.UpdateScheduleResponse(schedule=schedule_message(answered(schedule)))

    async def RestartSchedule(  # noqa: N802
        self, request: pb.RestartScheduleRequest, context: Context
    ) -> pb.RestartScheduleResponse:
        accept(refused_key("house_id", request.house_id), refused_key("schedule_id", request.schedule_id))
        schedule = answered(await self._schedules.restart(request.house_id, request.schedule_id))
        return pb.RestartScheduleResponse(schedule=schedule_message(schedule))

    async def ArchiveSchedule(  # noqa: N802
        self, request: pb.ArchiveScheduleRequest, context: Context
    ) -> pb.ArchiveScheduleResponse:
        accept(
            refused_key("house_id", request.house_id),
            refused_key("schedule_id", request.schedule_id),
            refused_unset_etag(request.etag),
        )
        schedule = await self._schedules.archive(request.house_id, request.schedule_id, request.etag)
        return pb.ArchiveScheduleResponse(schedule=schedule_message(answered(schedule)))

    async def ListReportRuns(self, request: pb.ListReportRunsRequest, context: Context) -> pb.ListReportRunsResponse:  # noqa: N802
        named = refused_key("schedule_id", request.schedule_id) if request.schedule_id else None
        asked = _asked(request, named)
        page = await self._schedules.runs(request.house_id, asked, request.schedule_id)
        return pb.ListReportRunsResponse(
            runs=[run_message(run, page.addresses) for run in page.runs], next_page_token=page.next_page_token
        )

    async def StopReceiving(self, request: pb.StopReceivingRequest, context: Context) -> pb.StopReceivingResponse:  # noqa: N802
        accept(None if request.stop_token else FieldInvalid("stop_token", UNSET, "the end of the link in the mail"))
        link = self._links.read(request.stop_token)
        if isinstance(link, FieldInvalid):
            raise Refused(link)
        await self._schedules.leave(link)
        return pb.StopReceivingResponse()

    @staticmethod
    def _refused_report(given: pb.SavedReport, is_given: bool, named: Collection[str]) -> Faults:
        if not is_given:
            yield FieldInvalid("saved_report", UNSET, "the report as it is to be kept")
            return
        if "name" in named:
            yield refused_text("saved_report.name", given.name, at_most=MAX_NAME_CHARS)
        if "question" in named:
            # As of a promoter: lists of people are not mailed to addresses without accounts.
            yield from refused_question("saved_report.question", given.question, for_promoter=True)
        if "formats" in named:
            yield _refused_formats(list(given.formats))


def _asked(request: PagedRequest, named: FieldInvalid | None) -> AskedPage:
    checks = (refused_key("house_id", request.house_id), named)
    asked = asked_page(request.page_size, request.page_token, request.house_id, *checks)
    if isinstance(asked, FieldInvalid):
        raise Refused(asked)
    return asked


def _refused_formats(formats: list[_FORMATS.ValueType]) -> FieldInvalid | None:
    field = "saved_report.formats"
    if not formats:
        return FieldInvalid(field, UNSET, _FORMAT_LIMIT)
    if len(set(formats)) < len(formats):
        return FieldInvalid(field, "has a format twice", _FORMAT_LIMIT)
    unknown = [form for form in formats if not form or form not in _FORMATS.values()]
    return FieldInvalid(field, f"has {', '.join(map(str, unknown[:10]))}", _FORMAT_LIMIT) if unknown else None


def _refused_schedule(given: pb.ReportSchedule, is_given: bool, named: Collection[str]) -> Faults:
    if not is_given:
        yield FieldInvalid("schedule", UNSET, "the schedule as it is to be")
        return
    if "weekdays" in named:
        yield from refused_weekdays("schedule.weekdays", given.weekdays)
    if "local_times" in named:
        yield from refused_times("schedule.local_times", given.local_times)
    if "receivers" in named:
        yield from refused_receivers("schedule.receivers", given.receivers)
    if "notice_email" in named:
        yield refused_email("schedule.notice_email", given.notice_email)
