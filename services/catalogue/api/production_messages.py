"""Productions between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.domain.production import Production


def production_message(production: Production) -> pb.Production:
    """The production on the wire."""
    return pb.Production(
        production_id=production.production_id,
        house_id=production.house_id,
        title=production.title,
        performer=production.performer,
    )
