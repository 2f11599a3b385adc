"""NodeLease: valid from the send of a renewal less a margin (RULE 5); takeover waits for its end only (RULE 6)."""

from __future__ import annotations

import asyncio

import pytest

from services.inventory.actors.activation import LeaseLost
from services.inventory.actors.host import PerformanceHost
from services.inventory.adapters.memory_stores import MemoryLeaseStore
from services.inventory.cluster.membership import NodeLease
from services.inventory.domain.refusals import NotOwner
from services.inventory.ports import NodeInfo, StoreUnavailable
from services.runtime.ids import SeededIds
from services.runtime.testing import eventually
from tests.unit.inventory.actors.stage import HOUSE, NAME, Stage, done, virtual
from tests.unit.inventory.builders import hold

TTL_SECONDS = 6.0
RENEW_SECONDS = 2.0


class FlakyLeases(MemoryLeaseStore):
    """A lease store that may be slow or silent."""

    delay_seconds = 0.0
    is_silent = False

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.clock)
        self._stage = stage

    async def put(self, node: NodeInfo, ttl_ms: int) -> None:
        if self.is_silent:
            raise StoreUnavailable
        await self._stage.clock.sleep(self.delay_seconds)
        await super().put(node, ttl_ms)


def lease(stage: Stage, leases: MemoryLeaseStore, seed: int = 1, *, ttl_seconds: float = TTL_SECONDS) -> NodeLease:
    found = NodeLease(leases, stage.record, stage.clock, SeededIds(seed), ttl_seconds=ttl_seconds)
    found.endpoint = f"node_{seed}:1"
    return found


@virtual
async def test_a_lease_is_believed_from_the_send_of_its_renewal_less_the_margin() -> None:
    stage = Stage()
    leases = FlakyLeases(stage)
    leases.delay_seconds = 3.0
    node = lease(stage, leases)
    assert not node.is_valid()
    await node.renew()
    assert stage.clock.monotonic() == pytest.approx(3.0)
    assert node.is_valid()
    await stage.clock.sleep(1.9)
    assert node.is_valid()
    await stage.clock.sleep(0.2)
    assert not node.is_valid()
    assert await node.is_alive(node.incarnation)


@virtual
async def test_how_long_a_lease_stands_is_told_and_is_nothing_while_the_store_is_silent() -> None:
    stage = Stage()
    leases = FlakyLeases(stage)
    node = lease(stage, leases)
    assert node.valid_seconds() == 0
    await node.renew()
    assert node.valid_seconds() == pytest.approx(TTL_SECONDS - 1)
    leases.is_silent = True
    loop = asyncio.create_task(node.run())
    await stage.clock.sleep(400)
    assert node.valid_seconds() == 0
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)


@virtual
async def test_a_lease_is_kept_by_renewals_and_survives_a_short_silence() -> None:
    stage = Stage()
    leases = FlakyLeases(stage)
    node = lease(stage, leases)
    loop = asyncio.create_task(node.run())
    for second in range(60):
        leases.is_silent = second % 10 in {3, 4}
        await stage.clock.sleep(1)
        assert node.is_valid()
    leases.is_silent = True
    await stage.clock.sleep(TTL_SECONDS)
    assert not node.is_valid()
    leases.is_silent = False
    await eventually(node.is_valid)
    loop.cancel()


def with_lease(stage: Stage, member: NodeLease) -> PerformanceHost:
    return stage.node(membership=member)


@virtual
async def test_takeover_from_a_dead_node_waits_for_its_lease_and_no_longer() -> None:
    """RULE 6."""
    stage = Stage()
    leases = MemoryLeaseStore(stage.clock)
    dead, living = lease(stage, leases, 1), lease(stage, leases, 2)
    await dead.renew()
    loop = asyncio.create_task(living.run())
    await done(with_lease(stage, dead), hold("h1", 1))
    node = with_lease(stage, living)
    await eventually(living.is_valid)
    died = stage.clock.monotonic()
    while isinstance(await node.owner(HOUSE, NAME), NotOwner):
        # Its view of the others is as old as its last renewal, too.
        assert stage.clock.monotonic() - died < TTL_SECONDS + RENEW_SECONDS + 0.1
        await stage.clock.sleep(0.05)
    assert stage.clock.monotonic() - died > TTL_SECONDS - 0.1
    assert not dead.is_valid()
    assert set((await stage.owner(node)).seat_map.holds) == {"h1"}
    loop.cancel()


@virtual
async def test_a_frozen_owner_answers_nothing_after_it_thaws_until_it_has_renewed() -> None:
    """RULE 5: SIGSTOP for 0.5 to 3 times its lease. Time passes for everybody but its own renewals."""
    for factor in (0.5, 1.0, 2.0, 3.0):
        stage = Stage()
        leases = MemoryLeaseStore(stage.clock)
        frozen = lease(stage, leases, 1)
        await frozen.renew()
        node = with_lease(stage, frozen)
        await done(node, hold("h1", 1))
        await stage.clock.sleep(factor * TTL_SECONDS)
        if factor < 0.8:
            await done(node, hold("h2", 2))
            continue
        with pytest.raises(LeaseLost):
            await node.execute(HOUSE, NAME, [hold("h2", 2)])
        assert node.actors == []
        await frozen.renew()
        await done(node, hold("h3", 3))
        assert (await stage.owner(node)).epoch == 2


@virtual
async def test_a_node_that_resigned_is_never_seen_alive_again_although_its_loop_still_runs() -> None:
    """Between hand-over and the end of the process lies the drain of calls, longer than a renewal."""
    stage = Stage()
    leases = MemoryLeaseStore(stage.clock)
    node, other = lease(stage, leases, 1), lease(stage, leases, 2)
    loop = asyncio.create_task(node.run())
    await eventually(node.is_valid)
    await node.resign()
    for _ in range(100):
        assert not node.is_valid()
        assert not await other.is_alive(node.incarnation)
        await stage.clock.sleep(0.1)
    loop.cancel()


@virtual
async def test_two_starts_of_one_process_are_two_identities() -> None:
    """Trap 4: an owner that lost and regained the same identity would believe its old leases."""
    stage = Stage()
    leases = MemoryLeaseStore(stage.clock)
    first, second = lease(stage, leases, 1), lease(stage, leases, 2)
    await first.renew()
    assert first.incarnation != second.incarnation
    assert not await first.is_alive(second.incarnation)
