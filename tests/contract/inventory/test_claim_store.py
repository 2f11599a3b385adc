"""What every ClaimStore must do: fence by the directory's epoch, number, write all or nothing, one claim per seat."""

from __future__ import annotations

import msgspec
import pytest

from services.inventory.domain.changes import (
    ClaimCancelled,
    ClaimConfirmed,
    RecordChange,
    SaleCancelled,
    SaleReduced,
    SeatsBlocked,
    SeatsClaimed,
    SeatsUnblocked,
)
from services.inventory.domain.records import BlockKind, Claim, SeatBlock
from services.inventory.ports import ClaimConflict, Fenced, WritesLost
from tests.contract.inventory.shelves import (
    HALL,
    NAME,
    Record,
    cancelled,
    claim,
    claimed,
    confirmed,
    sale_cancelled,
)


async def claims(record: Record, epoch: int) -> list[Claim]:
    return sorted((await record.claims.load(NAME, epoch)).claims, key=lambda each: each.order_id)


async def test_a_new_performance_has_no_record(record: Record) -> None:
    loaded = await record.claims.load(NAME, await record.owned())
    assert (list(loaded.claims), list(loaded.blocked)) == ([], [])


async def test_the_next_owner_finds_claims_sales_and_blocks(record: Record) -> None:
    epoch = await record.owned()
    await record.claims.append(NAME, epoch, 1, [claimed("o1", 3, 4), claimed("o2", 5), SeatsBlocked((8, 9), "camera")])
    await record.claims.append(NAME, epoch, 2, [confirmed("o2", 5), SeatsUnblocked((9,))])
    loaded = await record.claims.load(NAME, await record.owned(epoch))
    assert sorted(loaded.claims, key=lambda each: each.order_id) == [claim("o1", 3, 4), claim("o2", 5, sold=True)]
    assert list(loaded.blocked) == [8]


@pytest.mark.parametrize("wrong", [1, 3])
async def test_any_epoch_but_the_directorys_is_fenced(record: Record, wrong: int) -> None:
    """RULE 3."""
    epoch = await record.owned(await record.owned())
    with pytest.raises(Fenced):
        await record.claims.load(NAME, wrong)
    with pytest.raises(Fenced):
        await record.claims.append(NAME, wrong, 1, [claimed("o1", 1)])
    assert await claims(record, epoch) == []


async def test_what_nobody_owns_is_fenced(record: Record) -> None:
    with pytest.raises(Fenced):
        await record.claims.append(NAME, 0, 1, [claimed("o1", 1)])
    with pytest.raises(Fenced):
        await record.claims.load(NAME, 1)


async def test_an_owner_is_fenced_from_the_moment_another_takes_the_row(record: Record) -> None:
    epoch = await record.owned()
    await record.claims.append(NAME, epoch, 1, [claimed("o1", 1)])
    later = await record.owned(epoch)
    with pytest.raises(Fenced):
        await record.claims.append(NAME, epoch, 2, [confirmed("o1", 1)])
    assert await claims(record, later) == [claim("o1", 1)]


async def test_a_release_does_not_fence_the_batch_in_flight_but_the_next_take_does(record: Record) -> None:
    epoch = await record.owned()
    await record.directory.release(NAME, epoch)
    await record.claims.append(NAME, epoch, 1, [claimed("o1", 1)])
    later = await record.owned(epoch)
    with pytest.raises(Fenced):
        await record.claims.append(NAME, epoch, 2, [claimed("o2", 2)])
    assert await claims(record, later) == [claim("o1", 1)]


async def test_the_same_batch_again_is_one_effect(record: Record) -> None:
    """RULE 13: an append whose outcome is unknown is simply sent again."""
    epoch = await record.owned()
    for _ in range(3):
        await record.claims.append(NAME, epoch, 1, [claimed("o1", 1, 2), SeatsBlocked((5,), "camera")])
    await record.claims.append(NAME, epoch, 2, [cancelled("o1", 1, 2), SeatsUnblocked((5,))])
    await record.claims.append(NAME, epoch, 1, [claimed("o1", 1, 2), SeatsBlocked((5,), "camera")])
    loaded = await record.claims.load(NAME, epoch)
    assert (list(loaded.claims), list(loaded.blocked)) == ([], [])


