"""Halls: rooms of a house whose seating plans are versions."""

from __future__ import annotations

from dataclasses import dataclass

from services.contracts.bounds import MAX_NAME_CHARS
from services.contracts.texts import refused_text
from services.runtime.errors import FieldInvalid


@dataclass(frozen=True, slots=True)
class Hall:
    """A room of a house; its seating plans are versions."""

    hall_id: str
    house_id: str
    name: str


def refused_hall(*, name: str) -> FieldInvalid | None:
    """What is wrong with a new hall, None if nothing is."""
    return refused_text("name", name, at_most=MAX_NAME_CHARS)
