"""What every HoldStore must do: fence, number, write all or nothing, forget nothing it acknowledged."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from services.inventory.domain.seat_map import ENDED_HOLDS_REMEMBERED
from services.inventory.ports import Fenced, HoldStore, HoldWrites, WritesLost
from tests.contract.inventory.shelves import NAME, HoldShelf, ended, hold, put


@pytest.fixture
def store(shelf: HoldShelf) -> HoldStore:
    return shelf.store


async def held(store: HoldStore, epoch: int) -> dict[str, tuple[int, ...]]:
    return {found.hold_id: found.seats for found in (await store.open(NAME, epoch)).holds}


async def test_the_next_owner_finds_what_was_appended(store: HoldStore) -> None:
    await store.open(NAME, 1)
    holds = [hold("h1", 3, 4), hold("h2", 7, holder_id="bert_2", hold_until_ms=1_800_000_999_000)]
    await store.append(NAME, 1, 1, put(*holds))
    found = (await store.open(NAME, 2)).holds
    assert sorted(found, key=lambda each: each.hold_id) == holds


async def test_the_stores_time_is_told_and_runs_on(store: HoldStore) -> None:
    first = (await store.open(NAME, 1)).store_now_ms
    assert first > 1_700_000_000_000
    assert (await store.open(NAME, 2)).store_now_ms >= first


async def test_a_put_replaces_and_an_end_removes(store: HoldStore) -> None:
    await store.open(NAME, 1)
    await store.append(NAME, 1, 1, put(hold("h1", 1), hold("h2", 2), hold("h3", 3)))
    await store.append(NAME, 1, 2, HoldWrites([hold("h1", 5, 6)], ["h2", "never_was"]))
    assert await held(store, 2) == {"h1": (5, 6), "h3": (3,)}


async def test_what_a_hold_came_from_is_kept_with_it(store: HoldStore) -> None:
    await store.open(NAME, 1)
    made = msgspec.structs.replace(hold("h1", 1), asked_ttl_ms=90_000, asked="0123456789abcdef")
    await store.append(NAME, 1, 1, put(made))
    assert list((await store.open(NAME, 2)).holds) == [made]


async def test_the_next_owner_is_told_which_holds_have_ended_the_latest_last(store: HoldStore) -> None:
    await store.open(NAME, 1)
    await store.append(NAME, 1, 1, put(hold("h1", 1), hold("h2", 2), hold("h3", 3)))
    await store.append(NAME, 1, 2, ended("h2"))
    await store.append(NAME, 1, 2, ended("h2"))
    # Held and let go in one turn: no record of it was ever put.
    await store.append(NAME, 1, 3, HoldWrites([hold("h4", 4)], ["h1", "h9"]))
    assert list((await store.open(NAME, 2)).ended) == ["h2", "h1", "h9"]
    await store.append(NAME, 2, 1, ended("h4"))
    assert list((await store.open(NAME, 3)).ended) == ["h2", "h1", "h9", "h4"]
    assert list((await store.open("perf_2", 1)).ended) == []


async def test_a_refused_batch_ends_no_hold(store: HoldStore) -> None:
    await store.open(NAME, 1)
    await store.append(NAME, 1, 1, put(hold("h1", 1)))
    with pytest.raises(WritesLost):
        await store.append(NAME, 1, 3, ended("h1"))
    await store.open(NAME, 2)
    with pytest.raises(Fenced):
        await store.append(NAME, 1, 2, ended("h1"))
    assert list((await store.open(NAME, 2)).ended) == []


async def test_of_too_many_ended_holds_the_oldest_are_forgotten(store: HoldStore) -> None:
    await store.open(NAME, 1)
    names = [f"h{number}" for number in range(ENDED_HOLDS_REMEMBERED + 1_500)]
    for batch, start in enumerate(range(0, len(names), 1_000), 1):
        await store.append(NAME, 1, batch, ended(*names[start : start + 1_000]))
    assert list((await store.open(NAME, 2)).ended) == names[-ENDED_HOLDS_REMEMBERED:]


async def test_a_lower_epoch_cannot_open(store: HoldStore) -> None:
    await store.open(NAME, 2)
    with pytest.raises(Fenced):
        await store.open(NAME, 1)


async def test_a_lower_epoch_is_fenced_and_writes_nothing(store: HoldStore) -> None:
    await store.open(NAME, 1)
    await store.append(NAME, 1, 1, put(hold("h1", 1)))
    await store.open(NAME, 2)
    for late in (put(hold("h2", 2)), ended("h1")):
        with pytest.raises(Fenced):
            await store.append(NAME, 1, 2, late)
    assert await held(store, 2) == {"h1": (1,)}


async def test_the_same_batch_again_changes_nothing(store: HoldStore) -> None:
    await store.open(NAME, 1)
    await store.append(NAME, 1, 1, put(hold("h1", 1)))
    await store.append(NAME, 1, 2, ended("h1"))
    await store.append(NAME, 1, 2, ended("h1"))
    await store.append(NAME, 1, 1, put(hold("h1", 1)))
    assert await held(store, 2) == {}


@pytest.mark.parametrize("batch", [2, 3, 1000])
async def test_a_skipped_number_says_that_writes_are_lost(store: HoldStore, batch: int) -> None:
    await store.open(NAME, 1)
    with pytest.raises(WritesLost):
        await store.append(NAME, 1, batch, put(hold("h1", 1)))
    assert await held(store, 2) == {}


async def test_an_epoch_that_was_never_opened_says_that_writes_are_lost(store: HoldStore) -> None:
    await store.open(NAME, 1)
    with pytest.raises(WritesLost):
        await store.append(NAME, 2, 1, put(hold("h1", 1)))


async def test_each_epoch_counts_its_batches_from_one(store: HoldStore) -> None:
    await store.open(NAME, 1)
    await store.append(NAME, 1, 1, put(hold("h1", 1)))
    await store.append(NAME, 1, 2, put(hold("h2", 2)))
    await store.open(NAME, 7)
    with pytest.raises(WritesLost):
        await store.append(NAME, 7, 3, put(hold("h3", 3)))
    await store.append(NAME, 7, 1, put(hold("h3", 3)))
    assert await held(store, 8) == {"h1": (1,), "h2": (2,), "h3": (3,)}


async def test_a_store_that_lost_everything_says_so_before_it_writes(shelf: HoldShelf) -> None:
    """RULE 13, RULE 14: after FLUSHALL the owner's memory is void, and the next epoch starts from what there is."""
    await shelf.store.open(NAME, 1)
    await shelf.store.append(NAME, 1, 1, put(hold("h1", 1)))
    await shelf.lose_everything()
    with pytest.raises(WritesLost):
        await shelf.store.append(NAME, 1, 2, put(hold("h2", 2)))
    assert await held(shelf.store, 2) == {}
    await shelf.store.append(NAME, 2, 1, put(hold("h3", 3)))
    assert await held(shelf.store, 3) == {"h3": (3,)}


