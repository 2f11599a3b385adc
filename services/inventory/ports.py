"""What the inventory needs from outside: two fenced stores, the directory of owners, liveness, performances, a feed.

Adapters live in adapters/; each in-memory twin passes the same contract suite as the real one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from services.contracts.audit import RecordAudit
from services.inventory.domain.changes import RecordChange
from services.inventory.domain.records import Claim, Hold, HoldRules
from services.inventory.domain.refusals import PerformanceNotFound
from services.inventory.domain.seat_layout import SeatLayout
from services.runtime.errors import Fatal, Retryable
from services.runtime.errors import StoreUnavailable as StoreUnavailable  # noqa: PLC0414 (these ports' word too)


class Fenced(Retryable):
    """A newer owner exists; this one's memory of the performance is void (INV-4)."""


class WritesLost(Retryable):
    """The store has lost acknowledged writes; the memory built on them is void."""


class ClaimConflict(Retryable):
    """The record refused a second active claim on a seat (INV-1); memory and record disagree."""


class RecordRefused(Fatal):
    """The record will never take these changes; nothing of them was written."""


@dataclass(frozen=True, slots=True)
class HoldWrites:
    """What one batch changes among the holds: new or replaced ones, and ids that ended."""

    put: Sequence[Hold]
    ended: Sequence[str]


@dataclass(frozen=True, slots=True)
class OpenedHolds:
    """What a new owner finds: the living holds, the store's own time, ids of what cannot be read as a hold; and the ids
    of holds that ended last, the latest at the end."""

    holds: Sequence[Hold]
    store_now_ms: int
    unreadable: Sequence[str] = ()
    ended: Sequence[str] = ()


class HoldStore(Protocol):
    """Holds by performance, fenced by (epoch, batch). Batches of an epoch are numbered 1, 2, 3 …"""

    async def open(self, performance_id: str, epoch: int) -> OpenedHolds:
        """Raises the fence to `epoch` (lower than the stored one: Fenced), then reads all holds, and the ids of the
        ENDED_HOLDS_REMEMBERED that ended last."""
        ...

    async def append(self, performance_id: str, epoch: int, batch: int, writes: HoldWrites) -> None:
        """Writes the whole batch or nothing; durable on return. A batch that is stored already counts as written.

        Raises Fenced, WritesLost (a number was skipped), StoreUnavailable (outcome unknown: send the same batch again).
        """
        ...


@dataclass(frozen=True, slots=True)
class PerformanceRecord:
    """What the record knows of a performance's seats."""

    claims: Sequence[Claim] = ()
    blocked: Sequence[int] = ()
    # Orders that claimed seats without a hold and whose claim has ended.
    given_back: Sequence[str] = ()


class ClaimStore(Protocol):
    """Claims, sales and blocks: the record. Fenced by the directory's epoch inside each transaction (RULE 3)."""

    async def load(self, performance_id: str, epoch: int) -> PerformanceRecord:
        """Everything active. Raises Fenced when `epoch` is no longer the directory's."""
        ...

    async def append(self, performance_id: str, epoch: int, batch: int, changes: Sequence[RecordChange]) -> None:
        """Writes all the changes or none; durable on return. Numbered and answered like HoldStore.append.

        Raises also ClaimConflict when the unique index on active claims refuses, and RecordRefused when it would be
        refused however often it is sent.
        """
        ...


@dataclass(frozen=True, slots=True)
class Owner:
    """A directory row. `incarnation` is empty after a release."""

    incarnation: str
    endpoint: str
    epoch: int


@dataclass(frozen=True, slots=True)
class OwnedPerformance:
    """A directory row as operators see it."""

    performance_id: str
    owner: Owner
    pinned_to: str


