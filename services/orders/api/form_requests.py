"""Reads what buyers answer in a house's form: how much there is, and of what shape. What it may be, the form says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from balcon.orders.v1 import orders_service_pb2 as wire

from services.contracts.bounds import MAX_SEAT_ID_CHARS
from services.contracts.order_forms import MAX_ANSWERS, MAX_LINES_CHARS, MAX_VALUES
from services.contracts.texts import as_lines, refused_lines, refused_text
from services.orders.domain.order_form import FormAnswer
from services.orders.ports import OrderRef
from services.runtime.errors import FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept


def form_update(request: wire.UpdateOrderFormRequest) -> tuple[OrderRef, tuple[FormAnswer, ...]]:
    """The order, and what is answered with it."""
    accept(
        refused_key("house_id", request.house_id),
        refused_key("order_id", request.order_id),
        *faults_of_answers(request.answers),
    )
    return OrderRef(request.house_id, request.order_id), answers_of(request.answers)


def answers_of(answers: Sequence[wire.FormAnswer]) -> tuple[FormAnswer, ...]:
    """What faults_of_answers let through."""
    return tuple(FormAnswer(one.form_field_id, tuple(one.values), one.performance_id, one.seat_id) for one in answers)


def faults_of_answers(answers: Sequence[wire.FormAnswer]) -> Iterator[FieldInvalid | None]:
    """All that is wrong with them by themselves."""
    if len(answers) > MAX_ANSWERS:
        yield FieldInvalid("answers", f"has {len(answers):,}", f"at most {MAX_ANSWERS:,}")
        return
    for place, one in enumerate(answers):
        field = f"answers[{place}]"
        yield refused_key(f"{field}.form_field_id", one.form_field_id)
        yield refused_key(f"{field}.performance_id", one.performance_id) if one.performance_id else None
        yield refused_text(f"{field}.seat_id", one.seat_id, at_least=0, at_most=MAX_SEAT_ID_CHARS)
        if len(one.values) > MAX_VALUES:
            yield FieldInvalid(f"{field}.values", f"has {len(one.values):,}", f"at most {MAX_VALUES}")
        for number, value in enumerate(one.values[:MAX_VALUES]):
            if value.strip():
                yield refused_lines(f"{field}.values[{number}]", as_lines(value), at_most=MAX_LINES_CHARS)
