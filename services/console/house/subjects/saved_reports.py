"""Saved reports, and the schedules by which they are mailed."""

from __future__ import annotations

from typing import Final

from balcon.reporting.v1 import report_questions_pb2, schedules_pb2

from services.console.house.command import Command, ReadsEtag, Subject, archiving, changing

_SERVICE: Final = schedules_pb2.DESCRIPTOR.services_by_name["SchedulesService"]
# What is asked for is said in short, as when a report is run: --kind BY_CATEGORY, --moved-in LAST_WEEK, --title.
_QUESTION: Final = {
    f"saved_report.question.filter.{name}": name.removesuffix("_at").removesuffix("s").replace("_", "-")
    for name in report_questions_pb2.ReportFilter.DESCRIPTOR.fields_by_name
} | {f"saved_report.question.{name}": name for name in ("kind", "interval", "language")}
_SCHEDULE_COLUMNS: Final = ("schedule_id", "saved_report_id", "weekdays", "local_times", "state", "next_due_at")

SAVED_REPORTS: Final = Subject(
    "saved-report",
    "Reports that are kept under a name, of the house and of its promoters.",
    "reporting",
    _SERVICE,
    (
        Command("create", "CreateSavedReport", "Keeps a report under a name.", names=_QUESTION),
        Command(
            "list",
            "ListSavedReports",
            "Lists the saved reports.",
            columns=("saved_report_id", "name", "promoter_id", "formats"),
        ),
        Command("show", "GetSavedReport", "Shows a saved report.", arguments=("saved_report_id",)),
        Command(
            "update",
            "UpdateSavedReport",
            "Changes what is given of a saved report.",
            arguments=("saved_report_id",),
            etag=ReadsEtag("GetSavedReport"),
            names=_QUESTION,
        ),
        archiving(
            "saved_report",
            "ArchiveSavedReport",
            "GetSavedReport",
            "Takes a saved report and its schedules out of use.",
        ),
        Command(
            "send",
            "SendSavedReport",
            "Mails a saved report to an address, once and at once.",
            arguments=("saved_report_id", "email"),
        ),
    ),
)

SCHEDULES: Final = Subject(
    "schedule",
    "When saved reports are mailed, to whom, and what became of it.",
    "reporting",
    _SERVICE,
    (
        Command("create", "CreateSchedule", "Mails a saved report on days and times.", arguments=("saved_report_id",)),
        Command("list", "ListSchedules", "Lists the schedules.", columns=_SCHEDULE_COLUMNS),
        Command("show", "GetSchedule", "Shows a schedule.", arguments=("schedule_id",)),
        changing("schedule", "UpdateSchedule", "GetSchedule", "Changes what is given of a schedule."),
        Command(
            "restart",
            "RestartSchedule",
            "Lets a schedule that was stopped after failures go on.",
            arguments=("schedule_id",),
        ),
        archiving("schedule", "ArchiveSchedule", "GetSchedule", "Ends a schedule."),
        Command(
            "runs",
            "ListReportRuns",
            "Lists what was mailed, was not, and why.",
            columns=("run_id", "schedule_id", "due_at", "outcome", "sends"),
        ),
    ),
)
