"""A house with three evenings in one hall, and orders that are made of several of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.orders.domain.order import Order
from services.orders.domain.pricing import SeatChoice
from services.orders.handlers.order_request import OrderRequest, PartRequest
from services.orders.ports import Offer
from services.runtime.errors import Refusal
from tests.unit.orders.builders import HOUSE, NEXT_SHOW, SHOW, a_hold, a_key, a_plan, a_request, an_offer
from tests.unit.orders.rig import Shop, World

THIRD_SHOW = "perf_3"
EVENINGS = (SHOW, NEXT_SHOW, THIRD_SHOW)


def three_evenings() -> World:
    """All of them on sale at the same prices."""
    world = World()
    for performance_id in EVENINGS:
        put(world, replace(an_offer(), performance_id=performance_id))
    return world


def put(world: World, offer: Offer) -> None:
    """The performance is sold like that from now on."""
    world.catalogue.put(HOUSE, offer, a_plan())


def wish(world: World, wanted: Sequence[tuple[str, Sequence[str]]], name: str = "1") -> OrderRequest:
    """For seats of evenings, each out of a fresh hold."""
    parts = []
    for place, (performance_id, seats) in enumerate(wanted):
        hold_id = f"hold_{name}_{place}"
        until_ms = world.clock.now_ms() + 600_000
        held = a_hold(*seats, hold_id=hold_id, holder_id=f"holder_{name}", until_ms=until_ms)
        world.inventory.hold(performance_id, held)
        field = f"parts[{place}]." if len(wanted) > 1 else ""
        parts.append(PartRequest(performance_id, hold_id, tuple(map(SeatChoice, seats)), field))
    return replace(a_request(holder_id=f"holder_{name}"), parts=tuple(parts))


async def ask(shop: Shop, request: OrderRequest, name: str = "1") -> Order | Refusal:
    """CreateOrder."""
    return await shop.desk.create(request, a_key(f"create_{name}", content=repr(request)))


async def ordered(shop: Shop, *wanted: tuple[str, Sequence[str]], name: str = "1") -> Order:
    """An order of these seats."""
    order = await ask(shop, wish(shop.world, wanted, name), name)
    assert isinstance(order, Order), order
    return order
