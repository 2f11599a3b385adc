"""What a buyer has answered in a house's form, with an order. What may be asked, and answered, others decide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.contracts.bounds import MAX_NAME_CHARS, MAX_SEAT_ID_CHARS
from services.contracts.order_forms import MAX_ANSWERS, MAX_LINES_CHARS, MAX_VALUES
from services.contracts.texts import refused_lines, refused_text
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key


@dataclass(frozen=True, slots=True)
class FormAnswer:
    """`performance_id` and `seat_id`: of a field that each ticket is asked; else empty."""

    form_field_id: str
    label: str
    values: tuple[str, ...]
    performance_id: str = ""
    seat_id: str = ""


def faults_of_answers(answers: Sequence[FormAnswer]) -> Iterator[FieldInvalid | None]:
    """All that is wrong with their sizes and shapes."""
    if len(answers) > MAX_ANSWERS:
        yield FieldInvalid("answers", f"has {len(answers):,}", f"at most {MAX_ANSWERS:,}")
        return
    for place, one in enumerate(answers):
        field = f"answers[{place}]"
        yield refused_key(f"{field}.form_field_id", one.form_field_id)
        yield refused_text(f"{field}.label", one.label, at_most=MAX_NAME_CHARS)
        yield refused_key(f"{field}.performance_id", one.performance_id) if one.performance_id else None
        yield refused_text(f"{field}.seat_id", one.seat_id, at_least=0, at_most=MAX_SEAT_ID_CHARS)
        if not 1 <= len(one.values) <= MAX_VALUES:
            problem = f"has {len(one.values):,}" if one.values else UNSET
            yield FieldInvalid(f"{field}.values", problem, f"1 to {MAX_VALUES}")
        for number, value in enumerate(one.values[:MAX_VALUES]):
            yield refused_lines(f"{field}.values[{number}]", value, at_most=MAX_LINES_CHARS)
