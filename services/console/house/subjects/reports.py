"""Reports: of the house for its own people, and of everything that houses have granted to a promoter."""

from __future__ import annotations

from typing import Final

from balcon.reporting.v1 import report_questions_pb2, reports_service_pb2

from services.console.house.command import Command, Subject
from services.console.house.report_tables import drawn_report

# What is asked for is said in short: --moved-in LAST_WEEK, --title, --channel.
_IN_ENGLISH: Final = {"language": "en"}
_KIND: Final = ("kind",)
_FILTER: Final = {
    f"question.filter.{name}": name.removesuffix("_at").removesuffix("s").replace("_", "-")
    for name in report_questions_pb2.ReportFilter.DESCRIPTOR.fields_by_name
}

REPORTS: Final = Subject(
    "report",
    "Sales as tables, to be read or as PDF, Excel and CSV.",
    "reporting",
    reports_service_pb2.DESCRIPTOR.services_by_name["ReportsService"],
    (
        Command(
            "kinds", "ListReportKinds", "Lists the reports there are.", columns=("kind", "title"), defaults=_IN_ENGLISH
        ),
        Command(
            "run",
            "RunReport",
            "Shows a report of your house.",
            arguments=_KIND,
            names=_FILTER,
            defaults=_IN_ENGLISH,
            drawn=drawn_report,
        ),
        Command(
            "file",
            "DownloadReport",
            "Fetches a report of your house into a file.",
            arguments=_KIND,
            names=_FILTER,
            defaults=_IN_ENGLISH,
            saves={"data": "out"},
        ),
        Command(
            "customers-file",
            "DownloadCustomersReport",
            "Fetches your house's customers with what they bought into a file.",
            names={path.removeprefix("question."): option for path, option in _FILTER.items()},
            defaults=_IN_ENGLISH,
            saves={"data": "out"},
        ),
        Command(
            "granted",
            "RunGrantedReport",
            "Shows a report of all that is granted to you.",
            arguments=_KIND,
            names=_FILTER,
            defaults=_IN_ENGLISH,
            drawn=drawn_report,
        ),
        Command(
            "granted-file",
            "DownloadGrantedReport",
            "Fetches that into a file.",
            arguments=_KIND,
            names=_FILTER,
            defaults=_IN_ENGLISH,
            saves={"data": "out"},
        ),
    ),
)
