"""What every record keeps of reservations (R4.8): each with its seats until it ends, and how it ended."""

from __future__ import annotations

import msgspec
import pytest

from services.inventory.domain.changes import ReservationExtended, ReservationReleased, SeatsClaimed
from services.inventory.domain.reservations import CLAIMED, EXPIRED, RELEASED, Reservation
from services.inventory.ports import ClaimConflict
from tests.contract.inventory.shelves import NAME, Record, claim, reservation, reserved

R1, R2 = reservation("r1", 3, 4, deadline_ms=5_000), reservation("r2", 6)


async def kept(record: Record, epoch: int) -> list[Reservation]:
    loaded = await record.claims.load(NAME, epoch)
    return sorted(loaded.reservations, key=lambda each: each.reservation_id)


async def test_the_next_owner_finds_reservations_as_they_stand(record: Record) -> None:
    epoch = await record.owned()
    await record.claims.append(NAME, epoch, 1, [reserved("r1", 3, 4, deadline_ms=5_000), reserved("r2", 6)])
    later = msgspec.structs.replace(R1, deadline_ms=9_000)
    await record.claims.append(NAME, epoch, 2, [ReservationExtended(later)])
    assert await kept(record, await record.owned(epoch)) == [later, R2]


@pytest.mark.parametrize("state", [RELEASED, EXPIRED])
async def test_the_seats_of_one_that_ended_may_be_reserved_again(record: Record, state: int) -> None:
    epoch = await record.owned()
    await record.claims.append(NAME, epoch, 1, [reserved("r1", 3, 4, deadline_ms=5_000)])
    ended = msgspec.structs.replace(R1, state=state)
    await record.claims.append(NAME, epoch, 2, [ReservationReleased(ended), reserved("r2", 3)])
    assert await kept(record, epoch) == [ended, reservation("r2", 3)]


async def test_a_claim_ends_the_reservation_that_it_came_from(record: Record) -> None:
    epoch = await record.owned()
    await record.claims.append(NAME, epoch, 1, [reserved("r1", 3, 4, deadline_ms=5_000)])
    ended = msgspec.structs.replace(R1, state=CLAIMED)
    await record.claims.append(NAME, epoch, 2, [SeatsClaimed(claim("o1", 3, 4), None, ended)])
    await record.claims.append(NAME, epoch, 2, [SeatsClaimed(claim("o1", 3, 4), None, ended)])
    assert await kept(record, epoch) == [ended]
    assert [each.order_id for each in (await record.claims.load(NAME, epoch)).claims] == ["o1"]


async def test_no_seat_is_in_two_reservations(record: Record) -> None:
    epoch = await record.owned()
    await record.claims.append(NAME, epoch, 1, [reserved("r1", 3, 4, deadline_ms=5_000)])
    with pytest.raises(ClaimConflict):
        await record.claims.append(NAME, epoch, 2, [reserved("r2", 4, 5)])
    assert await kept(record, epoch) == [R1]
