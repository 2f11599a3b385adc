"""PodiumkunstLinksService: requests to handlers, answers to messages. No rules."""

from __future__ import annotations

from dataclasses import dataclass

from balcon.podiumkunst.v1.links_service_pb2_grpc import PodiumkunstLinksServiceServicer

from services.integrations.podiumkunst.api.connection_calls import ConnectionCalls
from services.integrations.podiumkunst.api.link_calls import LinkCalls
from services.integrations.podiumkunst.handlers.connections import ConnectionHandler
from services.integrations.podiumkunst.handlers.halls import HallHandler
from services.integrations.podiumkunst.handlers.link_lists import LinkListHandler
from services.integrations.podiumkunst.handlers.linking import LinkingHandler
from services.integrations.podiumkunst.handlers.platform_lists import PlatformListHandler
from services.integrations.podiumkunst.handlers.portfolios import PortfolioHandler


@dataclass(frozen=True, slots=True)
class LinksHandlers:
    """Who does what is asked."""

    connections: ConnectionHandler
    platform_lists: PlatformListHandler
    link_lists: LinkListHandler
    linking: LinkingHandler
    halls: HallHandler
    portfolios: PortfolioHandler


class PodiumkunstLinksServicer(ConnectionCalls, LinkCalls, PodiumkunstLinksServiceServicer):
    """See balcon.podiumkunst.v1.PodiumkunstLinksService."""

    def __init__(self, handlers: LinksHandlers) -> None:
        self._connections = handlers.connections
        self._platform_lists = handlers.platform_lists
        self._link_lists = handlers.link_lists
        self._linking = handlers.linking
        self._halls = handlers.halls
        self._portfolios = handlers.portfolios
