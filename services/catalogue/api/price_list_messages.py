"""Price lists between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.price_messages import plain_price_message, prices_of
from services.catalogue.domain.kept import Kept
from services.catalogue.domain.price_list import PriceList
from services.contracts.wire_types import wire_instant


def price_list_message(kept: Kept[PriceList]) -> pb.PriceList:
    """The price list on the wire. Rates are told by performances, which have a date."""
    return pb.PriceList(
        price_list_id=kept.thing_id,
        name=kept.body.name,
        prices=[plain_price_message(price) for price in kept.body.prices],
        etag=kept.etag,
        archived_at=wire_instant(kept.archived_at_ms) if kept.archived_at_ms else None,
    )


def price_list_of(message: pb.PriceList) -> PriceList:
    """What a request says of a price list."""
    return PriceList(message.name, prices_of(message.prices))
