"""Orders out of reservations (R4.8): one contract for the SeatInventory in memory and a node of the real one."""

from services.contracts.channels import Channel
from services.contracts.reasons import Reason
from services.orders.domain.order import Order, of_reservation
from services.orders.ports import Answer, Declined, Done, HeldSeats
from tests.contract.orders.neighbours import SeatStage
from tests.unit.orders.builders import HOUSE, SHOW, an_order

RESERVED = of_reservation("r1")
ORDER = an_order(hold_id=RESERVED, channel=Channel.BACKEND)


def reason(answer: Answer | HeldSeats) -> Reason | None:
    return answer.reason if isinstance(answer, Declined) else None


async def claim(seats: SeatStage, order: Order) -> Answer:
    return await seats.inventory.claim(order, order.first, from_hold=True)


async def test_a_reservation_is_told_as_a_hold_for_as_long_as_it_stands(seats: SeatStage) -> None:
    assert reason(await seats.inventory.held_seats(HOUSE, SHOW, RESERVED)) is Reason.RESERVATION_NOT_FOUND
    await seats.reserve("r1", "A-1", "A-2")
    held = await seats.inventory.held_seats(HOUSE, SHOW, RESERVED)
    assert isinstance(held, HeldSeats)
    assert (held.hold_id, held.holder_id, held.seat_ids) == (RESERVED, "holder_1", ("A-1", "A-2"))
    assert held.channel is Channel.BACKEND


async def test_its_order_claims_it_in_one_step_and_once(seats: SeatStage) -> None:
    await seats.reserve("r1", "A-1", "A-2")
    for _ in range(2):
        assert await claim(seats, ORDER) == Done()
    assert reason(await seats.inventory.held_seats(HOUSE, SHOW, RESERVED)) is Reason.RESERVATION_OVER
    assert await seats.inventory.confirm_claim(ORDER, ORDER.first) == Done()
    late = an_order(order_id="ord_2", hold_id=RESERVED, channel=Channel.BACKEND)
    assert reason(await claim(seats, late)) is Reason.RESERVATION_OVER


async def test_an_order_that_ends_before_leaves_the_seats_promised(seats: SeatStage) -> None:
    await seats.reserve("r1", "A-1", "A-2")
    assert await seats.inventory.release(ORDER, ORDER.first) == Done()
    assert isinstance(await seats.inventory.held_seats(HOUSE, SHOW, RESERVED), HeldSeats)


async def test_another_holders_is_not_claimed(seats: SeatStage) -> None:
    await seats.reserve("r1", "A-1", "A-2", holder_id="holder_2")
    assert reason(await claim(seats, ORDER)) is Reason.RESERVATION_FOREIGN
