"""Dashboards: of promoters over every house that grants, and of the house for its own people."""

from __future__ import annotations

from typing import Final

from balcon.reporting.v1 import dashboards_pb2

from services.console.house.command import Command, ReadsEtag, Subject
from services.console.house.dashboard_tables import drawn_dashboard

_OF_MENU: Final = ReadsEtag("ListDashboards", row="dashboard_id")

DASHBOARDS: Final = Subject(
    "dashboard",
    "What houses have sold, as promoters look at it: merged over all that grant you anything.",
    "reporting",
    dashboards_pb2.DESCRIPTOR.services_by_name["DashboardsService"],
    (
        Command(
            "show",
            "GetDashboard",
            "Shows one of your dashboards as of now: everything that is granted to you, or the one you name.",
            names={"dashboard_id": "dashboard"},
            drawn=drawn_dashboard,
        ),
        Command("house", "GetHouseDashboard", "Shows the dashboard of your house.", drawn=drawn_dashboard),
        Command(
            "list",
            "ListDashboards",
            "Lists the dashboards you can look at.",
            columns=("dashboard_id", "name", "kind"),
        ),
        Command("create", "CreateDashboard", "Keeps a choice, such as a tour, under a name.", arguments=("name",)),
        Command(
            "update",
            "UpdateDashboard",
            "Changes what a dashboard is called, its place, or what is chosen.",
            arguments=("dashboard_id",),
            etag=_OF_MENU,
        ),
        Command(
            "archive",
            "ArchiveDashboard",
            "Takes one of your own out of the menu.",
            arguments=("dashboard_id",),
            etag=_OF_MENU,
        ),
    ),
)
