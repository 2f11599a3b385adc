"""The stores under contract and what tests put on them: holds, claims, a hall of a hundred seats."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from services.inventory.adapters.outbox_act_log import OutboxActLog
from services.inventory.adapters.postgres_block_list import PostgresBlockList
from services.inventory.adapters.postgres_claim_store import PostgresClaimStore
from services.inventory.adapters.postgres_directory import PostgresDirectory
from services.inventory.domain.changes import (
    ClaimCancelled,
    ClaimConfirmed,
    SaleCancelled,
    SeatsClaimed,
    SeatsReserved,
)
from services.inventory.domain.records import Claim, Hold, HoldRules
from services.inventory.domain.reservations import Reservation
from services.inventory.ports import BlockList, ClaimStore, Directory, HoldStore, HoldWrites, Performance, SeatPlan
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds

NAME = "perf_1"
ONLINE = 2
HALL = Performance(
    NAME, "house_1", SeatPlan.of(3, [f"s{number}" for number in range(100)]), HoldRules(True, 10, 60_000)
)
ACT_LOG = OutboxActLog(SystemClock(), RandomIds(), wake=lambda: None)


@dataclass(frozen=True, slots=True)
class HoldShelf:
    """A hold store, and how its server loses everything (FLUSHALL)."""

    store: HoldStore
    lose_everything: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Record:
    """Directory, claims and the list of blocks of one database."""

    directory: Directory
    claims: ClaimStore
    blocks: BlockList

    async def owned(self, seen_epoch: int = 0) -> int:
        """Takes the performance; the new epoch."""
        epoch = await self.directory.take(NAME, seen_epoch, f"node_{seen_epoch}", "127.0.0.1:1")
        assert epoch is not None
        return epoch


def hold(hold_id: str, *seats: int, holder_id: str = "anna", hold_until_ms: int = 1_800_000_060_000) -> Hold:
    """A hold on the hall's first seats unless said otherwise."""
    return Hold(hold_id, holder_id, seats or (0, 1), ONLINE, 1_800_000_000_000, hold_until_ms)


def put(*holds: Hold) -> HoldWrites:
    """A batch of new or changed holds."""
    return HoldWrites(holds, [])


def ended(*hold_ids: str) -> HoldWrites:
    """A batch of holds that ended."""
    return HoldWrites([], hold_ids)


def claim(order_id: str, *seats: int, holder_id: str = "anna", sold: bool = False) -> Claim:
    """A claim that came from the hold of the same number."""
    return Claim(order_id, holder_id, f"hold_{order_id}", seats, ONLINE, sold)


def claimed(order_id: str, *seats: int, holder_id: str = "anna") -> SeatsClaimed:
    """The change that claims seats."""
    return SeatsClaimed(claim(order_id, *seats, holder_id=holder_id), None)


def confirmed(order_id: str, *seats: int) -> ClaimConfirmed:
    """The change that sells claimed seats."""
    return ClaimConfirmed(claim(order_id, *seats, sold=True))


def cancelled(order_id: str, *seats: int) -> ClaimCancelled:
    """The change that frees claimed seats."""
    return ClaimCancelled(claim(order_id, *seats))


def sale_cancelled(order_id: str, *seats: int) -> SaleCancelled:
    """The change that frees sold seats."""
    return SaleCancelled(claim(order_id, *seats, sold=True))


def reservation(reservation_id: str, *seats: int, deadline_ms: int = 0) -> Reservation:
    """A reservation by anna that stands."""
    return Reservation(reservation_id, "anna", seats, 3, "file 7", deadline_ms, 1_800_000_000_000, "asked")


def reserved(reservation_id: str, *seats: int, deadline_ms: int = 0) -> SeatsReserved:
    """The change that makes one."""
    return SeatsReserved(reservation(reservation_id, *seats, deadline_ms=deadline_ms))


def postgres_record(engine: AsyncEngine) -> Record:
    """The record of the hall in Postgres."""
    return Record(PostgresDirectory(engine), PostgresClaimStore(engine, HALL, ACT_LOG), PostgresBlockList(engine))
