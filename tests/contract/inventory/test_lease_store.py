"""What every LeaseStore must do: a lease stands until its time is over, and tells who has it."""

from __future__ import annotations

from services.inventory.ports import LeaseStore, NodeInfo
from services.runtime.testing import eventually

NODE = NodeInfo("node_a", "127.0.0.1:1", draining=False, load=12.5)
LONG_MS = 60_000


async def live(leases: LeaseStore) -> list[NodeInfo]:
    return sorted(await leases.live(), key=lambda node: node.incarnation)


async def test_a_lease_stands_once_it_is_put(leases: LeaseStore) -> None:
    assert not await leases.exists("node_a")
    await leases.put(NODE, LONG_MS)
    assert await leases.exists("node_a")
    assert not await leases.exists("node_b")
    assert await live(leases) == [NODE]


async def test_a_lease_ends_by_itself(leases: LeaseStore) -> None:
    await leases.put(NODE, 30)

    async def over() -> bool:
        return not await leases.exists("node_a") and await live(leases) == []

    await eventually(over)


async def test_a_renewal_outlives_the_lease_before_it(leases: LeaseStore) -> None:
    await leases.put(NODE, 30)
    await leases.put(NODE, LONG_MS)
    await leases.put(NodeInfo("node_b", "127.0.0.1:2"), 60)

    async def only_the_renewed() -> bool:
        return await live(leases) == [NODE]

    await eventually(only_the_renewed)


async def test_a_renewal_tells_what_is_new(leases: LeaseStore) -> None:
    await leases.put(NODE, LONG_MS)
    draining = NodeInfo("node_a", "127.0.0.1:1", draining=True, load=0.0)
    await leases.put(draining, LONG_MS)
    assert await live(leases) == [draining]


async def test_a_lease_of_no_time_never_stands(leases: LeaseStore) -> None:
    """RULE 4's worst case: nobody is ever seen alive."""
    await leases.put(NODE, 0)
    assert not await leases.exists("node_a")
    assert await live(leases) == []


async def test_a_dropped_lease_is_gone_at_once(leases: LeaseStore) -> None:
    await leases.put(NODE, LONG_MS)
    await leases.put(NodeInfo("node_b", "127.0.0.1:2"), LONG_MS)
    await leases.drop("node_a")
    await leases.drop("never_was")
    assert not await leases.exists("node_a")
    assert [node.incarnation for node in await live(leases)] == ["node_b"]


async def test_a_node_that_was_not_seen_for_a_while_is_seen_again_with_its_next_renewal(leases: LeaseStore) -> None:
    await leases.put(NODE, 20)

    async def unseen() -> bool:
        return await live(leases) == []

    await eventually(unseen)
    await leases.put(NODE, LONG_MS)
    assert await live(leases) == [NODE]
