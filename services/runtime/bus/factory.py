"""Picks the bus adapter by URL. Nothing is opened: each connects when it is first used."""

from __future__ import annotations

from urllib.parse import urlsplit

from services.runtime.bus.faults import BusUrlInvalid
from services.runtime.bus.port import ManagedBus
from services.runtime.clock import Clock
from services.runtime.ids import Ids


def open_bus(url: str, *, clock: Clock, ids: Ids, client_id: str) -> ManagedBus:
    """A bus for kafka://host:port[,host:port], postgresql+asyncpg://... or memory:// (BusUrlInvalid).

    `client_id` names this process to the bus, such as "orders". Adapters are imported here, so that a process loads
    only its own.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "kafka" and rest.strip("/"):
        from services.runtime.bus.kafka_bus import KafkaBus  # noqa: PLC0415

        return KafkaBus(rest.strip("/").split(","), clock=clock, ids=ids, client_id=client_id)
    if scheme in {"postgresql", "postgresql+asyncpg"} and urlsplit(url).path.strip("/"):
        from services.runtime.bus.postgres_bus import PostgresBus  # noqa: PLC0415

        return PostgresBus(f"postgresql://{rest}", clock=clock, ids=ids, client_id=client_id)
    if scheme == "memory":
        from services.runtime.bus.memory_bus import MemoryBus  # noqa: PLC0415

        return MemoryBus()
    raise BusUrlInvalid(scheme=scheme)
