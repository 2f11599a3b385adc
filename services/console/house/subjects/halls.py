"""Halls and their seating plans."""

from __future__ import annotations

from typing import Final

from balcon.catalogue.v1 import catalogue_service_pb2

from services.console.house.command import Command, Subject, archiving, changing

_SERVICE: Final = catalogue_service_pb2.DESCRIPTOR.services_by_name["CatalogueService"]

HALLS: Final = Subject(
    "hall",
    "Rooms with seats.",
    "catalogue",
    _SERVICE,
    (
        Command("create", "CreateHall", "Adds a hall."),
        Command(
            "list",
            "ListHalls",
            "Lists the halls.",
            columns=("hall_id", "name", "city", "capacity", "latest_plan_version", "archived_at"),
        ),
        Command("show", "GetHall", "Shows a hall.", arguments=("hall_id",)),
        changing("hall", "UpdateHall", "GetHall", "Changes what is given of a hall."),
        archiving("hall", "ArchiveHall", "GetHall", "Takes a hall out of use; its performances stay."),
    ),
)

PLANS: Final = Subject(
    "plan",
    "Seating plans of halls: each change is a new version.",
    "catalogue",
    _SERVICE,
    (
        Command(
            "import",
            "ImportSeatingPlan",
            "Reads a file of pretix's seating plan editor as a hall's next version.",
            arguments=("hall_id", "plan_json"),
            names={"sidecar_json": "sidecar"},
        ),
        Command("build", "BuildSeatingPlan", "Makes a plan of blocks and standing areas.", arguments=("hall_id",)),
        Command(
            "list",
            "ListSeatingPlans",
            "Lists the versions of a hall's plan.",
            arguments=("hall_id",),
            columns=("plan_version", "name", "seat_count", "categories", "performance_count", "imported_at"),
        ),
        Command("show", "StreamSeatingPlan", "Shows a plan with all its seats.", arguments=("hall_id",)),
        Command(
            "export",
            "ExportSeatingPlan",
            "Writes a plan into files that the editor opens.",
            arguments=("hall_id",),
            saves={"document_part": "to", "sidecar_part": "sidecar-to"},
        ),
        Command(
            "shared",
            "ListSharedPlans",
            "Lists the plans to pick from.",
            columns=("shared_plan_id", "name", "city", "offered_by", "seat_count", "categories"),
        ),
        Command("use", "UseSharedPlan", "Copies a shared plan into a hall.", arguments=("hall_id", "shared_plan_id")),
        Command("share", "OfferSharedPlan", "Offers a plan to every house.", arguments=("hall_id",)),
        Command("unshare", "WithdrawSharedPlan", "Ends what was offered.", arguments=("shared_plan_id",)),
        Command("request-drawing", "RequestPlanDrawing", "Asks the operator to draw a plan.", arguments=("hall_id",)),
        Command(
            "drawings",
            "ListPlanDrawings",
            "Lists what was asked to be drawn.",
            columns=("drawing_id", "hall_id", "state", "plan_version", "reason", "requested_at"),
        ),
        Command(
            "drawing",
            "GetPlanDrawing",
            "Shows a request for a drawing.",
            arguments=("drawing_id",),
            saves={"attachment_part": "attachment-to"},
        ),
    ),
)