async def test_a_skipped_number_says_that_writes_are_lost(record: Record) -> None:
    epoch = await record.owned()
    with pytest.raises(WritesLost):
        await record.claims.append(NAME, epoch, 2, [claimed("o1", 1)])
    assert await claims(record, epoch) == []


async def test_each_epoch_counts_its_batches_from_one(record: Record) -> None:
    epoch = await record.owned()
    await record.claims.append(NAME, epoch, 1, [claimed("o1", 1)])
    await record.claims.append(NAME, epoch, 2, [claimed("o2", 2)])
    later = await record.owned(epoch)
    await record.claims.append(NAME, later, 1, [claimed("o3", 3)])
    assert [each.order_id for each in await claims(record, later)] == ["o1", "o2", "o3"]


@pytest.mark.parametrize("sold", [False, True])
async def test_a_second_active_claim_on_a_seat_is_refused_with_its_whole_batch(record: Record, sold: bool) -> None:
    """INV-1: the last guard. The number stays free, so that another batch may have it."""
    epoch = await record.owned()
    await record.claims.append(NAME, epoch, 1, [claimed("o1", 4), *([confirmed("o1", 4)] if sold else [])])
    doubled: list[RecordChange] = [
        SeatsBlocked((8,), "camera"),
        claimed("o2", 5),
        claimed("o3", 3, 4),
        claimed("o4", 6),
    ]
    with pytest.raises(ClaimConflict):
        await record.claims.append(NAME, epoch, 2, doubled)
    loaded = await record.claims.load(NAME, epoch)
    assert (list(loaded.claims), list(loaded.blocked)) == ([claim("o1", 4, sold=sold)], [])
    await record.claims.append(NAME, epoch, 2, [claimed("o2", 5)])
    assert [each.order_id for each in await claims(record, epoch)] == ["o1", "o2"]


async def test_two_claims_of_one_batch_cannot_share_a_seat(record: Record) -> None:
    epoch = await record.owned()
    with pytest.raises(ClaimConflict):
        await record.claims.append(NAME, epoch, 1, [claimed("o1", 4), claimed("o2", 4)])
    assert await claims(record, epoch) == []


async def test_cancelled_claims_can_be_claimed_again_by_anybody(record: Record) -> None:
    epoch = await record.owned()
    await record.claims.append(NAME, epoch, 1, [claimed("o1", 1, 2)])
    await record.claims.append(NAME, epoch, 2, [cancelled("o1", 1, 2), claimed("o2", 2, 3)])
    assert await claims(record, epoch) == [claim("o2", 2, 3)]


async def test_cancelled_claims_can_be_claimed_again_by_their_order_with_other_facts(record: Record) -> None:
    """A late payment: the order claims once more. What is found later is the second claim, not a mixture."""
    epoch = await record.owned()
    await record.claims.append(NAME, epoch, 1, [claimed("o1", 1, 2)])
    await record.claims.append(NAME, epoch, 2, [cancelled("o1", 1, 2)])
    again = Claim("o1", "bert", "", (2, 3), 3)
    await record.claims.append(NAME, epoch, 3, [type(claimed("o1"))(again, None)])
    assert await claims(record, epoch) == [again]


async def test_cancelled_sales_can_be_sold_again(record: Record) -> None:
    epoch = await record.owned()
    await record.claims.append(NAME, epoch, 1, [claimed("o1", 1), confirmed("o1", 1)])
    await record.claims.append(NAME, epoch, 2, [sale_cancelled("o1", 1)])
    await record.claims.append(NAME, epoch, 3, [claimed("o2", 1), confirmed("o2", 1)])
    assert await claims(record, epoch) == [claim("o2", 1, sold=True)]


async def test_a_turn_of_many_kinds_is_written_in_its_order(record: Record) -> None:
    """One seat through four orders in one batch."""
    epoch = await record.owned()
    turn: list[RecordChange] = [
        claimed("o1", 1),
        cancelled("o1", 1),
        claimed("o2", 1),
        confirmed("o2", 1),
        sale_cancelled("o2", 1),
        SeatsBlocked((1,), "camera"),
        SeatsUnblocked((1,)),
        claimed("o3", 1),
    ]
    await record.claims.append(NAME, epoch, 1, turn)
    loaded = await record.claims.load(NAME, epoch)
    assert (list(loaded.claims), list(loaded.blocked)) == ([claim("o3", 1)], [])


