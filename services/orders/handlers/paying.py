"""Where and how an order can be paid. What a house offers for an amount is remembered for seconds: a crowd pays few."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress

from services.orders.domain.order import Money, Order, OrderCharge
from services.orders.domain.paying import refused_payment
from services.orders.domain.payment_choice import PaymentChoice
from services.orders.ports import PayingAccount, Unanswered, WaysToPay
from services.runtime.call_context import own_account
from services.runtime.clock import Clock
from services.runtime.errors import Refusal

FRESH_SECONDS = 5.0
MOST_KEPT = 5_000
# A check-out waits no longer: what payments does not say in time, it says when the payment is asked for.
WAIT_SECONDS = 1.0
_LANGUAGE = "en"

_Key = tuple[str, str, int]


class PayingDesk:
    """One per process."""

    def __init__(self, ways: WaysToPay, clock: Clock) -> None:
        self._ways = ways
        self._clock = clock
        self._kept: OrderedDict[_Key, tuple[float, Sequence[PayingAccount] | None]] = OrderedDict()
        self._asking: dict[_Key, asyncio.Task[Sequence[PayingAccount] | None]] = {}

    async def offered(self, order: Order, language: str) -> Sequence[PayingAccount]:
        """All of it, named for that language; nothing of what costs nothing. Raises Unanswered."""
        if not order.to_pay_minor:
            return ()
        return await self._ways.accounts(order.house_id, order.total.currency, order.to_pay_minor, language)

    async def refused(self, order: Order, charges: Sequence[OrderCharge], choice: PaymentChoice) -> Refusal | None:
        """Why the rest that vouchers leave cannot be paid so, as far as payments can be asked."""
        left_minor = order.total.amount_minor - sum(one.amount_minor for one in charges)
        if not left_minor:
            return None
        accounts = await self._accounts((order.house_id, order.total.currency, left_minor))
        return None if accounts is None else refused_payment(accounts, choice, Money(left_minor, order.total.currency))

    async def _accounts(self, key: _Key) -> Sequence[PayingAccount] | None:
        kept = self._kept.get(key)
        if kept is not None and self._clock.monotonic() < kept[0]:
            return kept[1]
        asking = self._asking.get(key)
        if asking is None:
            asking = asyncio.ensure_future(self._ask(key))
            self._asking[key] = asking
            asking.add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(asking)

    async def _ask(self, key: _Key) -> Sequence[PayingAccount] | None:
        found: Sequence[PayingAccount] | None = None
        # What all will be told must not depend on what the first one may see.
        with suppress(Unanswered, TimeoutError), own_account():
            async with asyncio.timeout(WAIT_SECONDS):
                found = await self._ways.accounts(*key, _LANGUAGE)
        self._kept[key] = (self._clock.monotonic() + FRESH_SECONDS, found)
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return found
