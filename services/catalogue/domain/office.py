"""Ticket offices outside the system that a house hands contingents to (R1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from services.contracts.bounds import MAX_NAME_CHARS
from services.contracts.texts import refused_email, refused_language, refused_lines, refused_text
from services.runtime.errors import FieldInvalid, refused_fields
from services.runtime.ids import refused_key

MAX_ADDRESS_LINES = 6
MAX_PHONE_CHARS = 40
MAX_CONDITIONS_CHARS = 4_000
MAX_COMMISSION_CHARS = 1_000
# Room for an office on a page of a list: the longest take several.
_PART_CHARS = 1_000


@dataclass(frozen=True, slots=True)
class Office:
    """Fields are named as in the message. Its code is its id. What is empty is not said."""

    name: str
    address_lines: tuple[str, ...] = ()
    email: str = ""
    phone: str = ""
    contact: str = ""
    language: str = ""
    conditions: str = ""
    commission: str = ""


def refused_office(office_id: str, office: Office) -> FieldInvalid | None:
    """All that is wrong with an office, None if nothing is."""
    return refused_fields(_faults(office_id, office))


def parts_of(office: Office) -> int:
    """How much of a page of a list it takes."""
    return 1 + (len(office.conditions) + len(office.commission)) // _PART_CHARS


def _faults(office_id: str, office: Office) -> Iterator[FieldInvalid | None]:
    yield refused_key("office.office_id", office_id)
    yield refused_text("office.name", office.name, at_most=MAX_NAME_CHARS)
    if len(office.address_lines) > MAX_ADDRESS_LINES:
        problem = f"has {len(office.address_lines):,} lines"
        yield FieldInvalid("office.address_lines", problem, f"at most {MAX_ADDRESS_LINES}")
    for place, line in enumerate(office.address_lines[:MAX_ADDRESS_LINES]):
        yield refused_text(f"office.address_lines[{place}]", line, at_most=MAX_NAME_CHARS)
    if office.email:
        yield refused_email("office.email", office.email)
    yield refused_text("office.phone", office.phone, at_least=0, at_most=MAX_PHONE_CHARS)
    yield refused_text("office.contact", office.contact, at_least=0, at_most=MAX_NAME_CHARS)
    if office.language:
        yield refused_language("office.language", office.language)
    yield refused_lines("office.conditions", office.conditions, at_most=MAX_CONDITIONS_CHARS)
    yield refused_lines("office.commission", office.commission, at_most=MAX_COMMISSION_CHARS)