async def test_loss_after_the_first_batch_of_an_epoch_is_noticed_by_the_first(shelf: HoldShelf) -> None:
    await shelf.store.open(NAME, 1)
    await shelf.lose_everything()
    with pytest.raises(WritesLost):
        await shelf.store.append(NAME, 1, 1, put(hold("h1", 1)))


async def test_a_batch_of_nothing_is_numbered_and_fenced_like_any_other(shelf: HoldShelf) -> None:
    """How an owner asks whether it still is one."""
    nothing = HoldWrites([], [])
    await shelf.store.open(NAME, 1)
    await shelf.store.append(NAME, 1, 1, nothing)
    with pytest.raises(WritesLost):
        await shelf.store.append(NAME, 1, 3, nothing)
    await shelf.store.append(NAME, 1, 2, put(hold("h1", 1)))
    await shelf.store.open(NAME, 2)
    with pytest.raises(Fenced):
        await shelf.store.append(NAME, 1, 3, nothing)
    await shelf.lose_everything()
    with pytest.raises(WritesLost):
        await shelf.store.append(NAME, 2, 1, nothing)


async def test_performances_do_not_meet(store: HoldStore) -> None:
    await store.open(NAME, 5)
    await store.append(NAME, 5, 1, put(hold("h1", 1)))
    assert (await store.open("perf_2", 1)).holds == []
    await store.append("perf_2", 1, 1, put(hold("h1", 9)))
    assert await held(store, 6) == {"h1": (1,)}


async def test_a_full_turn_and_a_full_hall_fit(store: HoldStore) -> None:
    """The largest batches that TurnLog sends, and more holds than one page of a scan."""
    await store.open(NAME, 1)
    names = [f"h{number}" for number in range(3_000)]
    for batch in range(30):
        part = names[batch * 100 : batch * 100 + 100]
        await store.append(NAME, 1, batch + 1, put(*(hold(name, *range(100)) for name in part)))
    assert len(await held(store, 2)) == 3_000
    for batch in range(3):
        await store.append(NAME, 2, batch + 1, ended(*names[batch * 1_000 : batch * 1_000 + 1_000]))
    assert await held(store, 3) == {}


async def test_of_many_openings_at_once_only_the_highest_may_write(store: HoldStore) -> None:
    """INV-4, whatever the order in which they arrive."""
    await asyncio.gather(*(store.open(NAME, epoch) for epoch in range(1, 21)), return_exceptions=True)
    outcomes = await asyncio.gather(
        *(store.append(NAME, epoch, 1, put(hold(f"h{epoch}", epoch))) for epoch in range(1, 21)),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [Fenced] * 19 + [type(None)]
    assert await held(store, 21) == {"h20": (20,)}
