"""The house itself: what it says of itself, its act log, and the houses that whoever asks is in."""

from __future__ import annotations

from typing import Final

from balcon.accounts.v1 import accounts_service_pb2

from services.console.house.command import Command, ReadsEtag, Subject

_SERVICE: Final = accounts_service_pb2.DESCRIPTOR.services_by_name["AccountsService"]

THE_HOUSE: Final = Subject(
    "",
    "",
    "accounts",
    _SERVICE,
    (
        Command("show", "GetHouse", "Shows a house."),
        Command("update", "UpdateHouse", "Changes what a house says of itself.", etag=ReadsEtag("GetHouse")),
        Command(
            "list",
            "ListHouses",
            "Lists the houses that you are in.",
            columns=("house.label", "house.name", "roles", "house.time_zone", "house.currency", "house.house_id"),
        ),
        Command("create", "CreateHouse", "Makes a further house of yours."),
        Command(
            "acts",
            "ListActs",
            "Lists who did what and when, the newest first.",
            columns=("done_at", "who_name", "who.kind", "act", "thing_id", "reason", "facts"),
        ),
    ),
)
