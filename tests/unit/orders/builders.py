"""Orders, wishes and offers as tests want them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.contracts.channels import Channel
from services.orders.domain.order import Money, Order, OrderLine, OrderPart, SeatName, Ticket
from services.orders.domain.pricing import PlanSeat, PriceList, SeatChoice, listed, priced_parts
from services.orders.domain.promotions import Promotion
from services.orders.domain.uses import CountedUse
from services.orders.handlers.order_request import OrderRequest, PartRequest
from services.orders.ports import Buyer, HeldSeats, Offer, Operation, RequestKey
from services.runtime.errors import Refusal

HOUSE = "house_a"
SHOW = "perf_1"
NEXT_SHOW = "perf_2"
HALL = "hall_1"
PLAN = 3
NOW_MS = 1_800_000_000_000
CUSTOMER = Buyer("Ada Lovelace", "ada@example.org")
PRICES = PriceList(
    "EUR",
    {("stalls", "normal"): 2_500, ("stalls", "student"): 1_250, ("stalls", "free"): 0, ("balcony", "normal"): 1_800},
)


def a_part(
    *,
    price: int = 2_500,
    seats: tuple[str, ...] = ("A-1", "A-2"),
    performance_id: str = SHOW,
    hold_id: str = "hold_1",
) -> OrderPart:
    """An order's part whose hold stands."""
    lines = tuple(OrderLine(seat, "stalls", "normal", Money(price, "EUR")) for seat in seats)
    return OrderPart(performance_id, hold_id, PLAN, lines, NOW_MS + 600_000)


def an_order(
    *,
    price: int = 2_500,
    seats: tuple[str, ...] = ("A-1", "A-2"),
    performance_id: str = SHOW,
    hold_id: str = "",
    parts: tuple[OrderPart, ...] = (),
    **changes: object,
) -> Order:
    """An open order of house_a, out of a hold of its own: of one part, or of `parts`."""
    hold_id = hold_id or f"hold_{str(changes.get('order_id', 'ord_1')).removeprefix('ord_')}"
    parts = parts or (a_part(price=price, seats=seats, performance_id=performance_id, hold_id=hold_id),)
    order = Order(
        order_id="ord_1",
        house_id=HOUSE,
        holder_id="holder_1",
        channel=Channel.ONLINE,
        parts=parts,
        total=Money(sum(part.total_minor for part in parts), "EUR"),
        created_at_ms=NOW_MS,
        state_since_ms=NOW_MS,
    )
    return replace(order, **changes)  # type: ignore[arg-type]


def two_parts(*, price: int = 2_500, name: str = "1") -> tuple[OrderPart, OrderPart]:
    """Two seats of SHOW and, for less, one of the same name on the day after."""
    first = a_part(price=price, hold_id=f"hold_{name}")
    second = a_part(price=price * 2 // 5, seats=("A-1",), performance_id=NEXT_SHOW, hold_id=f"hold_{name}_next")
    return first, second


def tickets_for(order: Order) -> tuple[Ticket, ...]:
    """One for each line."""
    names = [
        (f"{order.order_id}_{seat}" if place == 0 else f"{order.order_id}_{part.performance_id}_{seat}", seat)
        for place, part in enumerate(order.parts)
        for seat in part.seat_ids
    ]
    return tuple(Ticket(f"tkt_{name}", seat, f"code_{name}") for name, seat in names)


def an_offer(*, on_sale: bool = True, seats_per_holder: int = 10) -> Offer:
    """SHOW, with stalls at 25.00, 12.50 or nothing and a balcony at 18.00."""
    return Offer(SHOW, HALL, PLAN, on_sale, seats_per_holder, PRICES)


def a_plan(rows: int = 5, seats: int = 10) -> dict[str, PlanSeat]:
    """Rows A.. of the stalls, and one row Z of the balcony."""
    letters = [*(chr(65 + row) for row in range(rows)), "Z"]
    return {
        f"{letter}-{seat + 1}": PlanSeat(
            "balcony" if letter == "Z" else "stalls", SeatName("Ground", f"Row {letter}", str(seat + 1))
        )
        for letter in letters
        for seat in range(seats)
    }


def a_hold(
    *seats: str, hold_id: str = "hold_1", holder_id: str = "holder_1", until_ms: int = NOW_MS + 600_000
) -> HeldSeats:
    """A hold on SHOW."""
    return HeldSeats(hold_id, holder_id, PLAN, seats or ("A-1", "A-2"), Channel.ONLINE, until_ms)


def a_request(
    *seats: str, hold_id: str = "hold_1", holder_id: str = "holder_1", ticket_type: str = "normal"
) -> OrderRequest:
    """An order for exactly a_hold's seats."""
    choices = tuple(SeatChoice(seat, ticket_type) for seat in seats or ("A-1", "A-2"))
    return OrderRequest(
        house_id=HOUSE,
        holder_id=holder_id,
        parts=(PartRequest(SHOW, hold_id, choices),),
        buyer=CUSTOMER,
        channel=Channel.ONLINE,
    )


def a_key(key: str, operation: Operation = Operation.CREATE, content: str = "", busy_until_ms: int = 0) -> RequestKey:
    """An idempotency key of HOUSE."""
    return RequestKey(HOUSE, operation, key, content or key, busy_until_ms)


@dataclass(frozen=True, slots=True)
class Priced:
    """Lines of an order of one part with their tax, and what they take of things that are limited."""

    lines: tuple[OrderLine, ...]
    uses: tuple[CountedUse, ...] = ()


def price_lines(
    choices: Sequence[SeatChoice], prices: PriceList, seats: Mapping[str, PlanSeat], plan_version: int
) -> tuple[OrderLine, ...] | Refusal:
    """One line per choice in their order. `seats`: those of the plan, by seat id."""
    found = priced(choices, prices, seats, plan_version, None)
    return found if isinstance(found, Refusal) else found.lines


def priced(
    choices: Sequence[SeatChoice],
    prices: PriceList,
    seats: Mapping[str, PlanSeat],
    plan_version: int,
    promotion: Promotion | None,
) -> Priced | Refusal:
    """As price_lines, with the promotion taken off."""
    found = listed(choices, prices, seats, plan_version)
    if isinstance(found, Refusal):
        return found
    whole = priced_parts([found], promotion, prices.rounding)
    return whole if isinstance(whole, Refusal) else Priced(whole.lines[0], whole.uses)
