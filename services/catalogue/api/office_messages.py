"""Offices between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.domain.kept import Kept
from services.catalogue.domain.office import Office
from services.contracts.texts import as_lines
from services.contracts.wire_types import wire_instant


def office_message(kept: Kept[Office]) -> pb.Office:
    """The office on the wire."""
    body = kept.body
    return pb.Office(
        office_id=kept.thing_id,
        name=body.name,
        address_lines=body.address_lines,
        email=body.email,
        phone=body.phone,
        contact=body.contact,
        language=body.language,
        conditions=body.conditions,
        commission=body.commission,
        etag=kept.etag,
        archived_at=wire_instant(kept.archived_at_ms) if kept.archived_at_ms else None,
    )


def office_of(message: pb.Office) -> Office:
    """What a request says of an office."""
    return Office(
        name=message.name,
        address_lines=tuple(message.address_lines),
        email=message.email,
        phone=message.phone,
        contact=message.contact,
        language=message.language,
        conditions=as_lines(message.conditions),
        commission=as_lines(message.commission),
    )
