"""Forms of the catalogue's messages as orders read them, and answers as customers keeps them."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from balcon.customers.v1.customers_service_pb2 import OrderAnswer

from services.contracts.order_forms import FormFieldKind
from services.orders.domain.order_form import FormAnswer, FormField

_KINDS = {pb.FormFieldKind.Value(f"FORM_FIELD_KIND_{kind.name}"): kind for kind in FormFieldKind}


def form_field_of(field: pb.FormField) -> FormField | None:
    """None of a kind that this version does not know: nobody is asked it yet."""
    kind = _KINDS.get(field.kind)
    if kind is None:
        return None
    return FormField(
        form_field_id=field.form_field_id,
        label=field.label,
        kind=kind,
        required=field.required,
        of_tickets=field.of_tickets,
        at_least=field.at_least,
        at_most=field.at_most,
        from_date=field.from_date,
        until_date=field.until_date,
        choices=frozenset(choice.choice_id for choice in field.choices),
        performance_ids=frozenset(field.performance_ids),
    )


def wire_answer(answer: FormAnswer) -> OrderAnswer:
    """As customers keeps it."""
    return OrderAnswer(
        form_field_id=answer.form_field_id,
        label=answer.label,
        performance_id=answer.performance_id,
        seat_id=answer.seat_id,
        values=answer.values,
    )


def answer_of(answer: OrderAnswer) -> FormAnswer:
    """As customers has kept it."""
    return FormAnswer(answer.form_field_id, tuple(answer.values), answer.performance_id, answer.seat_id, answer.label)
