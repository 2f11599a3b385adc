"""Removes a person: here at once, elsewhere by CustomerErased. What was paid is in the books, without the person.

The law asks for name and address with what was paid: they stay sealed until its years are over, read by nobody.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.contracts.acts import Act
from services.contracts.pages import AskedPage, token_after
from services.customers.domain.customer import Customer
from services.customers.domain.erasure import BoughtOrder, Erasure, Payment, kept_orders, lock_of
from services.customers.domain.house import House
from services.customers.domain.refusals import CustomerNotFound
from services.customers.handlers.house_keeper import HouseKeeper
from services.customers.ports.orders import OrdersOfCustomers
from services.customers.ports.store import CustomersStore
from services.customers.ports.transaction import CustomersTransaction
from services.runtime.errors import Refusal, Retryable

_TRIES = 3


class CustomerMoved(Retryable):
    """The customer was merged while it was looked at; nothing was done."""


@dataclass(frozen=True, slots=True)
class ErasurePage:
    """In the order of their erasure; `next_page_token` is empty on the last page."""

    erasures: Sequence[Erasure]
    next_page_token: str = ""


class ErasureHandler:
    """Asks orders first: without their word nothing is removed, for nobody could say what must stay."""

    def __init__(self, store: CustomersStore, houses: HouseKeeper, orders: OrdersOfCustomers) -> None:
        self._store = store
        self._houses = houses
        self._orders = orders

    async def erase(self, house_id: str, customer_id: str) -> Erasure | Refusal:
        """Twice is fine. Refusals: CustomerNotFound, OldOrdersWaiting.

        Raises OrdersUnanswered, CustomerMoved; nothing was done then.
        """
        house = await self._houses.house(house_id)
        if isinstance(house, Refusal):
            return house
        for _ in range(_TRIES):
            async with self._store.transaction(house_id) as transaction:
                customer = await transaction.customers.find(customer_id)
                if customer is None:
                    return await transaction.erasures.find(customer_id) or CustomerNotFound(customer_id)
                ids = await transaction.customers.ids_of(customer.customer_id)
            told = await self._orders.of(house_id, ids)
            if isinstance(told, Refusal):
                # Who is removed now would be made again by the address of an old order.
                return told
            orders = [one.bought for one in told]
            async with self._store.transaction(house_id) as transaction:
                done = await self._erased(transaction, house, customer.customer_id, ids, orders)
                if done is not None:
                    await transaction.commit()
                    return done
        raise CustomerMoved(customer_id=customer_id)

    @staticmethod
    async def _erased(
        transaction: CustomersTransaction,
        house: House,
        customer_id: str,
        ids: Sequence[str],
        orders: Sequence[BoughtOrder],
    ) -> Erasure | None:
        """None: it is another record by now."""
        customer = await transaction.customers.lock(customer_id)
        if customer is None:
            return await transaction.erasures.find(customer_id)
        if customer.customer_id != customer_id or set(await transaction.customers.ids_of(customer_id)) != set(ids):
            return None
        kept = kept_orders(orders)
        erasure = Erasure(house.house_id, customer_id, transaction.now_ms, lock_of(house, kept))
        await transaction.erasures.add(erasure, _locked(customer, kept) if kept else None, kept)
        await transaction.answers.remove(customer_id)
        await transaction.order_ticks.remove(customer_id)
        await transaction.form_answers.remove(customer_id)
        await transaction.links.remove(customer_id)
        await transaction.letters.remove_of(customer_id)
        await transaction.purchases.remove(customer_id)
        await transaction.customers.remove(customer_id)
        transaction.tell_erased(customer_id, transaction.now_ms)
        transaction.record_act(Act("customer.erased", "customer", customer_id))
        return erasure

    async def page(self, house_id: str, asked: AskedPage) -> ErasurePage:
        """Who was erased, and what of them is locked until when."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.erasures.page(asked.after, asked.size + 1)
        page = found[: asked.size]
        if len(found) == len(page):
            return ErasurePage(page)
        return ErasurePage(page, token_after(house_id, page[-1].customer_id, page[-1].erased_at_ms))

    @staticmethod
    async def order_paid(transaction: CustomersTransaction, order_id: str, paid_at_ms: int) -> None:
        """An order that was under way when its buyer was erased: what stays of it stays as long as of any other."""
        await _settled(transaction, BoughtOrder(order_id, Payment.PAID, paid_at_ms))

    @staticmethod
    async def order_given_up(transaction: CustomersTransaction, order_id: str) -> None:
        """Nothing was paid: nothing stays for its sake."""
        await _settled(transaction, BoughtOrder(order_id, Payment.NONE, 0))


async def _settled(transaction: CustomersTransaction, order: BoughtOrder) -> None:
    found = await transaction.erasures.of_order(order.order_id)
    if found is None:
        return
    erasure, before = found
    house = await transaction.houses.find(transaction.house_id)
    assert house is not None, "who was erased was a known house's"
    kept = kept_orders(order if one.order_id == order.order_id else one for one in before)
    await transaction.erasures.keep(replace(erasure, locked_until_ms=lock_of(house, kept)), kept)


def _locked(customer: Customer, orders: Sequence[BoughtOrder]) -> bytes:
    facts = {
        "customer_id": customer.customer_id,
        "name": customer.name,
        "email": customer.email.written,
        "phone": customer.phone,
        "orders": [order.order_id for order in orders],
    }
    return json.dumps(facts, ensure_ascii=False).encode()
