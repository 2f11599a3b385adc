"""Ticket offices outside the system, which contingents are handed to."""

from __future__ import annotations

from typing import Final

from balcon.catalogue.v1 import catalogue_service_pb2

from services.console.house.command import Command, Subject, archiving, changing

_SERVICE: Final = catalogue_service_pb2.DESCRIPTOR.services_by_name["CatalogueService"]

OFFICES: Final = Subject(
    "office",
    "Ticket offices outside the system, which contingents are handed to.",
    "catalogue",
    _SERVICE,
    (
        Command("create", "CreateOffice", "Adds an office."),
        Command("list", "ListOffices", "Lists the offices.", columns=("office_id", "name", "language", "archived_at")),
        Command("show", "GetOffice", "Shows an office.", arguments=("office_id",)),
        changing("office", "UpdateOffice", "GetOffice", "Changes what is given of an office."),
        archiving("office", "ArchiveOffice", "GetOffice", "Takes an office out of use."),
    ),
)
