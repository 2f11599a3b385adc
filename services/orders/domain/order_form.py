"""The house's own form (R2.11): what an order, or each of its tickets, is asked, and what may be answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from babel import Locale

from services.contracts.house_time import plain_day
from services.contracts.order_forms import MAX_ANSWER_CHARS, MAX_LINES_CHARS, FormFieldKind
from services.contracts.phones import phone_number
from services.contracts.texts import as_lines, refused_email, refused_lines, refused_text
from services.runtime.errors import FieldInvalid, refused_fields

_TICKED, _NOT_TICKED = "true", "false"
_LINES = frozenset({FormFieldKind.LONG_TEXT, FormFieldKind.ADDRESS})
_COUNTRIES = frozenset(code for code in map(str, Locale("en").territories) if len(code) == 2) - {"ZZ"}


@dataclass(frozen=True, slots=True)
class FormField:
    """As the catalogue keeps it. Empty sets are all; 0 and "" are no bound."""

    form_field_id: str
    label: str
    kind: FormFieldKind
    required: bool = False
    of_tickets: bool = False
    at_least: int = 0
    at_most: int = 0
    from_date: str = ""
    until_date: str = ""
    choices: frozenset[str] = frozenset()
    performance_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FormAnswer:
    """What was answered; personal data, passed on and never kept here. Of a ticket it names the seat."""

    form_field_id: str
    values: tuple[str, ...] = field(repr=False)
    performance_id: str = ""
    seat_id: str = ""
    label: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        """Which question it answers."""
        return self.form_field_id, self.performance_id, self.seat_id


Seats = Mapping[str, Sequence[str]]


def checked_answers(
    form: Sequence[FormField], answers: Sequence[FormAnswer], seats: Seats
) -> tuple[FormAnswer, ...] | FieldInvalid:
    """The answers as they are kept, those that are empty left out; or all that is wrong, in the words of the fields.

    `seats`: of the order, by performance.
    """
    answered = {answer.form_field_id for answer in answers}
    known = {one.form_field_id: one for one in form if one.form_field_id in answered and _is_asked(one, seats)}
    places = {name: set(_places(one, seats)) for name, one in known.items()}
    faults: list[FieldInvalid] = []
    kept: dict[tuple[str, str, str], FormAnswer] = {}
    for number, answer in enumerate(answers):
        asked = known.get(answer.form_field_id)
        wrong = _misplaced(f"answers[{number}]", asked, answer, places)
        if wrong is None and answer.place in kept:
            wrong = FieldInvalid(f"answers[{number}].form_field_id", "is answered twice", "each question once")
        if wrong is not None or asked is None:
            faults += [wrong] if wrong else []
            continue
        values = tuple(value for value in (as_lines(one).strip() for one in answer.values) if value)
        if not values:
            continue
        read = _read(asked, values)
        if isinstance(read, FieldInvalid):
            problem = f"({asked.label}) {read.problem}"
            faults.append(FieldInvalid(f"answers[{number}].values", problem, read.limit))
            continue
        kept[answer.place] = FormAnswer(*answer.place[:1], read, answer.performance_id, answer.seat_id, asked.label)
    return refused_fields(faults) or tuple(kept.values())


def missing_answers(form: Sequence[FormField], answers: Sequence[FormAnswer], seats: Seats) -> tuple[str, ...]:
    """What nobody has answered that must be: the field as it is called, and the seat where tickets are asked."""
    given = {one.place for one in answers if one.values != (_NOT_TICKED,)}
    return tuple(
        one.label if not seat_id else f"{one.label} ({performance_id}, {seat_id})"
        for one in form
        if one.required
        for performance_id, seat_id in _places(one, seats)
        if (one.form_field_id, performance_id, seat_id) not in given
    )


def _is_asked(one: FormField, seats: Seats) -> bool:
    return not one.performance_ids or not one.performance_ids.isdisjoint(seats)


def _places(one: FormField, seats: Seats) -> Iterator[tuple[str, str]]:
    if not one.of_tickets:
        if _is_asked(one, seats):
            yield "", ""
        return
    for performance_id, seat_ids in seats.items():
        if not one.performance_ids or performance_id in one.performance_ids:
            yield from ((performance_id, seat_id) for seat_id in seat_ids)


def _misplaced(
    where: str, asked: FormField | None, answer: FormAnswer, places: Mapping[str, Set[tuple[str, str]]]
) -> FieldInvalid | None:
    if asked is None:
        return FieldInvalid(f"{where}.form_field_id", "is not asked of this order", "a field of the house's form")
    if (answer.performance_id, answer.seat_id) in places[asked.form_field_id]:
        return None
    if asked.of_tickets:
        return FieldInvalid(f"{where}.seat_id", f"({asked.label}) is no seat of this order", "a seat that is asked it")
    return FieldInvalid(f"{where}.seat_id", f"({asked.label}) is asked once an order", "empty, as performance_id")


def _read(asked: FormField, values: Sequence[str]) -> tuple[str, ...] | FieldInvalid:
    if asked.kind is FormFieldKind.CHOICES:
        return _chosen(asked, values)
    if len(values) > 1:
        return FieldInvalid("", f"has {len(values)} answers", "one")
    (value,) = values
    return _wrong(asked, value) or (_as_kept(asked.kind, value),)


def _as_kept(kind: FormFieldKind, value: str) -> str:
    if kind is FormFieldKind.PHONE:
        number = phone_number(value)
        assert isinstance(number, str), "what is no number is refused"
        return number
    return str(int(value)) if kind is FormFieldKind.NUMBER else value


def _chosen(asked: FormField, values: Sequence[str]) -> tuple[str, ...] | FieldInvalid:
    chosen = tuple(dict.fromkeys(values))
    if unknown := [one for one in chosen if one not in asked.choices]:
        return FieldInvalid("", f"{unknown[0][:64]!r} is no choice", _choices(asked))
    most = asked.at_most or len(asked.choices)
    if not asked.at_least <= len(chosen) <= most:
        return FieldInvalid("", f"has {len(chosen)} choices", f"{asked.at_least} to {most}")
    return chosen


def _choices(asked: FormField) -> str:
    return ", ".join(sorted(asked.choices))


def _wrong(asked: FormField, value: str) -> FieldInvalid | None:  # noqa: PLR0911 (one line a kind)
    match asked.kind:
        case FormFieldKind.TEXT:
            return refused_text("", value, at_least=asked.at_least or 1, at_most=asked.at_most or MAX_ANSWER_CHARS)
        case FormFieldKind.LONG_TEXT | FormFieldKind.ADDRESS:
            if len(value) < asked.at_least:
                return FieldInvalid("", f"has {len(value)} characters", f"{asked.at_least} or more")
            return refused_lines("", value, at_most=asked.at_most or MAX_LINES_CHARS)
        case FormFieldKind.NUMBER:
            return _wrong_number(asked, value)
        case FormFieldKind.DATE:
            return _wrong_day(asked, value)
        case FormFieldKind.CHOICE | FormFieldKind.CHOICES:
            return None if value in asked.choices else FieldInvalid("", f"{value[:64]!r} is no choice", _choices(asked))
        case FormFieldKind.CHECKBOX:
            good = value in {_TICKED, _NOT_TICKED}
            return None if good else FieldInvalid("", "is neither ticked nor not", f"{_TICKED} or {_NOT_TICKED}")
        case FormFieldKind.COUNTRY:
            return None if value in _COUNTRIES else FieldInvalid("", f"{value[:8]!r} is no country", "as NL")
        case FormFieldKind.PHONE:
            number = phone_number(value)
            return number if isinstance(number, FieldInvalid) else None
        case FormFieldKind.EMAIL:
            return refused_email("", value)


def _wrong_number(asked: FormField, value: str) -> FieldInvalid | None:
    if len(value) > 18 or not value.removeprefix("-").isascii() or not value.removeprefix("-").isdecimal():
        return FieldInvalid("", "is no whole number", "as 12")
    number = int(value)
    if asked.at_least and number < asked.at_least:
        return FieldInvalid("", f"is {number}", f"{asked.at_least} or more")
    if asked.at_most and number > asked.at_most:
        return FieldInvalid("", f"is {number}", f"at most {asked.at_most}")
    return None


def _wrong_day(asked: FormField, value: str) -> FieldInvalid | None:
    if not plain_day(value):
        return FieldInvalid("", "is no day", "as 2026-12-31")
    if asked.from_date and value < asked.from_date:
        return FieldInvalid("", f"is {value}", f"{asked.from_date} or later")
    if asked.until_date and value > asked.until_date:
        return FieldInvalid("", f"is {value}", f"{asked.until_date} or earlier")
    return None
