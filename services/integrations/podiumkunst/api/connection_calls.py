"""balcon.podiumkunst.v1.PodiumkunstLinksService: the connection, the platform's list, halls and the portfolio."""

from __future__ import annotations

from balcon.podiumkunst.v1 import links_service_pb2 as pb

from services.contracts.changes import refused_change
from services.contracts.pages import page_size_of, refused_page_size
from services.contracts.texts import refused_text
from services.integrations.podiumkunst.api.connection_messages import (
    change_of,
    connection_message,
    hall_message,
    look_message,
    mapping_message,
    mapping_of,
    portfolio_line,
    production_look,
    view_of,
)
from services.integrations.podiumkunst.api.link_messages import MAX_SEARCH_CHARS
from services.integrations.podiumkunst.domain.connection import refused_connection
from services.integrations.podiumkunst.domain.hall_mapping import HallMapping, refused_mapping
from services.integrations.podiumkunst.handlers.connections import ConnectionHandler
from services.integrations.podiumkunst.handlers.halls import HallHandler
from services.integrations.podiumkunst.handlers.platform_lists import PlatformListHandler
from services.integrations.podiumkunst.handlers.portfolios import PortfolioHandler
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept, answered
from services.runtime.rpc.interceptors import Context

_SETTABLE = frozenset({"client_id", "client_secret", "theatre_ids", "is_on"})
# Productions are asked about half a second apart: a caller is not kept waiting for a whole portfolio.
_ASKED_BY_HAND = 10
_MAPPABLE = frozenset({"theatre_id", "location", "ranks"})


class ConnectionCalls:
    """Stateless; everything lives in the handlers."""

    _connections: ConnectionHandler
    _platform_lists: PlatformListHandler
    _halls: HallHandler
    _portfolios: PortfolioHandler

    async def SetConnection(self, request: pb.SetConnectionRequest, context: Context) -> pb.SetConnectionResponse:  # noqa: N802
        change = change_of(request.connection, set(request.update_mask.paths))
        accept(
            refused_key("house_id", request.house_id),
            None if request.HasField("connection") else FieldInvalid("connection", UNSET, "the new values"),
            refused_change(request.etag, request.update_mask.paths, _SETTABLE),
            refused_connection(change),
        )
        connection = await self._connections.set(request.house_id, request.etag, change)
        return pb.SetConnectionResponse(connection=connection_message(answered(connection)))

    async def GetConnection(self, request: pb.GetConnectionRequest, context: Context) -> pb.GetConnectionResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id))
        return pb.GetConnectionResponse(connection=connection_message(await self._connections.get(request.house_id)))

    async def CheckConnection(  # noqa: N802
        self, request: pb.CheckConnectionRequest, context: Context
    ) -> pb.CheckConnectionResponse:
        accept(refused_key("house_id", request.house_id))
        look, performances = await self._connections.check(request.house_id)
        return pb.CheckConnectionResponse(look=look_message(look), performances=performances)

    async def FetchList(self, request: pb.FetchListRequest, context: Context) -> pb.FetchListResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id))
        fetched = await self._platform_lists.fetch(request.house_id)
        return pb.FetchListResponse(
            look=look_message(fetched.look),
            performances=fetched.performances,
            added=fetched.added,
            changed=fetched.changed,
            gone=fetched.gone,
            unreadable=fetched.unreadable,
        )

    async def SetHallMapping(self, request: pb.SetHallMappingRequest, context: Context) -> pb.SetHallMappingResponse:  # noqa: N802
        wanted = mapping_of(request.hall)
        accept(
            refused_key("house_id", request.house_id),
            None if request.HasField("hall") else FieldInvalid("hall", UNSET, "the new values"),
            refused_key("hall.hall_id", wanted.hall_id),
            refused_change(request.etag, request.update_mask.paths, _MAPPABLE),
            _refused_mapped(wanted, set(request.update_mask.paths)),
        )
        paths = [*request.update_mask.paths]
        mapping = answered(await self._halls.set(request.house_id, request.etag, wanted, paths))
        return pb.SetHallMappingResponse(hall=mapping_message(mapping))

    async def GetHallMapping(self, request: pb.GetHallMappingRequest, context: Context) -> pb.GetHallMappingResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id), refused_key("hall_id", request.hall_id))
        mapping = answered(await self._halls.get(request.house_id, request.hall_id))
        return pb.GetHallMappingResponse(hall=mapping_message(mapping))

    async def ListHallMappings(  # noqa: N802
        self, request: pb.ListHallMappingsRequest, context: Context
    ) -> pb.ListHallMappingsResponse:
        accept(refused_key("house_id", request.house_id), refused_page_size(request.page_size))
        size = page_size_of(request.page_size)
        page = answered(await self._halls.page(request.house_id, size, request.page_token))
        halls = [hall_message(one) for one in page.lines]
        return pb.ListHallMappingsResponse(halls=halls, next_page_token=page.next_page_token)

    async def ListTheatres(self, request: pb.ListTheatresRequest, context: Context) -> pb.ListTheatresResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id))
        found = await self._halls.theatres(request.house_id)
        theatres = [
            pb.PlatformTheatre(
                theatre_id=theatre.theatre_id, name=theatre.name, province=theatre.province, locations=locations
            )
            for theatre, locations in found
        ]
        return pb.ListTheatresResponse(theatres=theatres)

    async def GetPortfolio(self, request: pb.GetPortfolioRequest, context: Context) -> pb.GetPortfolioResponse:  # noqa: N802
        view = view_of(request.view)
        accept(
            refused_key("house_id", request.house_id),
            view if isinstance(view, FieldInvalid) else None,
            refused_text("production", request.production, at_least=0, at_most=MAX_SEARCH_CHARS),
        )
        assert not isinstance(view, FieldInvalid), "refused otherwise"
        seen = await self._portfolios.view(request.house_id, view, request.production)
        return pb.GetPortfolioResponse(
            lines=[portfolio_line(one) for one in seen.lines], looks=[production_look(one) for one in seen.looks]
        )

    async def FetchPortfolio(self, request: pb.FetchPortfolioRequest, context: Context) -> pb.FetchPortfolioResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id))
        looks = await self._portfolios.fetch(request.house_id, at_most=_ASKED_BY_HAND)
        return pb.FetchPortfolioResponse(looks=[production_look(one) for one in looks])


def _refused_mapped(wanted: HallMapping, paths: set[str]) -> FieldInvalid | None:
    """What the mask names, by itself; the whole is looked at where it is known."""
    theatre = wanted.theatre_id if "theatre_id" in paths else "?"
    location = wanted.location if "location" in paths else ""
    ranks = wanted.ranks if "ranks" in paths else ()
    return refused_mapping(HallMapping(wanted.hall_id, theatre, location, ranks))
