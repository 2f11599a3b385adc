"""Carries names and addresses of older orders over to customers, a few at a time, until none is left here."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from services.orders.ports import Buyer, Customers, Declined
from services.orders.ports.old_buyers import OldBuyer, OldBuyers
from services.runtime.clock import Clock

BATCH = 100
# Processes of the release before go on writing them for a while.
LOOK_SECONDS = 60.0


async def carry_over(old: OldBuyers, customers: Customers, clock: Clock) -> None:
    """Until cancelled. Raises Unanswered where customers is away: the loop is started again."""
    while True:
        if not await carried_over(old, customers):
            await clock.sleep(LOOK_SECONDS)


async def carried_over(old: OldBuyers, customers: Customers) -> int:
    """Of how many orders. A crash in between asks again for the same ones, and is told the same."""
    some, carried = await old.some(BATCH), 0
    by_house: defaultdict[str, list[OldBuyer]] = defaultdict(list)
    for one in some:
        by_house[one.house_id].append(one)
    for house_id, theirs in by_house.items():
        buyers = [Buyer(one.name, one.email, ordered_at_ms=one.ordered_at_ms) for one in theirs]
        asked = (customers.identify(house_id, one.order_id, buyer) for one, buyer in zip(theirs, buyers, strict=True))
        told = await asyncio.gather(*asked)
        found = {one.order_id: who for one, who in zip(theirs, told, strict=True) if not isinstance(who, Declined)}
        await old.carried(house_id, found)
        carried += len(found)
    return carried
