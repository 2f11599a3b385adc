"""Saved reports, schedules and their runs as protobuf messages, and back."""

from __future__ import annotations

from collections.abc import Mapping

from balcon.reporting.v1 import report_questions_pb2, schedules_pb2

from services.contracts.changes import etag_of
from services.contracts.wire_types import wire_instant
from services.reporting.domain.report_run import ReportRun
from services.reporting.domain.report_schedule import ReportSchedule, ScheduleState
from services.reporting.domain.saved_report import SavedReport
from services.reporting.handlers.saved_reports import ASKED_RECEIVER, ReportWish
from services.reporting.handlers.schedules import ScheduleWish

_FORMAT = report_questions_pb2.ReportFormat
_PREFIX = "REPORT_FORMAT_"


def report_wish(message: schedules_pb2.SavedReport) -> ReportWish:
    """What a house says of a saved report."""
    return ReportWish(
        name=message.name,
        question=message.question.SerializeToString(deterministic=True),
        language=message.question.language,
        formats=tuple(_FORMAT.Name(form).removeprefix(_PREFIX) for form in message.formats if form in _FORMAT.values()),
    )


def saved_report_message(report: SavedReport) -> schedules_pb2.SavedReport:
    """As it is kept."""
    return schedules_pb2.SavedReport(
        saved_report_id=report.saved_report_id,
        promoter_id=report.promoter_id,
        name=report.name,
        question=report_questions_pb2.ReportQuestion.FromString(report.question),
        formats=[_FORMAT.Value(f"{_PREFIX}{form}") for form in report.formats],
        created_at=wire_instant(report.created_at_ms),
        archived_at=None if report.archived_at_ms is None else wire_instant(report.archived_at_ms),
        etag=etag_of(report.revision),
    )


def schedule_wish(message: schedules_pb2.ReportSchedule) -> ScheduleWish:
    """What a house says of a schedule."""
    return ScheduleWish(
        tuple(message.weekdays),
        tuple(message.local_times),
        tuple(message.receivers),
        message.notice_email,
        message.is_paused,
    )


def schedule_message(schedule: ReportSchedule) -> schedules_pb2.ReportSchedule:
    """As it stands."""
    goes_on = schedule.state is ScheduleState.ACTIVE and schedule.archived_at_ms is None
    return schedules_pb2.ReportSchedule(
        schedule_id=schedule.schedule_id,
        saved_report_id=schedule.saved_report_id,
        weekdays=schedule.rhythm.weekdays,
        local_times=schedule.rhythm.local_times,
        receivers=[one.email for one in schedule.active_receivers],
        notice_email=schedule.notice_email,
        is_paused=schedule.state is ScheduleState.PAUSED,
        state=schedules_pb2.ScheduleState.Value(f"SCHEDULE_STATE_{schedule.state.value}"),
        failures_in_row=schedule.failures_in_row,
        left_receivers=[one.email for one in schedule.receivers if one.left_at_ms is not None],
        next_due_at=wire_instant(schedule.next_due_ms) if goes_on else None,
        created_at=wire_instant(schedule.created_at_ms),
        archived_at=None if schedule.archived_at_ms is None else wire_instant(schedule.archived_at_ms),
        etag=etag_of(schedule.revision),
    )


def run_message(run: ReportRun, addresses: Mapping[str, str]) -> schedules_pb2.ReportRun:
    """With each receiver's line. `addresses`: of those that are still known."""
    known = {ASKED_RECEIVER: run.email} if not run.schedule_id else addresses
    return schedules_pb2.ReportRun(
        run_id=run.run_id,
        schedule_id=run.schedule_id,
        saved_report_id=run.saved_report_id,
        due_at=wire_instant(run.due_at_ms),
        outcome=schedules_pb2.ReportRunOutcome.Value(
            f"REPORT_RUN_OUTCOME_{'UNSPECIFIED' if run.outcome is None else run.outcome.value}"
        ),
        sends=[
            schedules_pb2.ReportSend(
                receiver=known.get(line.receiver_id, ""),
                state=schedules_pb2.ReportSendState.Value(f"REPORT_SEND_STATE_{line.state.value}"),
                attempts=line.attempts,
                unknown=line.unknown,
                reason=line.reason,
                ended_at=None if line.ended_at_ms is None else wire_instant(line.ended_at_ms),
            )
            for line in run.lines
        ],
    )