async def test_a_turn_of_128_orders_is_written(record: Record) -> None:
    epoch = await record.owned()
    await record.claims.append(NAME, epoch, 1, [claimed(f"o{number}", number) for number in range(100)])
    await record.claims.append(NAME, epoch, 2, [confirmed(f"o{number}", number) for number in range(100)])
    assert all(each.sold for each in await claims(record, epoch))
    assert len(await claims(record, epoch)) == 100


async def test_orders_that_claimed_without_a_hold_and_gave_that_back_are_remembered(record: Record) -> None:
    epoch = await record.owned()
    anew = [
        SeatsClaimed(Claim(order, "anna", "", (seat,), 2), None) for order, seat in (("o1", 1), ("o2", 2), ("o3", 3))
    ]
    first: list[RecordChange] = [claimed("o0", 9), *anew]
    await record.claims.append(NAME, epoch, 1, first)
    await record.claims.append(NAME, epoch, 2, [ClaimConfirmed(Claim("o2", "anna", "", (2,), 2, sold=True))])
    ended: list[RecordChange] = [
        cancelled("o0", 9),
        ClaimCancelled(anew[0].claim),
        SaleCancelled(Claim("o2", "anna", "", (2,), 2, sold=True)),
    ]
    await record.claims.append(NAME, epoch, 3, ended)
    assert sorted((await record.claims.load(NAME, await record.owned(epoch))).given_back) == ["o1", "o2"]


async def test_a_sale_that_gave_some_seats_back_keeps_the_others(record: Record) -> None:
    epoch = await record.owned()
    sold = Claim("o1", "anna", "h1", (1, 2, 3), 2, sold=True)
    await record.claims.append(NAME, epoch, 1, [claimed("o1", 1, 2, 3)])
    await record.claims.append(NAME, epoch, 2, [ClaimConfirmed(sold)])
    left = msgspec.structs.replace(sold, seats=(1, 3))
    reduced: list[RecordChange] = [SaleReduced(left, (2,)), claimed("o2", 2)]
    await record.claims.append(NAME, epoch, 3, reduced)
    found = {one.order_id: one.seats for one in await claims(record, await record.owned(epoch))}
    assert found == {"o1": (1, 3), "o2": (2,)}


async def test_a_refused_batch_remembers_nobody_as_having_given_back(record: Record) -> None:
    epoch = await record.owned()
    anew = Claim("o1", "anna", "", (1,), 2)
    await record.claims.append(NAME, epoch, 1, [SeatsClaimed(anew, None), claimed("o2", 2)])
    with pytest.raises(ClaimConflict):
        await record.claims.append(NAME, epoch, 2, [ClaimCancelled(anew), claimed("o3", 2)])
    loaded = await record.claims.load(NAME, epoch)
    assert (list(loaded.given_back), len(loaded.claims)) == ([], 2)


async def test_the_next_owner_finds_which_blocks_are_soft_and_a_later_block_says_which_kind_it_is(
    record: Record,
) -> None:
    epoch = await record.owned()
    soft = SeatsBlocked((5, 6, 7), "house seats", None, BlockKind.SOFT)
    await record.claims.append(NAME, epoch, 1, [soft, SeatsBlocked((8, 9), "camera")])
    again = SeatsBlocked((9,), "house seats", None, BlockKind.SOFT)
    await record.claims.append(NAME, epoch, 2, [SeatsBlocked((7,), "rail"), again])
    loaded = await record.claims.load(NAME, await record.owned(epoch))
    assert (sorted(loaded.blocked), sorted(loaded.softly_blocked)) == ([5, 6, 7, 8, 9], [5, 6, 9])


