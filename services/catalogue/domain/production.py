"""Productions: titles by a performer or company."""

from __future__ import annotations

from dataclasses import dataclass

from services.contracts.bounds import MAX_NAME_CHARS
from services.contracts.texts import refused_text
from services.runtime.errors import FieldInvalid, refused_fields


@dataclass(frozen=True, slots=True)
class Production:
    """A title by a performer or company, which may be empty."""

    production_id: str
    house_id: str
    title: str
    performer: str


def refused_production(*, title: str, performer: str) -> FieldInvalid | None:
    """All that is wrong with a new production, None if nothing is."""
    return refused_fields(
        (
            refused_text("title", title, at_most=MAX_NAME_CHARS),
            refused_text("performer", performer, at_least=0, at_most=MAX_NAME_CHARS),
        )
    )
