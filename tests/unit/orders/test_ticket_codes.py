"""What the door scans is minted from the machine's secure randomness, and from nothing that anybody could know."""

from __future__ import annotations

import random  # noqa: TID251 (what a secret must not come from)
import time

import pytest

from services.orders.domain.order import Order
from services.runtime.ids import RandomIds, SeededIds
from services.runtime.testing.virtual_time import run_virtual
from tests.unit.orders.rig import Shop, World


class Minted(SeededIds):
    """Remembers the secrets that it handed out."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.secrets: list[str] = []

    def new_secret(self) -> str:
        self.secrets.append(super().new_secret())
        return self.secrets[-1]


async def bought(ids: SeededIds | RandomIds) -> Order:
    world = World(ids=ids)
    async with Shop(world) as shop:
        order = await shop.checked_out(await shop.ordered("A-1", "A-2"))
        world.payments.pay(shop.payment(order))
        return await shop.ended(order)


def test_every_ticket_has_a_secret_of_its_own_for_a_code() -> None:
    ids = Minted(1)
    order = run_virtual(bought(ids))
    codes = [ticket.barcode for ticket in order.tickets]
    assert len(set(codes)) == len(order.seat_ids) == 2
    assert set(codes) <= set(ids.secrets)


def test_a_secret_follows_neither_from_the_time_nor_from_a_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_800_000_000_000_000_000)
    secrets = set()
    for _ in range(50):
        random.seed(1)
        secrets.add(RandomIds().new_secret())
    assert len(secrets) == 50
    assert all(len(secret) >= 32 for secret in secrets)


def test_the_same_order_bought_twice_has_other_codes() -> None:
    first, second = run_virtual(bought(RandomIds())), run_virtual(bought(RandomIds()))
    assert first.seat_ids == second.seat_ids
    assert not {ticket.barcode for ticket in first.tickets} & {ticket.barcode for ticket in second.tickets}
