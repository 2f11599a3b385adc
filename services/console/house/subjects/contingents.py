"""Contingents handed out (R1): allotments of seats to offices, what they report, and what comes back."""

from __future__ import annotations

from typing import Final

from balcon.inventory.v1 import allotment_service_pb2

from services.console.house.command import Command, Subject

_ONE: Final = ("performance_id", "allotment_id")

CONTINGENTS: Final = Subject(
    "contingent",
    "Contingents: seats in the hands of offices.",
    "inventory",
    allotment_service_pb2.DESCRIPTOR.services_by_name["AllotmentService"],
    (
        Command("create", "AllotSeats", "Hands free seats to an office.", arguments=_ONE),
        Command("extend", "ExtendAllotment", "Hands more free seats to it.", arguments=_ONE),
        Command("report", "ReportSold", "Notes seats that the office has sold.", arguments=_ONE),
        Command("take-back", "TakeBackReport", "Notes that the office has not sold them.", arguments=_ONE),
        Command("recall", "RecallSeats", "Calls open seats back into the pool.", arguments=_ONE),
        Command("return", "ReturnUnsold", "Puts what was not sold back into the pool.", arguments=_ONE),
        Command("close", "CloseAllotment", "Ends it: what is open goes back, what is sold stays.", arguments=_ONE),
        Command("show", "GetAllotment", "Shows a contingent with its seats.", arguments=_ONE),
        Command(
            "list",
            "ListAllotments",
            "Lists the contingents of a performance.",
            arguments=("performance_id",),
            columns=("allotment_id", "kind", "office_id", "counts", "return_due_at", "closed_at"),
        ),
    ),
)
