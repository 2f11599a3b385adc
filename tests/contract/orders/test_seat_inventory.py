"""One contract for the SeatInventory in memory and a node of the real one."""

import pytest

from services.contracts.channels import Channel
from services.contracts.reasons import Reason
from services.orders.domain.order import Order
from services.orders.ports import Answer, Declined, Done, HeldSeats, Unanswered
from services.runtime.testing import eventually
from tests.contract.orders.neighbours import SeatStage
from tests.unit.orders.builders import HOUSE, PLAN, SHOW, an_order

# Its seats are, its hold is hold_1 of holder_1.
ORDER = an_order()


def reason(answer: Answer | HeldSeats) -> Reason | None:
    """None for a yes."""
    return answer.reason if isinstance(answer, Declined) else None


async def claimed(seats: SeatStage) -> Order:
    await seats.hold("hold_1", "A-1", "A-2")
    assert await seats.inventory.claim(ORDER, ORDER.first, from_hold=True) == Done()
    return ORDER


async def sold(seats: SeatStage) -> Order:
    order = await claimed(seats)
    assert await seats.inventory.confirm_claim(order, order.first) == Done()
    return order


async def is_free(seats: SeatStage, *seat_ids: str) -> bool:
    """Whether an order without a hold gets them."""
    other = an_order(order_id="ord_probe", seats=seat_ids)
    free = await seats.inventory.claim(other, other.first, from_hold=False) == Done()
    await seats.inventory.cancel_claim(other, other.first)
    return free


async def test_a_hold_is_told_as_it_was_made(seats: SeatStage) -> None:
    await seats.hold("hold_1", "A-1", "A-2")
    held = await seats.inventory.held_seats(HOUSE, SHOW, "hold_1")
    assert isinstance(held, HeldSeats)
    assert (held.hold_id, held.holder_id, held.plan_version) == ("hold_1", "holder_1", PLAN)
    assert (held.seat_ids, held.channel) == (("A-1", "A-2"), Channel.ONLINE)


async def test_a_hold_that_never_was_is_not_found(seats: SeatStage) -> None:
    assert reason(await seats.inventory.held_seats(HOUSE, SHOW, "hold_1")) is Reason.HOLD_NOT_FOUND
    assert reason(await seats.inventory.claim(ORDER, ORDER.first, from_hold=True)) is Reason.HOLD_NOT_FOUND


async def test_a_hold_that_was_given_back_has_ended_and_may_be_given_back_again(seats: SeatStage) -> None:
    await seats.hold("hold_1", "A-1", "A-2")
    for _ in range(2):
        assert await seats.inventory.release(ORDER, ORDER.first) == Done()
    assert reason(await seats.inventory.held_seats(HOUSE, SHOW, "hold_1")) is Reason.HOLD_ENDED
    assert reason(await seats.inventory.claim(ORDER, ORDER.first, from_hold=True)) is Reason.HOLD_ENDED
    assert await is_free(seats, "A-1", "A-2")


async def test_a_hold_that_ran_out_has_ended(seats: SeatStage) -> None:
    await seats.hold("hold_1", "A-1", "A-2", seconds=1)

    async def is_over() -> None:
        assert reason(await seats.inventory.held_seats(HOUSE, SHOW, "hold_1")) is Reason.HOLD_ENDED

    await eventually(is_over)
    assert reason(await seats.inventory.claim(ORDER, ORDER.first, from_hold=True)) is Reason.HOLD_ENDED
    assert await seats.inventory.release(ORDER, ORDER.first) == Done()
    assert await is_free(seats, "A-1", "A-2")


async def test_a_hold_that_its_buyer_moved_is_not_given_back_for_the_seats_that_it_had(seats: SeatStage) -> None:
    await seats.hold("hold_1", "A-1", "A-2")
    await seats.move("hold_1", "A-3", "A-4")
    assert reason(await seats.inventory.release(ORDER, ORDER.first)) is Reason.SEATS_NOT_HELD
    held = await seats.inventory.held_seats(HOUSE, SHOW, "hold_1")
    assert isinstance(held, HeldSeats)
    assert held.seat_ids == ("A-3", "A-4")
    assert await is_free(seats, "A-1", "A-2")
    assert not await is_free(seats, "A-3")


async def test_another_holders_hold_is_foreign(seats: SeatStage) -> None:
    await seats.hold("hold_1", "A-1", "A-2", holder_id="holder_2")
    assert reason(await seats.inventory.release(ORDER, ORDER.first)) is Reason.HOLD_FOREIGN
    assert reason(await seats.inventory.claim(ORDER, ORDER.first, from_hold=True)) is Reason.HOLD_FOREIGN


async def test_a_hold_with_other_seats_is_not_claimed(seats: SeatStage) -> None:
    await seats.hold("hold_1", "A-1", "A-3")
    assert reason(await seats.inventory.claim(ORDER, ORDER.first, from_hold=True)) is Reason.CLAIM_MISMATCH
    assert isinstance(await seats.inventory.held_seats(HOUSE, SHOW, "hold_1"), HeldSeats)


