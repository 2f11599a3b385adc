"""Starts podiumkunst: picks the adapters and wires them. Nothing else does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from balcon.podiumkunst.v1.figures_service_pb2_grpc import add_PodiumkunstFiguresServiceServicer_to_server
from balcon.podiumkunst.v1.links_service_pb2_grpc import add_PodiumkunstLinksServiceServicer_to_server
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.access import roles_with
from services.contracts.audit_servicer import serve_audit
from services.contracts.checked_record import CheckedRecord
from services.contracts.operator_looks import tell_looks
from services.contracts.outbound_servicer import serve_outbound
from services.contracts.walled_audit import WalledAudit
from services.integrations.podiumkunst.adapters.audit_checks import CHECKS
from services.integrations.podiumkunst.adapters.dip_carrier import DipCarrier
from services.integrations.podiumkunst.adapters.dip_reader import DipReader, reading_limits
from services.integrations.podiumkunst.adapters.dip_tokens import DipTokens
from services.integrations.podiumkunst.adapters.dip_wire import DipNames
from services.integrations.podiumkunst.adapters.grpc_neighbours import GrpcNeighbours
from services.integrations.podiumkunst.adapters.grpc_seats import GrpcSeats
from services.integrations.podiumkunst.adapters.postgres_accounts import PostgresAccounts
from services.integrations.podiumkunst.adapters.postgres_figures import PostgresFigures, PostgresToldBook, forget_states
from services.integrations.podiumkunst.adapters.postgres_links import PostgresLinks
from services.integrations.podiumkunst.adapters.postgres_rounds import FiguresFollowLinks, PostgresRounds
from services.integrations.podiumkunst.adapters.sales_intake import take_changes, take_states
from services.integrations.podiumkunst.adapters.show_events import HOUSES_GROUP, SHOWS_GROUP, copy_house, copy_show
from services.integrations.podiumkunst.api.figures_servicer import PodiumkunstFiguresServicer
from services.integrations.podiumkunst.api.links_servicer import LinksHandlers, PodiumkunstLinksServicer
from services.integrations.podiumkunst.handlers.connections import ConnectionHandler
from services.integrations.podiumkunst.handlers.figure_desk import FigureDesk
from services.integrations.podiumkunst.handlers.figure_files import FigureFiles
from services.integrations.podiumkunst.handlers.figures import FigureMaker
from services.integrations.podiumkunst.handlers.halls import HallHandler
from services.integrations.podiumkunst.handlers.house_clock import HouseClock
from services.integrations.podiumkunst.handlers.link_lists import LinkListHandler
from services.integrations.podiumkunst.handlers.linking import LinkingHandler
from services.integrations.podiumkunst.handlers.platform_lists import PlatformListHandler
from services.integrations.podiumkunst.handlers.portfolios import PortfolioHandler
from services.integrations.podiumkunst.handlers.push import Pusher
from services.integrations.podiumkunst.handlers.push_rounds import PushRounds
from services.integrations.podiumkunst.settings import PodiumkunstSettings
from services.runtime.bus.port import ManagedBus
from services.runtime.bus.topics import ACCOUNTS, ALLOTMENTS, AVAILABILITY, CATALOGUE, ORDERS
from services.runtime.ids import seeded_random
from services.runtime.outbound.http import HttpLimits, OutboundHttp
from services.runtime.outbound.ledger import Ledger
from services.runtime.outbound.outbound import open_outbound
from services.runtime.outbox.state_consumer import StateConsumer
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.routing import OwnerRouting, split_targets
from services.runtime.seal import Seal
from services.runtime.service import Service, run_service
from services.runtime.work.due_work import DueWork, Leased, WorkLimits
from services.runtime.work.purge import purge

GROUP = "podiumkunst"
SEATS_GROUP = "podiumkunst-seats"
# So many houses at once; one that the platform lets wait keeps none of the others.
_LOOKS = WorkLimits(concurrency=8, idle_seconds=15.0)
_MINUTE_MS = 60_000
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class _Platform:
    """Who reads it and who tells it, on the same accounts and with the same tokens."""

    accounts: PostgresAccounts
    reader: DipReader
    carrier: DipCarrier


async def build(service: Service, settings: PodiumkunstSettings) -> None:
    """Opens the store and the bus, serves, and keeps the relay going. The bus may be down."""
    engine, bus = service.sql(), service.bus()
    relay = service.outbox(engine, bus)
    tell_looks(service, engine, relay.wake)
    _follow_sales(service, engine, bus)
    _follow_shows(service, engine, bus)
    seal = Seal(settings.secrets(), owner="podiumkunst")
    platform = _platform(service, settings, engine, seal)
    desk, follow_links = _tell_figures(service, settings, engine, seal, platform, relay.wake)
    store = PostgresLinks(
        engine, clock=service.clock, ids=service.ids, seal=seal, wake=relay.wake, changes=[follow_links]
    )
    house_clock = _serve_links(service, settings, store, platform)
    figures = PodiumkunstFiguresServicer(desk, FigureFiles(desk, house_clock, service.clock))
    service.rpc.add(
        lambda server: add_PodiumkunstFiguresServiceServicer_to_server(figures, server),
        "balcon.podiumkunst.v1.PodiumkunstFiguresService",
    )
    serve_audit(service.rpc, WalledAudit(CheckedRecord(engine, CHECKS), engine))


def _platform(service: Service, settings: PodiumkunstSettings, engine: AsyncEngine, seal: Seal) -> _Platform:
    clock, seconds, names = service.clock, settings.dip_timeout_seconds, DipNames(settings.dip_names)
    telling = OutboundHttp(settings.base_url, clock, limits=HttpLimits(read_seconds=seconds, total_seconds=seconds))
    reading = OutboundHttp(settings.base_url, clock, limits=reading_limits(seconds))
    service.on_close(telling.close)
    service.on_close(reading.close)
    accounts, tokens = PostgresAccounts(engine, seal), DipTokens(telling, names, clock)
    book, spacing = PostgresToldBook(engine, clock), settings.spacing_seconds
    return _Platform(
        accounts,
        DipReader(reading, tokens, names, Ledger(engine, service.ids)),
        DipCarrier(telling, tokens, names, accounts, book, clock, spacing_seconds=spacing),
    )


def _follow_sales(service: Service, engine: AsyncEngine, bus: ManagedBus) -> None:
    """The read model of sales, of linked performances and all others: a link begins with the whole history (R0.10)."""
    service.consume(engine, bus, group=GROUP, topics=[ORDERS, ALLOTMENTS], batch_handler=take_changes, unhurried=True)
    seats = StateConsumer(
        bus, engine, group=SEATS_GROUP, topics=[AVAILABILITY], batch_handler=take_states, clock=service.clock
    )
    service.show_consumers(bus, lambda: [seats])
    service.background(SEATS_GROUP, seats.run)


def _follow_shows(service: Service, engine: AsyncEngine, bus: ManagedBus) -> None:
    """Copies of the house's performances and of its clock."""
    service.consume(engine, bus, group=SHOWS_GROUP, topics=[CATALOGUE], handler=copy_show)
    houses = StateConsumer(bus, engine, group=HOUSES_GROUP, topics=[ACCOUNTS], handler=copy_house, clock=service.clock)
    service.show_consumers(bus, lambda: [houses])
    service.background(HOUSES_GROUP, houses.run)