async def test_a_soft_block_stays_under_a_claim_and_ends_with_the_sale(record: Record) -> None:
    epoch = await record.owned()
    soft = SeatsBlocked((5, 6, 7), "house seats", None, BlockKind.SOFT)
    await record.claims.append(NAME, epoch, 1, [soft, claimed("o1", 4, 5), claimed("o2", 6)])
    await record.claims.append(NAME, epoch, 2, [cancelled("o2", 6)])
    assert sorted((await record.claims.load(NAME, epoch)).softly_blocked) == [5, 6, 7]
    await record.claims.append(NAME, epoch, 3, [ClaimConfirmed(claim("o1", 4, 5, sold=True), unblocked=(5,))])
    assert sorted((await record.claims.load(NAME, epoch)).softly_blocked) == [6, 7]
    await record.claims.append(NAME, epoch, 4, [sale_cancelled("o1", 4, 5)])
    assert sorted((await record.claims.load(NAME, epoch)).blocked) == [6, 7]


async def test_blocks_are_listed_with_their_reasons_by_seat_page_by_page(record: Record) -> None:
    epoch = await record.owned()
    soft = SeatsBlocked((30, 4), "house seats", None, BlockKind.SOFT)
    await record.claims.append(NAME, epoch, 1, [soft, SeatsBlocked((10, 20), "camera"), claimed("o1", 4)])
    listed = [
        SeatBlock(4, BlockKind.SOFT, "house seats"),
        SeatBlock(10, BlockKind.HARD, "camera"),
        SeatBlock(20, BlockKind.HARD, "camera"),
        SeatBlock(30, BlockKind.SOFT, "house seats"),
    ]
    house = HALL.house_id
    assert list(await record.blocks.blocks(house, NAME, None, -1, 3)) == listed[:3]
    assert list(await record.blocks.blocks(house, NAME, None, 20, 3)) == listed[3:]
    assert list(await record.blocks.blocks(house, NAME, BlockKind.HARD, 10, 3)) == [listed[2]]
    assert list(await record.blocks.blocks(house, "perf_2", None, -1, 3)) == []


async def test_more_seats_are_unblocked_at_once_than_a_statement_has_room_for(record: Record) -> None:
    epoch = await record.owned()
    await record.claims.append(NAME, epoch, 1, [SeatsBlocked((8, 9), "camera")])
    many = [SeatsUnblocked(tuple(range(100)) * 20) for _ in range(20)]
    await record.claims.append(NAME, epoch, 2, many)
    assert list((await record.claims.load(NAME, epoch)).blocked) == []


async def test_nothing_that_is_written_for_one_performance_touches_another(record: Record) -> None:
    """The same order, seats and numbers of batches, by two owners of the same epoch."""
    other = "perf_2"
    for name in (NAME, other):
        assert await record.directory.take(name, 0, "node_a", "a") == 1
        await record.claims.append(
            name, 1, 1, [claimed("o1", 1, 2), claimed("o2", 3), claimed("o3", 4), SeatsBlocked((8, 9), "camera")]
        )
        await record.claims.append(name, 1, 2, [confirmed("o3", 4)])
    before = await record.claims.load(other, 1)
    assert {each.order_id: each.sold for each in before.claims} == {"o1": False, "o2": False, "o3": True}
    again = SeatsClaimed(Claim("o4", "anna", "", (5,), 2), None)
    await record.claims.append(
        NAME, 1, 3, [confirmed("o1", 1, 2), cancelled("o2", 3), sale_cancelled("o3", 4), SeatsUnblocked((8,)), again]
    )
    await record.claims.append(NAME, 1, 4, [ClaimCancelled(again.claim)])
    after = await record.claims.load(other, 1)
    assert sorted(after.claims, key=lambda each: each.order_id) == sorted(before.claims, key=lambda each: each.order_id)
    assert (list(after.blocked), list(after.given_back)) == ([8, 9], [])
    own = await record.claims.load(NAME, 1)
    assert [each.order_id for each in own.claims] == ["o1"]
    assert (list(own.blocked), list(own.given_back)) == ([9], ["o4"])
    # The numbers are each performance's own too: the other still waits for its third.
    await record.claims.append(other, 1, 3, [cancelled("o2", 3)])
    assert [each.order_id for each in await claims(record, 1)] == ["o1"]
    assert {each.order_id for each in (await record.claims.load(other, 1)).claims} == {"o1", "o3"}
