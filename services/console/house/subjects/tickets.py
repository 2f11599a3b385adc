"""Tickets and what checks them."""

from __future__ import annotations

from typing import Final

from balcon.ticketing.v1 import ticketing_service_pb2

from services.console.house.command import Command, Subject

TICKETS: Final = Subject(
    "ticket",
    "Tickets: their codes, prints and documents.",
    "ticketing",
    ticketing_service_pb2.DESCRIPTOR.services_by_name["TicketingService"],
    (
        Command(
            "keys",
            "ListTicketKeys",
            "Lists the public keys that codes are checked with.",
            columns=("key_id", "signs_from_at", "checks_until_at"),
        ),
        Command("check", "CheckCode", "Says what a code is worth now.", arguments=("performance_id", "code")),
        Command(
            "void",
            "ListRevocations",
            "Lists the tickets of a performance that are void.",
            arguments=("performance_id",),
            columns=("number", "ticket_id", "reason", "voided_at"),
        ),
    ),
)
