"""Halls between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.domain.hall import Hall, HallTerms
from services.contracts.changes import etag_of
from services.contracts.wire_types import wire_instant


def hall_terms(asked: pb.CreateHallRequest | pb.Hall) -> HallTerms:
    """What the house says of the hall."""
    return HallTerms(asked.name, asked.address, asked.city, asked.description)


def hall_message(hall: Hall) -> pb.Hall:
    """The hall on the wire."""
    return pb.Hall(
        hall_id=hall.hall_id,
        house_id=hall.house_id,
        name=hall.name,
        address=hall.address,
        city=hall.city,
        description=hall.description,
        latest_plan_version=hall.latest_plan_version,
        capacity=hall.capacity,
        archived_at=wire_instant(hall.archived_at_ms) if hall.archived_at_ms else None,
        etag=etag_of(hall.revision),
    )
