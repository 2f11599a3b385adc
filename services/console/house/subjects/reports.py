"""Reports: of the house for its own people, and of everything that houses have granted to a promoter."""

from __future__ import annotations

from typing import Final

from balcon.reporting.v1 import report_questions_pb2, reports_service_pb2

from services.console.house.command import Command, Subject

# What is asked for is said in short: --moved-in LAST_WEEK, --title, --channel.
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
        Command("kinds", "ListReportKinds", "Lists the reports there are.", columns=("kind", "title")),
        Command("run", "RunReport", "Shows a report of your house.", names=_FILTER),
        Command(
            "file",
            "DownloadReport",
            "Fetches a report of your house into a file.",
            names=_FILTER,
            saves={"data": "out"},
        ),
        Command(
            "customers-file",
            "DownloadCustomersReport",
            "Fetches your house's customers with what they bought into a file.",
            names={path.removeprefix("question."): option for path, option in _FILTER.items()},
            saves={"data": "out"},
        ),
        Command("granted", "RunGrantedReport", "Shows a report of all that is granted to you.", names=_FILTER),
        Command(
            "granted-file",
            "DownloadGrantedReport",
            "Fetches that into a file.",
            names=_FILTER,
            saves={"data": "out"},
        ),
    ),
)
