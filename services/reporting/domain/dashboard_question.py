"""What is asked of a dashboard: which performances, and the days that are looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.contracts.house_time import calendar_day
from services.reporting.domain.own_dashboard import EVERYTHING, Choice
from services.runtime.errors import FieldInvalid, refused_fields

_LIMIT = "YYYY-MM-DD, from 2000-01-01 to 2099-12-31"


@dataclass(frozen=True, slots=True)
class Days:
    """Days of a house's calendar, both included; None is without end."""

    first: date | None = None
    last: date | None = None

    @property
    def is_every_day(self) -> bool:
        """Whether none is left out."""
        return self.first is None and self.last is None

    def has(self, day: date) -> bool:
        """Whether the day is one of them."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


EVERY_DAY = Days()


@dataclass(frozen=True, slots=True)
class Question:
    """`sold_on`: by transaction date; `starts_on`: by event date (R3.20)."""

    choice: Choice = EVERYTHING
    sold_on: Days = EVERY_DAY
    starts_on: Days = EVERY_DAY


def days_of(field: str, first: str, last: str) -> Days | FieldInvalid:
    """Days as they were written; '' is without end."""
    found = Days(calendar_day(first) if first else None, calendar_day(last) if last else None)
    refused = refused_fields(
        FieldInvalid(f"{field}.{name}", f"is {text[:20]!r}", _LIMIT)
        for name, text, day in (("first_date", first, found.first), ("last_date", last, found.last))
        if text and day is None
    )
    if refused is None and found.first is not None and found.last is not None and found.last < found.first:
        refused = FieldInvalid(f"{field}.last_date", f"is {last}", f"{first} (first_date) or later")
    return refused or found