def _serve_links(
    service: Service,
    settings: PodiumkunstSettings,
    store: PostgresLinks,
    platform: _Platform,
) -> HouseClock:
    clock, seconds = service.clock, settings.call_timeout_seconds
    to_accounts = open_channel(settings.accounts_target, clock, timeout_seconds=seconds)
    to_catalogue = open_channel(settings.catalogue_target, clock, timeout_seconds=seconds)
    service.on_close(to_accounts.close)
    service.on_close(to_catalogue.close)
    accounts, reader = platform.accounts, platform.reader
    neighbours = GrpcNeighbours(to_accounts, to_catalogue)
    house_clock = HouseClock(store, neighbours)
    lists = PlatformListHandler(store, accounts, reader, clock)
    portfolios = PortfolioHandler(store, accounts, reader, clock, spacing_seconds=settings.spacing_seconds)
    looks = (
        _looks(service, "lists", store.lease_lists, lists.fetch, minutes=settings.list_minutes),
        _looks(service, "portfolios", store.lease_portfolios, portfolios.fetch, minutes=settings.portfolio_minutes),
    )

    def wake() -> None:
        for one in looks:
            one.wake()

    handlers = LinksHandlers(
        connections=ConnectionHandler(store, accounts, reader, clock, wake),
        platform_lists=lists,
        link_lists=LinkListHandler(store, house_clock, clock),
        linking=LinkingHandler(store, neighbours, house_clock, clock),
        halls=HallHandler(store, neighbours),
        portfolios=portfolios,
    )
    servicer = PodiumkunstLinksServicer(handlers)
    service.rpc.add(
        lambda server: add_PodiumkunstLinksServiceServicer_to_server(servicer, server),
        "balcon.podiumkunst.v1.PodiumkunstLinksService",
    )
    return house_clock


