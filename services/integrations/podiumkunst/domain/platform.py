"""What the DIP platform says: its performances, and what productions have sold by its books. Times are wall times."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

# Of a number as of an id: opaque text, minted by the platform (R0.5). A page token must hold one in base64.
MAX_NUMBER_CHARS: Final = 48
RANKS: Final = 10

_NUMBER = re.compile(rf"[\x21-\x7e]{{1,{MAX_NUMBER_CHARS}}}")
_BAR = "|"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def is_number(text: str) -> bool:
    """Whether it can be a performance's number: printable, without spaces. Nothing of its inside is looked at."""
    return _NUMBER.fullmatch(text) is not None


def split_number(number: str) -> tuple[str, str]:
    """What stands left of the bar (the production's id) and right of it; the second is '' where there is no bar."""
    production, _, performance = number.partition(_BAR)
    return production, performance


def joined_number(production: str, performance: str) -> str:
    """The whole number, of one that the platform tells in two parts or in one."""
    return performance if _BAR in performance or not production else f"{production}{_BAR}{performance}"


def wall_ms(wall: datetime) -> int:
    """A wall time as if in UTC: lists are ordered by it, whatever the zone."""
    return (wall.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)


def wall_of(ms: int) -> datetime:
    """The wall time of a wall_ms()."""
    return (_EPOCH + timedelta(milliseconds=ms)).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class Theatre:
    """A theatre of the platform. Province '' where it was not told."""

    theatre_id: str
    name: str
    province_id: str = ""
    province: str = ""


@dataclass(frozen=True, slots=True)
class PlatformPerformance:
    """A performance that the provider has entered: fixed master data (R0.1). Texts are the platform's own words."""

    number: str
    # Of the production.
    title: str
    performer: str
    theatre: Theatre
    # The hall within the theatre, '' where it was not told.
    location: str
    day: date
    # As a clock of the theatre shows it, without zone; None: not said.
    at: time | None
    season: str
    status: str
    kind: str
    is_private: bool = False
    is_school: bool = False
    # Seats of rank 1, 2, ...
    capacity: tuple[int, ...] = ()

    @property
    def starts(self) -> datetime:
        """The wall time; midnight where no time was said."""
        return datetime.combine(self.day, self.at or time())


@dataclass(frozen=True, slots=True)
class PlatformList:
    """An answer. `unreadable`: so many entries that nobody could read; what is not there may be among them."""

    performances: Sequence[PlatformPerformance]
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class SoldAt:
    """What a production has sold at one theatre by the platform's books. Money in cents."""

    theatre: Theatre
    tickets: int
    recette_minor: int
    # As the platform writes it.
    updated: str
    # Whether its performances add up to it.
    adds_up: bool = True


@dataclass(frozen=True, slots=True)
class ProductionSales:
    """What one production has sold, theatre by theatre."""

    production_id: str
    theatres: Sequence[SoldAt]
