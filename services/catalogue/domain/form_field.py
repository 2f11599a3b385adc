"""What a house asks its buyers beside who they are (R2.11): the fields of its form, of an order or of each ticket."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from services.catalogue.domain.ticket_type import MAX_TRANSLATIONS, LocalName, faults_of_names
from services.contracts.bounds import MAX_NAME_CHARS
from services.contracts.house_time import plain_day
from services.contracts.order_forms import MAX_ANSWER_CHARS, MAX_LINES_CHARS, FormFieldKind
from services.contracts.texts import refused_language, refused_lines, refused_text
from services.runtime.errors import UNSET, FieldInvalid, refused_fields
from services.runtime.ids import refused_key

MAX_NAMED = 100
MAX_HINT_CHARS = 500
MAX_POSITION = 10_000
_CHOOSES = frozenset({FormFieldKind.CHOICE, FormFieldKind.CHOICES})
# Of the most characters that an answer of the kind may have.
_CHARS = {
    FormFieldKind.TEXT: MAX_ANSWER_CHARS,
    FormFieldKind.LONG_TEXT: MAX_LINES_CHARS,
    FormFieldKind.ADDRESS: MAX_LINES_CHARS,
}
_MOST_NUMBER = 10**12


@dataclass(frozen=True, slots=True)
class FormChoice:
    """One of the answers that may be chosen."""

    choice_id: str
    label: str
    translations: tuple[LocalName, ...] = ()


@dataclass(frozen=True, slots=True)
class FormField:
    """Fields are named as in the message; empty lists are all, 0 and "" are no bound."""

    label: str
    kind: FormFieldKind | None
    translations: tuple[LocalName, ...] = ()
    hint: str = ""
    hint_translations: tuple[LocalName, ...] = ()
    required: bool = False
    of_tickets: bool = False
    at_least: int = 0
    at_most: int = 0
    from_date: str = ""
    until_date: str = ""
    choices: tuple[FormChoice, ...] = ()
    performance_ids: tuple[str, ...] = ()
    position: int = 0

    def is_asked_of(self, performance_ids: tuple[str, ...]) -> bool:
        """Whether an order of these performances is asked; of none: whether anybody is."""
        if not self.performance_ids or not performance_ids:
            return True
        return not set(self.performance_ids).isdisjoint(performance_ids)


def refused_form_field(form_field_id: str, form_field: FormField) -> FieldInvalid | None:
    """All that is wrong with a field by itself, None if nothing is."""
    return refused_fields(_faults(form_field_id, form_field))


def _faults(form_field_id: str, one: FormField) -> Iterator[FieldInvalid | None]:
    field = "form_field"
    yield refused_key(f"{field}.form_field_id", form_field_id)
    yield refused_text(f"{field}.label", one.label, at_most=MAX_NAME_CHARS)
    yield from faults_of_names(f"{field}.translations", one.translations)
    yield refused_lines(f"{field}.hint", one.hint, at_most=MAX_HINT_CHARS)
    yield from _faults_of_hints(f"{field}.hint_translations", one.hint_translations)
    if one.kind is None:
        yield FieldInvalid(f"{field}.kind", UNSET, ", ".join(kind.value for kind in FormFieldKind))
    yield from _faults_of_bounds(one)
    yield from _faults_of_choices(one)
    if len(one.performance_ids) > MAX_NAMED:
        yield FieldInvalid(f"{field}.performance_ids", f"has {len(one.performance_ids):,}", f"at most {MAX_NAMED}")
    for place, performance_id in enumerate(one.performance_ids[:MAX_NAMED]):
        yield refused_key(f"{field}.performance_ids[{place}]", performance_id)
    if not 0 <= one.position <= MAX_POSITION:
        yield FieldInvalid(f"{field}.position", f"is {one.position:,}", f"0 to {MAX_POSITION:,}")


def _faults_of_hints(field: str, texts: tuple[LocalName, ...]) -> Iterator[FieldInvalid | None]:
    if len(texts) > MAX_TRANSLATIONS:
        yield FieldInvalid(field, f"has {len(texts):,}", f"at most {MAX_TRANSLATIONS}")
        return
    for place, text in enumerate(texts):
        yield refused_language(f"{field}[{place}].language", text.language)
        if not text.name:
            yield FieldInvalid(f"{field}[{place}].name", UNSET, f"1 to {MAX_HINT_CHARS} characters")
        yield refused_lines(f"{field}[{place}].name", text.name, at_most=MAX_HINT_CHARS)


def _faults_of_bounds(one: FormField) -> Iterator[FieldInvalid]:
    least, most = one.at_least, one.at_most
    if one.kind in _CHARS or one.kind is FormFieldKind.CHOICES:
        highest = _CHARS.get(one.kind, len(one.choices))
        for name, value in (("at_least", least), ("at_most", most)):
            if not 0 <= value <= highest:
                yield FieldInvalid(f"form_field.{name}", f"is {value:,}", f"0 to {highest:,}")
    elif one.kind is FormFieldKind.NUMBER:
        for name, value in (("at_least", least), ("at_most", most)):
            if abs(value) > _MOST_NUMBER:
                yield FieldInvalid(f"form_field.{name}", f"is {value:,}", f"up to {_MOST_NUMBER:,}")
    if most and least > most:
        yield FieldInvalid("form_field.at_least", f"is {least:,}", f"at_most, {most:,}")
    days: list[str] = []
    for name, text in (("from_date", one.from_date), ("until_date", one.until_date)):
        if text and not plain_day(text):
            yield FieldInvalid(f"form_field.{name}", f"{text[:10]!r} is no day", "as 2026-12-31")
        elif text:
            days.append(text)
    if len(days) > 1 and days[0] > days[1]:
        yield FieldInvalid("form_field.until_date", f"is {one.until_date}", f"from_date, {one.from_date}, or later")


def _faults_of_choices(one: FormField) -> Iterator[FieldInvalid | None]:
    field, count = "form_field.choices", len(one.choices)
    if one.kind in _CHOOSES and not 1 <= count <= MAX_NAMED:
        yield FieldInvalid(field, f"has {count:,}" if count else UNSET, f"1 to {MAX_NAMED}")
        return
    if count > MAX_NAMED:
        yield FieldInvalid(field, f"has {count:,}", f"at most {MAX_NAMED}")
        return
    seen: set[str] = set()
    for place, choice in enumerate(one.choices):
        yield refused_key(f"{field}[{place}].choice_id", choice.choice_id)
        yield refused_text(f"{field}[{place}].label", choice.label, at_most=MAX_NAME_CHARS)
        yield from faults_of_names(f"{field}[{place}].translations", choice.translations)
        if choice.choice_id in seen:
            yield FieldInvalid(f"{field}[{place}].choice_id", "is there twice", "each choice once")
        seen.add(choice.choice_id)