class Directory(Protocol):
    """Who owns which performance. The only place epochs are minted (RULE 1)."""

    async def owner_of(self, performance_id: str) -> Owner | None:
        """The row as it stands; None if there never was an owner."""
        ...

    async def take(self, performance_id: str, seen_epoch: int, incarnation: str, endpoint: str) -> int | None:
        """Takes it if its epoch still is `seen_epoch` (0: no row). The new epoch, or None: somebody else did."""
        ...

    async def release(self, performance_id: str, epoch: int) -> None:
        """Gives the row up, so that the next owner need not wait. Does nothing when the epoch has moved on."""
        ...

    async def epochs_of(self, performance_ids: Sequence[str]) -> Mapping[str, int]:
        """The epochs as they stand, for those that ever were owned."""
        ...

    async def pins(self) -> Mapping[str, str]:
        """Endpoints by performance, for all that are pinned."""
        ...

    async def pin(self, performance_id: str, endpoint: str) -> None:
        """Pins a performance to an endpoint; an empty one unpins it."""
        ...

    async def page(self, after: str, size: int) -> Sequence[OwnedPerformance]:
        """Rows in the order of their ids, those after `after`."""
        ...


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """A live node as its lease tells it. `load` is commands per second, lately."""

    incarnation: str
    endpoint: str
    draining: bool = False
    load: float = 0.0


class Membership(Protocol):
    """Which nodes live. A hint: wrong belief costs a refused batch, never a wrong sale (RULE 4)."""

    @property
    def incarnation(self) -> str:
        """This process's own identity, fresh at each start."""
        ...

    @property
    def endpoint(self) -> str:
        """host:port of this node's gRPC server."""
        ...

    @property
    def nodes(self) -> Sequence[NodeInfo]:
        """The live nodes as of the last renewal, this one among them while its lease is valid."""
        ...

    @property
    def pins(self) -> Mapping[str, str]:
        """Pinned performances as of the last renewal."""
        ...

    def is_valid(self) -> bool:
        """Whether this node may still believe in its lease, counted from the send of its last renewal."""
        ...

    async def is_alive(self, incarnation: str) -> bool:
        """Whether another node's lease stands."""
        ...


class LeaseStore(Protocol):
    """Where nodes' leases are kept. Each call raises StoreUnavailable when the store does not answer."""

    async def put(self, node: NodeInfo, ttl_ms: int) -> None:
        """Writes or renews a lease that ends by itself `ttl_ms` from now; 0 is one that never stands."""
        ...

    async def exists(self, incarnation: str) -> bool:
        """Whether the lease stands."""
        ...

    async def live(self) -> Sequence[NodeInfo]:
        """Every node whose lease stands."""
        ...

    async def drop(self, incarnation: str) -> None:
        """Ends a lease."""
        ...


class SeatPlan(msgspec.Struct, frozen=True):
    """The seats of one plan version in the plan's order, and where each stands in it. None: nobody has told."""

    plan_version: int
    seat_ids: tuple[str, ...]
    index_of: dict[str, int]
    layout: SeatLayout | None = None

    @classmethod
    def of(cls, plan_version: int, seat_ids: Sequence[str], layout: SeatLayout | None = None) -> SeatPlan:
        """Builds the index."""
        index_of = {seat_id: index for index, seat_id in enumerate(seat_ids)}
        return cls(plan_version, tuple(seat_ids), index_of, layout)


@dataclass(frozen=True, slots=True)
class Performance:
    """A performance as the inventory needs it."""

    performance_id: str
    house_id: str
    plan: SeatPlan = field(repr=False)
    rules: HoldRules


class Performances(Protocol):
    """Where performances come from: the inventory's own copy, filled from the catalogue."""

    async def find(self, house_id: str, performance_id: str) -> Performance | PerformanceNotFound:
        """The performance of that house. Another house's is unknown (INV-8)."""
        ...

    async def rules_of(self, performance_ids: Sequence[str]) -> dict[str, HoldRules]:
        """The rules as they stand now, for those that are known."""
        ...

    async def house_of(self, performance_id: str) -> str | None:
        """The house of a performance that is known here already. For operators' acts only: buyers name their house."""
        ...


@dataclass(frozen=True, slots=True)
class Availability:
    """Counts of one performance at one version of its seat map, by seat state."""

    house_id: str
    performance_id: str
    epoch: int
    version: int
    counts: tuple[int, ...]
    observed_at_ms: int


class AvailabilityFeed(Protocol):
    """Where the latest counts are told."""

    async def publish(self, latest: Sequence[Availability]) -> None:
        """Tells them; a failure loses nothing, the next counts follow."""
        ...


class SeatRecordAudit(RecordAudit, Protocol):
    """The record's view of itself, and what the owners' memory is compared with."""

    async def counts(self, performance_ids: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """Seats claimed and sold per performance: {"claimed": n, "sold": n}; a count of none is left out."""
        ...
