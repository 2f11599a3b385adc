"""Reservations (R4.8): seats promised without payment."""

from __future__ import annotations

from typing import Final

from balcon.inventory.v1 import reservation_service_pb2

from services.console.house.command import Command, Subject

_ONE: Final = ("performance_id", "reservation_id")

RESERVATIONS: Final = Subject(
    "reservation",
    "Reservations: seats promised without payment.",
    "inventory",
    reservation_service_pb2.DESCRIPTOR.services_by_name["ReservationService"],
    (
        Command("create", "ReserveSeats", "Promises free seats.", arguments=_ONE),
        Command("extend", "ExtendReservation", "Gives it another deadline, or none.", arguments=_ONE),
        Command("release", "ReleaseReservation", "Frees its seats.", arguments=_ONE),
        Command("show", "GetReservation", "Shows a reservation.", arguments=_ONE),
        Command(
            "list",
            "ListReservations",
            "Lists the reservations of a performance.",
            arguments=("performance_id",),
            columns=("reservation_id", "holder_id", "reference", "state", "deadline_at"),
        ),
    ),
)
