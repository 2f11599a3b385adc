"""Looks at what a buyer answers in the house's form, hands it to customers, and asks before payment what is missing.

Answers are people's own: they pass through here and are kept by customers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from services.contracts.channels import Channel
from services.contracts.reasons import Reason
from services.orders.domain.order import Order
from services.orders.domain.order_form import FormAnswer, FormField, checked_answers, missing_answers
from services.orders.domain.refusals import CustomerNotFound, FormIncomplete
from services.orders.ports import Catalogue, Customers, Declined, Unanswered
from services.runtime.errors import Refusal


class FormDesk:
    """One round trip to the catalogue every few seconds, and none to customers where nothing is asked or answered."""

    def __init__(self, catalogue: Catalogue, customers: Customers) -> None:
        self._catalogue = catalogue
        self._customers = customers

    async def checked(self, order: Order, answers: Sequence[FormAnswer]) -> tuple[FormAnswer, ...] | Refusal:
        """The answers as they are kept. Raises Unanswered."""
        if not answers:
            return ()
        form = await self._catalogue.order_form(order.house_id)
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
        """The refusal of a buyer who has not answered what must be. Raises Unanswered.

        At the counter people are asked by people. A catalogue that is away keeps nobody from paying.
        """
        if order.channel is not Channel.ONLINE:
            return None
        form: Sequence[FormField] = ()
        with suppress(Unanswered):
            form = await self._catalogue.order_form(order.house_id)
        seats = _seats(order)
        if not missing_answers(form, (), seats):
            return None
        answers = await self._customers.answers(order.house_id, order.order_id)
        missing = missing_answers(form, answers, seats)
        return FormIncomplete(order.order_id, missing) if missing else None


def _seats(order: Order) -> Mapping[str, Sequence[str]]:
    return {part.performance_id: part.seat_ids for part in order.parts}
