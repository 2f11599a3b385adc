"""Tells a person all that is kept of them, in one document that a machine can read (GDPR, articles 15 and 20)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from services.contracts.instants import instant_text
from services.customers.domain.answer import Answer
from services.customers.domain.form_answer import FormAnswer
from services.customers.domain.refusals import CustomerNotFound
from services.customers.handlers.answers import Answered, answered_of
from services.customers.ports.orders import OrdersOfCustomers
from services.customers.ports.store import CustomersStore
from services.customers.ports.tickets import TicketsOfCustomers
from services.runtime.errors import Refusal


class ExportHandler:
    """Asks orders and ticketing too: half an answer is none."""

    def __init__(self, store: CustomersStore, orders: OrdersOfCustomers, tickets: TicketsOfCustomers) -> None:
        self._store = store
        self._orders = orders
        self._tickets = tickets

    async def export(self, house_id: str, customer_id: str) -> bytes | Refusal:
        """JSON in UTF-8. Refusals: CustomerNotFound, OldOrdersWaiting. Raises OrdersUnanswered, TicketsUnanswered."""
        async with self._store.transaction(house_id) as transaction:
            customer = await transaction.customers.find(customer_id)
            if customer is None:
                return CustomerNotFound(customer_id)
            answers = await answered_of(transaction, customer.customer_id)
            ids = await transaction.customers.ids_of(customer.customer_id)
            form = await transaction.form_answers.of_customer(customer.customer_id)
            now_ms = transaction.now_ms
        orders = await self._orders.of(house_id, ids)
        if isinstance(orders, Refusal):
            return orders
        kept = await self._tickets.of(house_id, ids)
        told: Mapping[str, Any] = {
            "exported_at": instant_text(now_ms),
            "house_id": house_id,
            "customer": {
                "customer_id": customer.customer_id,
                "former_customer_ids": [one for one in ids if one != customer.customer_id],
                "name": customer.name,
                "email": customer.email.written,
                "email_confirmed": customer.email_confirmed,
                "language": customer.language,
                "phone": customer.phone,
                "created_at": instant_text(customer.created_at_ms),
            },
            "consents": [_consent(one) for one in answers],
            "orders": [one.told for one in orders],
            "tickets": kept.tickets,
            "letters": kept.letters,
            "form_answers": [_form_answer(order_id, one) for order_id, answers in form.items() for one in answers],
        }
        return json.dumps(told, ensure_ascii=False, indent=2).encode()


def _form_answer(order_id: str, one: FormAnswer) -> Mapping[str, Any]:
    told = {"order_id": order_id, "question": one.label, "answer": list(one.values)}
    return told | ({"performance_id": one.performance_id, "seat_id": one.seat_id} if one.seat_id else {})


def _consent(one: Answered) -> Mapping[str, Any]:
    return {
        "consent_id": one.consent.consent_id,
        "title": one.consent.texts[0].title,
        "about": one.consent.scope.value.lower(),
        "thing_id": one.consent.thing_id,
        "medium": one.consent.medium.value.lower(),
        "state": one.answer.state.value.lower(),
        "history": _steps(one.history),
    }


def _steps(history: Sequence[Answer]) -> Sequence[Mapping[str, Any]]:
    return [
        {
            "state": step.state.value.lower(),
            "text_version": step.text_version,
            "source": step.source.value.lower(),
            "note": step.note,
            "at": instant_text(step.changed_at_ms),
        }
        for step in history
    ]