async def test_a_claim_ends_its_hold_and_takes_the_seats(seats: SeatStage) -> None:
    await claimed(seats)
    assert reason(await seats.inventory.held_seats(HOUSE, SHOW, "hold_1")) is Reason.HOLD_ENDED
    assert not await is_free(seats, "A-1")


async def test_a_claim_may_be_repeated_even_when_it_is_sold(seats: SeatStage) -> None:
    order = await claimed(seats)
    assert await seats.inventory.claim(order, order.first, from_hold=True) == Done()
    await seats.inventory.confirm_claim(order, order.first)
    assert await seats.inventory.claim(order, order.first, from_hold=True) == Done()
    assert reason(await seats.inventory.cancel_claim(order, order.first)) is Reason.CLAIM_ALREADY_SOLD


@pytest.mark.parametrize("other", [{"holder_id": "holder_2"}, {"hold_id": "hold_2"}])
async def test_another_claim_of_the_same_order_proves_nothing(seats: SeatStage, other: dict[str, str]) -> None:
    await claimed(seats)
    another = an_order(**other)  # type: ignore[arg-type]
    with pytest.raises(Unanswered):
        await seats.inventory.claim(another, another.first, from_hold=True)


async def test_an_order_that_has_its_claim_out_of_a_hold_is_told_so_when_it_asks_without_one(seats: SeatStage) -> None:
    order = await claimed(seats)
    assert await seats.inventory.claim(order, order.first, from_hold=False) == Done()


async def test_free_seats_are_claimed_without_a_hold(seats: SeatStage) -> None:
    for _ in range(2):
        assert await seats.inventory.claim(ORDER, ORDER.first, from_hold=False) == Done()
    assert not await is_free(seats, "A-2", "A-3")
    assert await is_free(seats, "A-3")


async def test_seats_that_are_held_claimed_or_sold_are_not_claimed_without_a_hold(seats: SeatStage) -> None:
    await sold(seats)
    await seats.hold("hold_2", "A-3")
    third = an_order(order_id="ord_3", seats=("A-4",))
    await seats.inventory.claim(third, third.first, from_hold=False)
    for taken in ("A-1", "A-3", "A-4"):
        late = an_order(order_id="ord_late", seats=(taken, "A-5"))
        assert reason(await seats.inventory.claim(late, late.first, from_hold=False)) is Reason.SEATS_TAKEN
    assert await is_free(seats, "A-5")


async def test_a_late_copy_of_a_claim_without_a_hold_does_not_take_the_seats_again(seats: SeatStage) -> None:
    await seats.inventory.claim(ORDER, ORDER.first, from_hold=False)
    await seats.inventory.cancel_claim(ORDER, ORDER.first)
    assert reason(await seats.inventory.claim(ORDER, ORDER.first, from_hold=False)) is Reason.CLAIM_ENDED
    assert await is_free(seats, "A-1", "A-2")


async def test_a_claim_out_of_a_hold_that_was_given_back_may_be_made_anew_once(seats: SeatStage) -> None:
    order = await claimed(seats)
    await seats.inventory.cancel_claim(order, order.first)
    assert await seats.inventory.claim(order, order.first, from_hold=False) == Done()


async def test_a_sale_is_confirmed_once_and_again(seats: SeatStage) -> None:
    order = await sold(seats)
    assert await seats.inventory.confirm_claim(order, order.first) == Done()


async def test_what_was_never_claimed_or_was_given_back_is_not_confirmed(seats: SeatStage) -> None:
    assert reason(await seats.inventory.confirm_claim(ORDER, ORDER.first)) is Reason.CLAIM_NOT_FOUND
    order = await claimed(seats)
    await seats.inventory.cancel_claim(order, order.first)
    assert reason(await seats.inventory.confirm_claim(order, order.first)) is Reason.CLAIM_NOT_FOUND


async def test_a_claim_is_given_back_as_a_claim(seats: SeatStage) -> None:
    order = await claimed(seats)
    assert reason(await seats.inventory.cancel_sale(order, order.first)) is Reason.CLAIM_NOT_SOLD
    for _ in range(2):
        assert await seats.inventory.cancel_claim(order, order.first) == Done()
    assert await is_free(seats, "A-1", "A-2")


async def test_a_sale_is_given_back_as_a_sale(seats: SeatStage) -> None:
    order = await sold(seats)
    assert reason(await seats.inventory.cancel_claim(order, order.first)) is Reason.CLAIM_ALREADY_SOLD
    for _ in range(2):
        assert await seats.inventory.cancel_sale(order, order.first) == Done()
    assert await is_free(seats, "A-1", "A-2")


async def test_giving_back_what_was_never_claimed_is_done(seats: SeatStage) -> None:
    assert await seats.inventory.cancel_claim(ORDER, ORDER.first) == Done()
    assert await seats.inventory.cancel_sale(ORDER, ORDER.first) == Done()
