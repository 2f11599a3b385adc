"""Ticket types of a house: what they are called, where and how many of them are sold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from services.catalogue.domain.price import TicketKind
from services.contracts.bounds import MAX_NAME_CHARS, MAX_SEATS_PER_HOLD
from services.contracts.channels import Channel
from services.contracts.texts import refused_language, refused_text
from services.runtime.errors import UNSET, FieldInvalid, refused_fields
from services.runtime.ids import refused_key

MAX_TRANSLATIONS = 20


@dataclass(frozen=True, slots=True)
class LocalName:
    """A name in one more language."""

    language: str
    name: str


@dataclass(frozen=True, slots=True)
class TicketType:
    """As what a ticket is sold. None among channels is one that nobody knows; no channels are all; 0 is no bound."""

    name: str
    translations: tuple[LocalName, ...]
    kind: TicketKind | None
    channels: tuple[Channel | None, ...] = ()
    min_per_order: int = 0
    max_per_order: int = 0
    pass_kind_id: str = ""

    @property
    def has_terms(self) -> bool:
        """Whether anything is to be looked at when it is sold."""
        return bool(self.channels or self.min_per_order or self.max_per_order or self.pass_kind_id)


def refused_ticket_type(ticket_type_id: str, ticket_type: TicketType) -> FieldInvalid | None:
    """All that is wrong with a ticket type, None if nothing is."""
    return refused_fields(_faults(ticket_type_id, ticket_type))


def _faults(ticket_type_id: str, ticket_type: TicketType) -> Iterator[FieldInvalid | None]:
    field = "ticket_type"
    yield refused_key(f"{field}.ticket_type_id", ticket_type_id)
    yield refused_text(f"{field}.name", ticket_type.name, at_most=MAX_NAME_CHARS)
    yield from faults_of_names(f"{field}.translations", ticket_type.translations)
    if ticket_type.kind is None:
        yield FieldInvalid(f"{field}.kind", UNSET, "normal, discount, free or other")
    yield refused_channels(f"{field}.channels", ticket_type.channels)
    least, most = ticket_type.min_per_order, ticket_type.max_per_order
    for name, value in (("min_per_order", least), ("max_per_order", most)):
        if not 0 <= value <= MAX_SEATS_PER_HOLD:
            yield FieldInvalid(f"{field}.{name}", f"is {value:,}", f"0 to {MAX_SEATS_PER_HOLD}")
    if ticket_type.pass_kind_id:
        yield refused_key(f"{field}.pass_kind_id", ticket_type.pass_kind_id)
    if most and least > most:
        yield FieldInvalid(f"{field}.min_per_order", f"is {least:,}", f"max_per_order, {most:,}")


def faults_of_names(field: str, names: tuple[LocalName, ...]) -> Iterator[FieldInvalid | None]:
    """All that is wrong with names in further languages."""
    if len(names) > MAX_TRANSLATIONS:
        yield FieldInvalid(field, f"has {len(names):,}", f"at most {MAX_TRANSLATIONS}")
        return
    seen: set[str] = set()
    for place, name in enumerate(names):
        yield refused_language(f"{field}[{place}].language", name.language)
        yield refused_text(f"{field}[{place}].name", name.name, at_most=MAX_NAME_CHARS)
        if name.language in seen:
            yield FieldInvalid(f"{field}[{place}].language", f"{name.language!r} is there twice", "each language once")
        seen.add(name.language)


def refused_channels(field: str, channels: tuple[Channel | None, ...]) -> FieldInvalid | None:
    """The refusal for a channel that is none or is there twice, else None."""
    if None in channels or len(set(channels)) < len(channels):
        known = ", ".join(channel.value for channel in Channel)
        return FieldInvalid(field, f"has {len(channels)} channels", f"each once of {known}")
    return None
