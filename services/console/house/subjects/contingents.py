"""Contingents handed out (R1): allotments of seats to offices, what they report, and what comes back."""

from __future__ import annotations

from typing import Final

from balcon.inventory.v1 import allotment_service_pb2

from services.console.house.command import Command, Subject

_ONE: Final = ("performance_id", "allotment_id")
# How people say which seats; of a contingent that is there, and of the hall.
_OF_IT: Final = {
    "seats.listed.seat_ids": "seat",
    "seats.listed.plan_version": "plan-version",
    "seats.places.zone": "area",
    "seats.places.count": "count",
    "seats.csv": "csv",
}
_OF_THE_HALL: Final = {
    "seats.listed.seat_ids": "seat",
    "seats.listed.plan_version": "plan-version",
    "seats.block.zones": "zone",
    "seats.block.categories": "category",
    "seats.block.row_names": "row",
    "seats.block.only_free": "only-free",
    "seats.block.plan_version": "block-plan-version",
    "seats.places.zone": "area",
    "seats.places.count": "count",
}

CONTINGENTS: Final = Subject(
    "contingent",
    "Contingents: seats in the hands of offices.",
    "inventory",
    allotment_service_pb2.DESCRIPTOR.services_by_name["AllotmentService"],
    (
        Command(
            "create",
            "AllotSeats",
            "Hands free seats to an office: named ones, a block of the plan, or a number of standing places.",
            arguments=_ONE,
            names=_OF_THE_HALL,
        ),
        Command("extend", "ExtendAllotment", "Hands more free seats to it.", arguments=_ONE, names=_OF_THE_HALL),
        Command("report", "ReportSold", "Notes seats that the office has sold.", arguments=_ONE, names=_OF_IT),
        Command("take-back", "TakeBackReport", "Notes that it has not sold them.", arguments=_ONE, names=_OF_IT),
        Command("recall", "RecallSeats", "Calls open seats back into the pool.", arguments=_ONE, names=_OF_IT),
        Command("return", "ReturnUnsold", "Puts what was not sold back into the pool.", arguments=_ONE, names=_OF_IT),
        Command("schedule", "ScheduleReturn", "Says when what is unsold goes back by itself.", arguments=_ONE),
        Command("close", "CloseAllotment", "Ends it: what is open goes back, what is sold stays.", arguments=_ONE),
        Command("show", "GetAllotment", "Shows a contingent with its seats.", arguments=_ONE),
        Command(
            "list",
            "ListAllotments",
            "Lists the contingents of a performance.",
            arguments=("performance_id",),
            columns=(
                "allotment_id",
                "kind",
                "office_id",
                "counts.handed_out",
                "counts.reported_sold",
                "counts.returned",
                "counts.open",
                "return_due_at",
                "closed_at",
            ),
        ),
    ),
)
