"""Ticket types between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from collections.abc import Iterable

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.price_messages import KINDS_OF_WIRE, TICKET_KINDS
from services.catalogue.domain.kept import Kept
from services.catalogue.domain.ticket_type import LocalName, TicketType
from services.contracts.wire_types import channel_of, wire_channel, wire_instant


def ticket_type_message(kept: Kept[TicketType]) -> pb.TicketType:
    """The ticket type on the wire."""
    body = kept.body
    return pb.TicketType(
        ticket_type_id=kept.thing_id,
        name=body.name,
        translations=local_names(body.translations),
        kind=TICKET_KINDS[body.kind],
        channels=[wire_channel(channel) for channel in body.channels if channel],
        min_per_order=body.min_per_order,
        max_per_order=body.max_per_order,
        pass_kind_id=body.pass_kind_id,
        etag=kept.etag,
        archived_at=wire_instant(kept.archived_at_ms) if kept.archived_at_ms else None,
    )


def ticket_type_of(message: pb.TicketType) -> TicketType:
    """What a request says of a ticket type."""
    return TicketType(
        name=message.name,
        translations=local_names_of(message.translations),
        kind=KINDS_OF_WIRE.get(message.kind),
        channels=tuple(channel_of(channel) for channel in message.channels),
        min_per_order=message.min_per_order,
        max_per_order=message.max_per_order,
        pass_kind_id=message.pass_kind_id,
    )


def local_names(names: Iterable[LocalName]) -> list[pb.LocalName]:
    """Names in further languages on the wire."""
    return [pb.LocalName(language=one.language, name=one.name) for one in names]


def local_names_of(messages: Iterable[pb.LocalName]) -> tuple[LocalName, ...]:
    """What a request says of them."""
    return tuple(LocalName(one.language, one.name) for one in messages)


def terms_message(ticket_type: str, body: TicketType) -> pb.TicketTerms:
    """Under which conditions it is sold."""
    return pb.TicketTerms(
        ticket_type=ticket_type,
        channels=[wire_channel(channel) for channel in body.channels if channel],
        min_per_order=body.min_per_order,
        max_per_order=body.max_per_order,
        pass_kind_id=body.pass_kind_id,
    )
