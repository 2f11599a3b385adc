"""Houses between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from balcon.accounts.v1 import accounts_service_pb2 as pb

from services.accounts.domain.house import House
from services.contracts.changes import etag_of


def house_message(house: House) -> pb.House:
    """The house on the wire."""
    return pb.House(
        house_id=house.house_id,
        label=house.label,
        name=house.name,
        time_zone=house.time_zone,
        currency=house.currency,
        languages=house.languages,
        etag=etag_of(house.revision),
    )
