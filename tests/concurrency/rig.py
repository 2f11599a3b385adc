"""Two nodes that both believe to own everything, over real stores whose guards can be switched off one by one.

The negative control of the whole design: a rig that cannot see a double sale without guards proves nothing with them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from redis.asyncio import Redis
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.inventory.actors.activation import Activation
from services.inventory.actors.host import PerformanceHost
from services.inventory.actors.performance_actor import PerformanceActor
from services.inventory.adapters.memory_stores import MemoryAvailabilityFeed, MemoryMembership, MemoryPerformances
from services.inventory.adapters.outbox_act_log import OutboxActLog
from services.inventory.adapters.postgres_claim_store import PostgresClaimStore
from services.inventory.adapters.postgres_directory import PostgresDirectory
from services.inventory.adapters.redis_connection import connect
from services.inventory.adapters.redis_hold_store import LIBRARY, RedisHoldStore
from services.inventory.adapters.tables import seat_claim
from services.inventory.domain.commands import Command
from services.inventory.domain.decisions import Decision
from services.inventory.domain.records import HoldRules
from services.inventory.ports import ClaimStore, Performance, SeatPlan
from services.runtime.clock import SystemClock
from services.runtime.errors import Overloaded, Refusal, Retryable
from services.runtime.ids import RandomIds
from services.runtime.sql.engine import create_engine
from services.runtime.testing.servers import as_owner

NAME = "perf_1"
HOUSE = "house_1"
# Times a client asks again with the same ids before the test gives up on it.
PATIENCE = 200
COMPARISONS = (
    "if epoch < known then",
    "if epoch < known_epoch then",
    "if epoch > known_epoch then",
    "if batch <= known_batch then",
    "if batch ~= known_batch + 1 then",
)


@dataclass(frozen=True, slots=True)
class Guards:
    """What stands between two owners and a double sale."""

    fence: bool = True
    epoch_check: bool = True
    unique_index: bool = True

    def __str__(self) -> str:
        names = [name for name in ("fence", "epoch_check", "unique_index") if getattr(self, name)]
        return "+".join(names) or "none"


def unfenced_library() -> str:
    """The function library with every comparison taken out."""
    library = LIBRARY
    for comparison in COMPARISONS:
        assert library.count(comparison) == 1, comparison
        library = library.replace(comparison, "if false then")
    return library


class UnfencedHoldStore(RedisHoldStore):
    """A mutant: whoever asks may write, in any order."""

    async def load_functions(self) -> None:
        assert isinstance(self._redis, Redis)
        await self._redis.function_load(unfenced_library(), replace=True)


class UncheckedClaimStore(PostgresClaimStore):
    """A mutant: no epoch and no number is compared."""

    async def _check_epoch(self, connection: AsyncConnection, performance_id: str, epoch: int) -> None:
        return

    async def _advance(self, connection: AsyncConnection, performance_id: str, epoch: int, batch: int) -> bool:
        return True


@dataclass(slots=True)
class Told:
    """What clients were told, by seat: who holds it, and which orders claim it."""

    holders: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    orders: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))

    @property
    def double_holds(self) -> list[int]:
        """Seats that several buyers were told to hold."""
        return [seat for seat, holders in self.holders.items() if len(holders) > 1]

    @property
    def double_sales(self) -> list[int]:
        """Seats that several orders were told to have claimed."""
        return [seat for seat, orders in self.orders.items() if len(orders) > 1]


@dataclass(frozen=True, slots=True)
class Rig:
    """The nodes and their stores."""

    nodes: Sequence[PerformanceHost]
    engine: AsyncEngine
    clock: SteppedClock

    async def decide(self, node: PerformanceHost, command: Command) -> Decision:
        """The answer, however often it takes: the same command with the same ids, as the client library does it."""
        for _ in range(PATIENCE):
            try:
                answer = await node.execute(HOUSE, NAME, [command])
            except Retryable:
                continue
            if isinstance(answer, Overloaded):  # a slow machine's; the client library waits as it is told
                await self.clock.sleep(answer.retry_after_ms / 1000)
                continue
            assert not isinstance(answer, Refusal), answer
            return answer.decisions[0]
        raise AssertionError(f"no answer to {command}")

    async def believe(self) -> list[PerformanceActor]:
        """Brings the performance up on every node, one after the other: each takes it from the one before."""
        actors = []
        for node in self.nodes:
            actor = await node.owner(HOUSE, NAME)
            assert isinstance(actor, PerformanceActor), actor
            actors.append(actor)
        return actors

    async def recorded(self) -> dict[int, set[str]]:
        """Orders with an active claim by seat, as the record says."""
        query = select(seat_claim.c.seat_index, seat_claim.c.order_id).where(
            seat_claim.c.state.in_(["claimed", "sold"])
        )
        found: dict[int, set[str]] = defaultdict(set)
        async with as_owner(self.engine).connect() as connection:
            for seat, order_id in await connection.execute(query):
                found[seat].add(order_id)
        return found


class SteppedClock(SystemClock):
    """The machine's clock, which a test may put forward: an end that is raced against comes when the race is on."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def now_ms(self) -> int:
        """See Clock.now_ms."""
        return super().now_ms() + self.ahead_ms

    def monotonic(self) -> float:
        """See Clock.monotonic."""
        return super().monotonic() + self.ahead_ms / 1000


def _always(claim_store: ClaimStore, _: Performance) -> ClaimStore:
    return claim_store


@asynccontextmanager
async def running_rig(
    redis_url: str,
    database_url: str,
    guards: Guards,
    *,
    capacity: int = 100,
    rules: HoldRules | None = None,
    nodes: int = 2,
) -> AsyncIterator[Rig]:
    """Nodes on the stores at these addresses, whose guards are as told."""
    clock = SteppedClock()
    plan = SeatPlan.of(1, [f"s{number}" for number in range(capacity)])
    performance = Performance(NAME, HOUSE, plan, rules or HoldRules(True, 100, 600_000))
    async with AsyncExitStack() as stack:
        engine = create_engine(database_url, application="test", pool_size=16)
        stack.push_async_callback(engine.dispose)
        if not guards.unique_index:
            async with as_owner(engine).begin() as connection:
                await connection.execute(text("DROP INDEX uq_seat_claim_active"))
        hosts = []
        for number in range(nodes):
            redis = connect(redis_url)
            stack.push_async_callback(redis.aclose)
            holds = RedisHoldStore(redis) if guards.fence else UnfencedHoldStore(redis)
            await holds.load_functions()
            act_log = OutboxActLog(clock, RandomIds(), wake=lambda: None)
            claim_store = (PostgresClaimStore if guards.epoch_check else UncheckedClaimStore)(
                engine, performance, act_log
            )
            # RULE 4 at its worst: each sees itself alive and everybody else dead.
            member = MemoryMembership(f"node_{number}", set(), f"node_{number}:1")
            activation = Activation(member, PostgresDirectory(engine), holds, partial(_always, claim_store), clock)
            host = PerformanceHost(member, MemoryPerformances(performance), activation, MemoryAvailabilityFeed(), clock)
            stack.push_async_callback(host.hand_over)
            hosts.append(host)
        yield Rig(hosts, engine, clock)
