"""Which of the platform's performances staff are asked to link: by season, status and type (R0.8)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.integrations.podiumkunst.domain.platform import PlatformPerformance

AGREED: Final = "agreed"
CANCELLED: Final = "cancellation"
# The types of the platform's own list of what is still to be linked; a montage is none of them.
USUAL_KINDS: Final = frozenset({"normal", "tryout", "premiere", "derniere"})
# Seasons begin on the first of August.
_SEASON_BEGINS_MONTH: Final = 8
_YEAR = re.compile(r"(?<![0-9])(20[0-9]{2})(?![0-9])")


@dataclass(frozen=True, slots=True)
class LineFilter:
    """Of lists of what is still to be linked. `season_from`: that one and later ones, by the year that it begins in."""

    season_from: int
    text: str = ""
    from_day: date | None = None
    until_day: date | None = None
    theatre_id: str = ""
    with_others: bool = False


def season_of_day(day: date) -> int:
    """The year in which the season of a day begins."""
    return day.year if day.month >= _SEASON_BEGINS_MONTH else day.year - 1


def season_of(performance: PlatformPerformance) -> int:
    """As the platform says it, such as 2026-2027 or 2026/27; by the date where it says nothing readable."""
    told = _YEAR.search(performance.season)
    return int(told.group(1)) if told else season_of_day(performance.day)


def kind_of(performance: PlatformPerformance) -> str:
    """The type without accents, hyphens and capitals: Try-out is tryout, Première is premiere."""
    plain = unicodedata.normalize("NFKD", performance.kind.casefold())
    return "".join(one for one in plain if one.isalnum())


def is_usual(performance: PlatformPerformance) -> bool:
    """Whether its sales are exchanged as a rule: not a montage, not private, not for schools."""
    return kind_of(performance) in USUAL_KINDS and not performance.is_private and not performance.is_school


def is_cancelled(performance: PlatformPerformance) -> bool:
    """By the platform's status."""
    return performance.status.casefold() == CANCELLED


def is_linkable(performance: PlatformPerformance) -> bool:
    """Whether staff are asked to link it, its season aside."""
    return performance.status.casefold() == AGREED and is_usual(performance)