def _looks(
    service: Service,
    name: str,
    lease: Callable[[int, int, int], Awaitable[Sequence[str]]],
    fetch: Callable[[str], Coroutine[Any, Any, object]],
    *,
    minutes: int,
) -> DueWork[str]:
    """House by house as it is due; one that was leased is due again in `minutes`, whatever becomes of this process."""

    async def due(limit: int) -> Leased[str]:
        now_ms = service.clock.now_ms()
        houses = await lease(limit, now_ms, now_ms + minutes * _MINUTE_MS)
        return Leased(houses, may_be_more=len(houses) == limit)

    work = DueWork(name, lease=due, act=fetch, clock=service.clock, limits=_LOOKS)
    service.background(name, work.run)
    return work


def _tell_figures(
    service: Service,
    settings: PodiumkunstSettings,
    engine: AsyncEngine,
    seal: Seal,
    platform: _Platform,
    wake: Callable[[], None],
) -> tuple[FigureDesk, FiguresFollowLinks]:
    """The platform is told what linked performances have sold; staff ask the desk, and who links tells the other."""
    clock = service.clock
    to_catalogue = open_channel(settings.catalogue_target, clock, timeout_seconds=settings.call_timeout_seconds)
    to_inventory = OwnerRouting(split_targets(settings.inventory_target), clock, seeded_random(clock.now_ms()).random)
    for close in (to_catalogue.close, to_inventory.close):
        service.on_close(close)
    maker = FigureMaker(GrpcSeats(to_catalogue, to_inventory, timeout_seconds=settings.call_timeout_seconds))
    outbound = open_outbound(service, engine, settings, seal=seal, carrier=platform.carrier)
    serve_outbound(service, outbound.desk, wake)
    store = PostgresFigures(engine, outbound.queue, clock=clock, ids=service.ids, wake=wake)
    pusher = Pusher(store, maker)
    rounds = PushRounds(PostgresRounds(engine), pusher, clock)
    service.background("push rounds", rounds.run)
    # What was told can be sent again so long.
    keep_ms = settings.outbound_bodies_days * _DAY_MS
    service.background("figure states purge", lambda: purge(forget_states(engine), clock, keep_ms=keep_ms))
    desk = FigureDesk(store, maker, pusher, platform.accounts)
    return desk, FiguresFollowLinks(rounds.wake, outbound.queue)


def main() -> None:
    """Runs the service until SIGTERM."""
    settings = PodiumkunstSettings()
    run_service("podiumkunst", settings, lambda service: build(service, settings), roles_with)


if __name__ == "__main__":
    main()
