"""Keeps what buyers answer in a house's form with their orders, and as long as those."""

from __future__ import annotations

from collections.abc import Sequence

from services.contracts.retention import locked_until_ms
from services.customers.domain.form_answer import FormAnswer
from services.customers.domain.refusals import CustomerNotFound
from services.customers.handlers.house_keeper import HouseKeeper
from services.customers.ports.store import CustomersStore
from services.customers.ports.transaction import CustomersTransaction
from services.runtime.errors import Refusal


class FormAnswerHandler:
    """Answers of an order that is never made, or is given up, go as ticks do: some days later."""

    def __init__(self, store: CustomersStore, houses: HouseKeeper) -> None:
        self._store = store
        self._houses = houses

    async def keep(
        self, house_id: str, order_id: str, customer_id: str, answers: Sequence[FormAnswer]
    ) -> Refusal | None:
        """In place of what was answered before. Refusals: HouseNotFound, CustomerNotFound."""
        # How long they are kept once the order is paid, its country says.
        house = await self._houses.house(house_id)
        if isinstance(house, Refusal):
            return house
        async with self._store.transaction(house_id) as transaction:
            # Locked: an erasure at this moment would pass by what is written here.
            customer = await transaction.customers.lock(customer_id)
            if customer is None:
                return CustomerNotFound(customer_id)
            await transaction.form_answers.keep(order_id, customer.customer_id, answers, transaction.now_ms)
            await transaction.commit()
        return None

    async def of_order(self, house_id: str, order_id: str) -> Sequence[FormAnswer]:
        """None where there are none."""
        async with self._store.transaction(house_id) as transaction:
            return await transaction.form_answers.of_order(order_id)

    @staticmethod
    async def order_paid(transaction: CustomersTransaction, order_id: str, paid_at_ms: int) -> None:
        """They stay as long as the order's papers."""
        # Orders come by for what was ticked with them too, and few were asked anything.
        if not await transaction.form_answers.are_kept(order_id):
            return
        house = await transaction.houses.find(transaction.house_id)
        if house is not None:
            until_ms = locked_until_ms(house.country, house.time_zone, paid_at_ms)
            await transaction.form_answers.keep_until(order_id, until_ms)

    @staticmethod
    async def order_given_up(transaction: CustomersTransaction, order_id: str) -> None:
        """Money that comes late may bring the order back within days, and nothing after."""
        await transaction.form_answers.keep_until(order_id, transaction.now_ms)
