"""Looks at what a buyer answers in the house's form, hands it to customers, and asks before payment what is missing.

Answers are people's own: they pass through here and are kept by customers.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from services.contracts.channels import Channel
from services.contracts.reasons import Reason
from services.orders.domain.order import Order
from services.orders.domain.order_form import FormAnswer, FormField, checked_answers, missing_answers
from services.orders.domain.refusals import CustomerNotFound, FormIncomplete
from services.orders.ports import Catalogue, Customers, Declined, Unanswered
from services.runtime.clock import Clock
from services.runtime.errors import Refusal

MAX_FORMS: Final = 2_000


class FormDesk:
    """One round trip to the catalogue every few seconds, and none to customers where nothing is asked or answered.

    The last form of each house is remembered with when it was told, for when the catalogue is away.
    """

    def __init__(self, catalogue: Catalogue, customers: Customers, clock: Clock) -> None:
        self._catalogue = catalogue
        self._customers = customers
        self._clock = clock
        # The longest unused first.
        self._last: OrderedDict[str, tuple[int, Sequence[FormField]]] = OrderedDict()

    async def checked(self, order: Order, answers: Sequence[FormAnswer]) -> tuple[FormAnswer, ...] | Refusal:
        """The answers as they are kept. Raises Unanswered where there are some."""
        if not answers:
            if order.channel is Channel.ONLINE:
                # What is required when an order is made is known at its check-out, whoever is away by then.
                with suppress(Unanswered):
                    _ = await self._form(order)
            return ()
        form = await self._form(order)
        return checked_answers(form, answers, _seats(order))

    async def keep(self, order: Order, answers: Sequence[FormAnswer]) -> Refusal | None:
        """In place of what was answered before. Raises Unanswered."""
        kept = await self._customers.keep_answers(order.house_id, order.order_id, order.customer_id, answers)
        if not isinstance(kept, Declined):
            return None
        if kept.reason is Reason.CUSTOMER_NOT_FOUND:
            return CustomerNotFound(order.customer_id)
        raise Unanswered("KeepOrderAnswers")

    async def incomplete(self, order: Order) -> FormIncomplete | None:
        """The refusal of a buyer who has not answered what must be. Raises Unanswered: the order stays as it is.

        At the counter people are asked by people. While the catalogue is away, the form that the order was made under
        is good; where this process has not seen it, nobody can say that nothing is missing.
        """
        if order.channel is not Channel.ONLINE:
            return None
        form = await self._form(order)
        seats = _seats(order)
        if not missing_answers(form, (), seats):
            return None
        answers = await self._customers.answers(order.house_id, order.order_id)
        missing = missing_answers(form, answers, seats)
        return FormIncomplete(order.order_id, missing) if missing else None

    async def _form(self, order: Order) -> Sequence[FormField]:
        """As it is; while the catalogue is away, as it was told since the order was made. Raises Unanswered."""
        house_id = order.house_id
        try:
            form = await self._catalogue.order_form(house_id)
        except Unanswered:
            told_ms, form = self._last.get(house_id, (0, ()))
            if told_ms < order.created_at_ms:
                raise
            return form
        self._last[house_id] = self._clock.now_ms(), form
        self._last.move_to_end(house_id)
        while len(self._last) > MAX_FORMS:
            _ = self._last.popitem(last=False)
        return form


def _seats(order: Order) -> Mapping[str, Sequence[str]]:
    return {part.performance_id: part.seat_ids for part in order.parts}
