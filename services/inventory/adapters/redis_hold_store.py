"""Holds in Redis or Valkey: a fence, a hash of holds and a list of ended ones per performance, under its hash tag."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from importlib.resources import files
from typing import Any, cast

import msgspec
from redis.exceptions import RedisError, ResponseError

from services.inventory.adapters.redis_connection import AnyRedis, load_library
from services.inventory.domain.records import ASKED_UNTOLD, Hold
from services.inventory.domain.seat_map import ENDED_HOLDS_REMEMBERED
from services.inventory.ports import Fenced, HoldWrites, OpenedHolds, StoreUnavailable, WritesLost

LIBRARY = files("services.inventory.adapters").joinpath("seat_locks.lua").read_text("utf-8")
OPEN_FUNCTION = "balcon_seats_v2_open"
APPEND_FUNCTION = "balcon_seats_v2_append"

# Of a hold's record. A later version appends fields and leaves those before as they are: an older node reads what it
# knows. What must change its meaning gets a key of its own, read one release before it is written.
RECORD_VERSION = 4

# Key TTLs are only rubbish collection: far beyond the longest life of a hold.
KEEP_SECONDS = 30 * 24 * 3600
SCAN_COUNT = 1_000
# Nobody still sends a copy of a hold's command so long after the last hold of its performance ended.
KEEP_ENDED_SECONDS = 24 * 3600

_encode_record = msgspec.json.Encoder().encode
_encode_writes = msgspec.msgpack.Encoder().encode


class _Record(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A hold as stored, but for its id: a JSON array (the store's cmsgpack wants text, and people can read it)."""

    holder_id: str
    seats: tuple[int, ...]
    channel: int
    acquired_ms: int
    hold_until_ms: int
    # Not in the records of versions up to 1 of the functions; those ignore them.
    asked_ttl_ms: int = 0
    asked: str = ASKED_UNTOLD
    # Absent before version 3. Not the first: nodes of the release before read the record too, and ignore what follows.
    version: int = 0
    # Absent before version 4, and where nobody has told them.
    ticket_types: tuple[str, ...] = ()


_decode_record = msgspec.json.Decoder(_Record).decode


def encode_hold(hold: Hold) -> str:
    """The stored text of a hold."""
    # A tuple, not a _Record: it is made for every hold and costs half as much.
    record: tuple[object, ...] = (
        hold.holder_id,
        hold.seats,
        hold.channel,
        hold.acquired_ms,
        hold.hold_until_ms,
        hold.asked_ttl_ms,
        hold.asked,
        RECORD_VERSION,
    )
    return _encode_record((*record, hold.ticket_types) if hold.ticket_types else record).decode()


def decode_hold(hold_id: str, stored: bytes) -> Hold:
    """A hold from its stored text. Raises msgspec.DecodeError."""
    record = _decode_record(stored)
    return Hold(
        hold_id,
        record.holder_id,
        record.seats,
        record.channel,
        record.acquired_ms,
        record.hold_until_ms,
        record.asked_ttl_ms,
        record.asked,
        record.ticket_types,
    )


class RedisHoldStore:
    """See ports.HoldStore. `redis` must not retry by itself: an append is sent again by its number."""

    def __init__(self, redis: AnyRedis) -> None:
        self._redis = redis

    @staticmethod
    def keys(performance_id: str) -> tuple[str, str, str]:
        """Fence, holds and ended holds of a performance."""
        return f"{{{performance_id}}}:fence", f"{{{performance_id}}}:holds", f"{{{performance_id}}}:ended"

    async def open(self, performance_id: str, epoch: int) -> OpenedHolds:
        answer = await self._call(OPEN_FUNCTION, performance_id, epoch, KEEP_SECONDS)
        if answer[0] == b"FENCED":
            raise Fenced(performance_id=performance_id, epoch=epoch, stored=answer[1])
        return await self._read(performance_id, int(answer[1]))

    async def _read(self, performance_id: str, store_now_ms: int) -> OpenedHolds:
        # Nobody else can write after the fence was raised, so a scan in pages sees one state.
        _, holds_key, ended_key = self.keys(performance_id)
        found: dict[str, Hold] = {}
        unreadable: set[str] = set()
        try:
            async for key, stored in self._redis.hscan_iter(holds_key, count=SCAN_COUNT):
                hold_id = key.decode(errors="replace")
                try:
                    found[hold_id] = decode_hold(hold_id, stored)
                except msgspec.DecodeError:
                    unreadable.add(hold_id)
            ended = await cast("Awaitable[list[bytes]]", self._redis.lrange(ended_key, 0, -1))
        except (RedisError, OSError, TimeoutError) as error:
            raise StoreUnavailable(performance_id=performance_id) from error
        ended_ids = [hold_id.decode(errors="replace") for hold_id in ended]
        return OpenedHolds(list(found.values()), store_now_ms, list(unreadable), ended_ids)

    async def append(self, performance_id: str, epoch: int, batch: int, writes: HoldWrites) -> None:
        put: list[str] = []
        for hold in writes.put:
            put += (hold.hold_id, encode_hold(hold))
        blob = _encode_writes((put, writes.ended))
        answer = await self._call(
            APPEND_FUNCTION,
            performance_id,
            epoch,
            batch,
            blob,
            KEEP_SECONDS,
            ENDED_HOLDS_REMEMBERED,
            KEEP_ENDED_SECONDS,
        )
        if answer == b"FENCED":
            raise Fenced(performance_id=performance_id, epoch=epoch)
        if answer == b"GAP":
            raise WritesLost(performance_id=performance_id, epoch=epoch, batch=batch)

    async def _call(self, function: str, performance_id: str, *args: object) -> Any:
        try:
            try:
                return await self._fcall(function, performance_id, args)
            except ResponseError as error:
                if "Function not found" not in str(error):
                    raise
                await self.load_functions()
                return await self._fcall(function, performance_id, args)
        except (RedisError, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise StoreUnavailable(performance_id=performance_id, function=function) from error

    async def _fcall(self, function: str, performance_id: str, args: tuple[object, ...]) -> Any:
        keys = self.keys(performance_id)
        return await self._redis.fcall(function, len(keys), *keys, *cast("Any", args))

    async def load_functions(self) -> None:
        """Loads the versioned library. Needed once per server; done again when a server has lost it (RULE 18)."""
        await load_library(self._redis, LIBRARY)
