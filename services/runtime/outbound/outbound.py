"""An integration's outbound side in one piece: the queue for its handlers, the sender, the gauges and the purge."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.outbound.desk import Desk
from services.runtime.outbound.leases import Leases
from services.runtime.outbound.port import Carrier
from services.runtime.outbound.queue import PostgresQueue
from services.runtime.outbound.sender import Sender, SenderLimits
from services.runtime.outbound.upkeep import OutboundWatch, forget_bodies, forget_dispatches, forget_exchanges
from services.runtime.seal import Seal
from services.runtime.service import Service
from services.runtime.settings import OutboundSettings
from services.runtime.work.purge import PurgeStep, purge

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Outbound:
    """`queue` is for handlers and consumers, `desk` for staff; see serve_outbound in services/contracts."""

    queue: PostgresQueue
    desk: Desk
    sender: Sender


def open_outbound(
    service: Service, engine: AsyncEngine, settings: OutboundSettings, *, seal: Seal, carrier: Carrier
) -> Outbound:
    """Carries in the background what the queue is given, under the name of the service. Once in a main."""
    limits = SenderLimits(targets_at_once=settings.outbound_targets_at_once)
    leases = Leases(engine)
    sender = Sender(service.name, leases, carrier, seal, clock=service.clock, ids=service.ids, limits=limits)
    service.background("outbound sender", sender.run)
    service.before_drain(sender.drain)
    watch = OutboundWatch(service.name, engine, service.clock)
    service.background("outbound watch", watch.run)
    bodies_ms, ledger_ms = settings.outbound_bodies_days * _DAY_MS, settings.outbound_ledger_days * _DAY_MS
    # Dispatches before their exchanges: what was delivered has its line as long as it is there.
    _purge(service, "bodies", forget_bodies(engine), bodies_ms)
    _purge(service, "dispatches", forget_dispatches(engine), ledger_ms)
    _purge(service, "exchanges", forget_exchanges(engine), ledger_ms + _DAY_MS)
    queue = PostgresQueue(seal, service.clock, service.ids, sender.wake)
    return Outbound(queue, Desk(engine, service.clock, sender.wake), sender)


def _purge(service: Service, what: str, step: PurgeStep, keep_ms: int) -> None:
    service.background(f"outbound {what} purge", lambda: purge(step, service.clock, keep_ms=keep_ms))
