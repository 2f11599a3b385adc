"""What every Directory must do: mint each epoch once, to one node (RULE 1)."""

from __future__ import annotations

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from services.inventory.adapters.postgres_directory import PostgresDirectory
from services.inventory.ports import OwnedPerformance, Owner
from tests.contract.inventory.shelves import NAME, Record

CLAIMERS = 50
ROUNDS = 20


async def test_nobody_owns_what_was_never_taken(record: Record) -> None:
    assert await record.directory.owner_of(NAME) is None


async def test_taking_mints_the_next_epoch_and_tells_the_owner(record: Record) -> None:
    assert await record.directory.take(NAME, 0, "node_a", "127.0.0.1:1") == 1
    assert await record.directory.owner_of(NAME) == Owner("node_a", "127.0.0.1:1", 1)
    assert await record.directory.take(NAME, 1, "node_b", "127.0.0.1:2") == 2
    assert await record.directory.owner_of(NAME) == Owner("node_b", "127.0.0.1:2", 2)


async def test_an_epoch_seen_too_long_ago_takes_nothing(record: Record) -> None:
    await record.directory.take(NAME, 0, "node_a", "a")
    await record.directory.take(NAME, 1, "node_b", "b")
    for stale in (0, 1, 3):
        assert await record.directory.take(NAME, stale, "node_c", "c") is None
    assert await record.directory.owner_of(NAME) == Owner("node_b", "b", 2)


async def test_a_release_keeps_the_epoch_so_that_the_next_is_higher(record: Record) -> None:
    await record.directory.take(NAME, 0, "node_a", "a")
    await record.directory.release(NAME, 1)
    assert await record.directory.owner_of(NAME) == Owner("", "", 1)
    assert await record.directory.take(NAME, 1, "node_b", "b") == 2


async def test_a_release_of_what_has_moved_on_does_nothing(record: Record) -> None:
    await record.directory.release(NAME, 1)
    await record.directory.take(NAME, 0, "node_a", "a")
    await record.directory.take(NAME, 1, "node_b", "b")
    await record.directory.release(NAME, 1)
    assert await record.directory.owner_of(NAME) == Owner("node_b", "b", 2)


async def test_performances_have_their_own_epochs(record: Record) -> None:
    await record.directory.take(NAME, 0, "node_a", "a")
    assert await record.directory.take("perf_2", 0, "node_b", "b") == 1


async def test_a_pin_stands_until_it_is_replaced_or_taken_off(record: Record) -> None:
    assert await record.directory.pins() == {}
    await record.directory.pin(NAME, "a")
    await record.directory.pin("perf_2", "b")
    await record.directory.pin(NAME, "c")
    assert await record.directory.pins() == {NAME: "c", "perf_2": "b"}
    await record.directory.pin("perf_2", "")
    await record.directory.pin("never_pinned", "")
    assert await record.directory.pins() == {NAME: "c"}


async def test_the_directory_is_read_in_pages_by_id(record: Record) -> None:
    for name in ("p3", "p1", "p2"):
        await record.directory.take(name, 0, "node_a", "a")
    await record.directory.pin("p2", "b")
    owner = Owner("node_a", "a", 1)
    first = list(await record.directory.page("", 2))
    assert first == [OwnedPerformance("p1", owner, ""), OwnedPerformance("p2", owner, "b")]
    assert list(await record.directory.page("p2", 2)) == [OwnedPerformance("p3", owner, "")]
    assert list(await record.directory.page("p3", 2)) == []


async def test_of_fifty_claimers_exactly_one_wins_each_round_and_epochs_are_dense(engine: AsyncEngine) -> None:
    """RULE 1, on the real directory."""
    directory = PostgresDirectory(engine)
    for epoch in range(ROUNDS):
        outcomes = await asyncio.gather(
            *(directory.take(NAME, epoch, f"node_{claimer}", f"n{claimer}") for claimer in range(CLAIMERS))
        )
        winners = [(claimer, outcome) for claimer, outcome in enumerate(outcomes) if outcome is not None]
        assert [outcome for _, outcome in winners] == [epoch + 1]
        assert await directory.owner_of(NAME) == Owner(f"node_{winners[0][0]}", f"n{winners[0][0]}", epoch + 1)


async def test_claimers_that_read_before_they_take_never_share_an_epoch(engine: AsyncEngine) -> None:
    """RULE 1: the real sequence of an activation, everybody at once, again and again."""
    directory = PostgresDirectory(engine)
    won: list[int] = []

    async def claimer(name: str) -> None:
        for _ in range(4):
            owner = await directory.owner_of(NAME)
            epoch = await directory.take(NAME, 0 if owner is None else owner.epoch, name, name)
            if epoch is not None:
                won.append(epoch)

    await asyncio.gather(*(claimer(f"node_{number}") for number in range(CLAIMERS)))
    assert sorted(won) == list(range(1, len(won) + 1))


async def test_who_takes_or_gives_up_one_performance_touches_no_other(record: Record) -> None:
    for name in (NAME, "perf_2"):
        await record.directory.take(name, 0, "node_a", "a")
    await record.directory.release(NAME, 1)
    assert await record.directory.owner_of("perf_2") == Owner("node_a", "a", 1)
    assert await record.directory.take(NAME, 1, "node_b", "b") == 2
    assert await record.directory.owner_of("perf_2") == Owner("node_a", "a", 1)
    assert await record.directory.epochs_of([NAME, "perf_2"]) == {NAME: 2, "perf_2": 1}
