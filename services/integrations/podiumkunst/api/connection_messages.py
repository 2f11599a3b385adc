"""Connections, halls and portfolios between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from collections.abc import Collection

from balcon.podiumkunst.v1 import connection_pb2 as pb
from balcon.podiumkunst.v1 import halls_pb2 as halls
from balcon.podiumkunst.v1 import portfolio_pb2 as portfolio

from services.contracts.changes import etag_of
from services.contracts.wire_types import wire_instant, wire_money
from services.integrations.podiumkunst.domain.connection import Connection, ConnectionChange, Look, LookAnswer
from services.integrations.podiumkunst.domain.hall_mapping import CategoryRank, HallMapping
from services.integrations.podiumkunst.domain.portfolio import PortfolioLine, PortfolioView, ProductionLook
from services.integrations.podiumkunst.handlers.halls import HallLine
from services.runtime.errors import UNSET, FieldInvalid

_ANSWERS = {one: pb.LookAnswer.Value(f"LOOK_ANSWER_{one.name}") for one in LookAnswer}
_VIEWS = {portfolio.PortfolioView.Value(f"PORTFOLIO_VIEW_{one.name}"): one for one in PortfolioView}
# The platform's figures have no other.
_CURRENCY = "EUR"


def look_message(look: Look) -> pb.Look:
    """How a look at the platform ended."""
    message = pb.Look(answer=_ANSWERS[look.answer], note=look.note)
    if look.looked_at_ms:
        message.looked_at.CopyFrom(wire_instant(look.looked_at_ms))
    if look.told_at_ms:
        message.told_at.CopyFrom(wire_instant(look.told_at_ms))
    return message


def connection_message(connection: Connection) -> pb.Connection:
    """Without the secret."""
    return pb.Connection(
        house_id=connection.house_id,
        client_id=connection.client_id,
        secret_tail=connection.secret_tail,
        theatre_ids=connection.theatre_ids,
        is_on=connection.is_on,
        look=None if connection.look is None else look_message(connection.look),
        etag=etag_of(connection.revision),
    )


def change_of(wire: pb.Connection, paths: Collection[str]) -> ConnectionChange:
    """What the mask names."""
    return ConnectionChange(
        client_id=wire.client_id if "client_id" in paths else None,
        client_secret=wire.client_secret if "client_secret" in paths else None,
        theatre_ids=tuple(wire.theatre_ids) if "theatre_ids" in paths else None,
        is_on=wire.is_on if "is_on" in paths else None,
    )


def mapping_message(mapping: HallMapping) -> halls.HallMapping:
    """What a hall is on the platform."""
    return halls.HallMapping(
        hall_id=mapping.hall_id,
        theatre_id=mapping.theatre_id,
        location=mapping.location,
        ranks=[halls.CategoryRank(category=one.category, rank=one.rank) for one in mapping.ranks],
        etag=etag_of(mapping.revision),
    )


def mapping_of(wire: halls.HallMapping) -> HallMapping:
    """As it is asked for."""
    ranks = tuple(CategoryRank(one.category, one.rank) for one in wire.ranks)
    return HallMapping(wire.hall_id, wire.theatre_id.strip(), wire.location.strip(), ranks)


def hall_message(line: HallLine) -> halls.HallLine:
    """A hall of the list."""
    return halls.HallLine(
        hall_id=line.hall_id,
        name=line.name,
        mapping=mapping_message(line.mapping),
        suggested_ranks=[halls.CategoryRank(category=one.category, rank=one.rank) for one in line.suggested_ranks],
    )


def view_of(wire: portfolio.PortfolioView.ValueType) -> PortfolioView | FieldInvalid:
    """How figures are put together."""
    known = _VIEWS.get(wire)
    if known is not None:
        return known
    problem = f"{int(wire)} is unknown" if wire else UNSET
    return FieldInvalid("view", problem, ", ".join(one.value for one in PortfolioView))


def portfolio_line(line: PortfolioLine) -> portfolio.PortfolioLine:
    """A line of the view."""
    return portfolio.PortfolioLine(
        production=line.production_id,
        title=line.title,
        province=line.province,
        theatre_id=line.theatre_id,
        theatre=line.theatre,
        theatres=line.theatres,
        tickets=line.tickets,
        recette=wire_money(line.recette_minor, _CURRENCY),
    )


def production_look(one: ProductionLook) -> portfolio.ProductionLook:
    """When a production's figures were read."""
    return portfolio.ProductionLook(production=one.production_id, look=look_message(one.look), adds_up=one.adds_up)
