"""Tickets and what checks them."""

from __future__ import annotations

from typing import Final

from balcon.ticketing.v1 import ticketing_service_pb2

from services.console.house.command import Command, ReadsEtag, Subject

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
        Command(
            "print",
            "PrintAllotment",
            "Prints the tickets of a contingent; `ticket file` fetches them.",
            arguments=("performance_id", "allotment_id"),
        ),
        Command(
            "note",
            "CreateDeliveryNote",
            "Writes a contingent's delivery note and the list beside it.",
            arguments=("performance_id", "allotment_id"),
        ),
        Command(
            "plan",
            "CreateHallPlan",
            "Draws the hall with a contingent's seats marked.",
            arguments=("performance_id", "allotment_id"),
        ),
        Command(
            "statement",
            "CreateStatement",
            "States what became of a contingent.",
            arguments=("performance_id", "allotment_id"),
        ),
        Command(
            "import",
            "ImportForeignCodes",
            "Takes over another system's codes for a foreign contingent.",
            arguments=("performance_id", "allotment_id", "csv"),
        ),
        Command(
            "send",
            "SendAllotmentPaper",
            "Mails documents of a contingent to its office.",
            arguments=("allotment_id",),
        ),
        Command(
            "letters",
            "ListDeliveries",
            "Lists letters to buyers and what became of them, the newest first.",
            columns=("delivery_id", "order_id", "kind", "state", "reason", "created_at"),
        ),
        Command(
            "send-again",
            "SendTicketsAgain",
            "Mails an order's tickets to its buyer once more, or this once to another address.",
            arguments=("order_id",),
        ),
        Command(
            "rename",
            "RenameTicket",
            "Puts another name on a ticket, and mails it anew.",
            arguments=("ticket_id",),
        ),
        Command(
            "transfer",
            "TransferTicket",
            "Gives a ticket to another person: the old code is void, a new ticket is mailed to them.",
            arguments=("ticket_id",),
        ),
        Command(
            "office-statement",
            "CreateOfficeStatement",
            "States what became of all that an office was given.",
            arguments=("office_id",),
        ),
        Command(
            "documents",
            "ListDocuments",
            "Lists the documents of contingents, the newest first.",
            columns=("document_id", "kind", "number", "allotment_id", "tickets", "print_number", "created_at"),
        ),
        Command("style", "GetPaperStyle", "Shows how the house's paper looks.", saves={"logo": "logo-out"}),
        Command(
            "update-style",
            "UpdatePaperStyle",
            "Changes that: logo, colours, address, small print, stocks of its own.",
            etag=ReadsEtag("GetPaperStyle"),
        ),
        Command(
            "file",
            "DownloadDocument",
            "Fetches a document into a file.",
            arguments=("document_id",),
            saves={"data": "out"},
        ),
        Command(
            "statement-file",
            "DownloadStatement",
            "Fetches a statement into a file, for who settles and does not print.",
            arguments=("document_id",),
            saves={"data": "out"},
        ),
    ),
)
