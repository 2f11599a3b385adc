"""How likely a performance of the house is the platform's: by title, date and time, and hall. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final

from services.integrations.podiumkunst.domain.hall_mapping import HallMapping
from services.integrations.podiumkunst.domain.platform import PlatformPerformance
from services.integrations.podiumkunst.domain.show import Show, ShowState

MOST_SUGGESTIONS: Final = 3
# Below it nobody is helped by a suggestion.
LEAST_CERTAINTY: Final = 50
# A suggestion is clear where no other one comes so near.
_CLEAR_BY: Final = 10
# Of one day only these are looked at closely, the nearest in time first: a museum has a thousand slots.
_LOOKED_AT: Final = 50

_TITLE_PARTS, _TIME_PARTS, _HALL_PARTS = 50, 30, 20
# Minutes apart at most, and what that is worth.
_TIMES: Final = ((0, _TIME_PARTS), (15, 24), (60, 15), (180, 6))
_LEAST_TITLE: Final = 0.45
# What a title is worth whose words all stand in the other one: "Hamlet" and "Hamlet - Toneelgroep Zuid".
_CONTAINED: Final = 0.9
_ARTICLES: Final = frozenset({"de", "het", "een", "the", "a", "der", "die", "das", "en"})
_WORDS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`certainty` in percent. `is_clear`: no other number and no other performance comes near it."""

    number: str
    show: Show
    certainty: int
    is_clear: bool = False


def suggested(
    lines: Sequence[PlatformPerformance], shows: Iterable[Show], halls: Mapping[str, HallMapping], zone: str
) -> Mapping[str, Sequence[Suggestion]]:
    """The best suggestions for each number, the most certain first. Another date is never suggested."""
    by_day: dict[date, list[Show]] = defaultdict(list)
    for show in shows:
        if show.state is not ShowState.CANCELLED and not show.is_archived:
            by_day[show.starts(zone).date()].append(show)
    found = {line.number: _of_line(line, by_day.get(line.day, ()), halls, zone) for line in lines}
    return _with_clear(found)


def certainty_of(line: PlatformPerformance, show: Show, hall: HallMapping | None, zone: str) -> int:
    """In percent; 0 where the titles have nothing in common or the date is another."""
    starts = show.starts(zone)
    title = title_likeness(line.title, line.performer, show.title)
    if starts.date() != line.day or title < _LEAST_TITLE:
        return 0
    minutes = None if line.at is None else abs((starts - line.starts).total_seconds()) / 60
    at = _TIMES[2][1] if minutes is None else next((worth for most, worth in _TIMES if minutes <= most), 0)
    return round(_TITLE_PARTS * title) + at + _hall_parts(line, hall)


def title_likeness(platform: str, performer: str, ours: str) -> float:
    """0 to 1. What the platform calls it may be ours alone, or with the performer before or after it."""
    return max(_likeness(platform, ours), _likeness(f"{performer} {platform}", ours) if performer else 0.0)


@lru_cache(maxsize=65_536)
def _likeness(one: str, other: str) -> float:
    first, second = _words(one), _words(other)
    if not first or not second:
        return 0.0
    if first == second:
        return 1.0
    shorter, longer = sorted((frozenset(first), frozenset(second)), key=len)
    contained = _CONTAINED if shorter <= longer else 0.0
    # The same either way round, which the matcher by itself is not.
    left, right = sorted((" ".join(first), " ".join(second)))
    return max(contained, SequenceMatcher(None, left, right, autojunk=False).ratio())


def _words(title: str) -> tuple[str, ...]:
    plain = "".join(one for one in unicodedata.normalize("NFKD", title.casefold()) if not unicodedata.combining(one))
    words = tuple(_WORDS.findall(plain))
    return tuple(word for word in words if word not in _ARTICLES) or words


def _hall_parts(line: PlatformPerformance, hall: HallMapping | None) -> int:
    if hall is None or not hall.is_mapped:
        return _HALL_PARTS // 2
    if hall.theatre_id != line.theatre.theatre_id:
        return 0
    if not hall.location or not line.location:
        return _HALL_PARTS - 4
    return _HALL_PARTS if hall.location.casefold() == line.location.casefold() else 4


def _of_line(
    line: PlatformPerformance, shows: Sequence[Show], halls: Mapping[str, HallMapping], zone: str
) -> list[Suggestion]:
    nearest = sorted(shows, key=lambda show: (abs(show.starts(zone) - line.starts), show.performance_id))[:_LOOKED_AT]
    scored = [
        Suggestion(line.number, show, certainty_of(line, show, halls.get(show.hall_id), zone)) for show in nearest
    ]
    likely = [one for one in scored if one.certainty >= LEAST_CERTAINTY]
    likely.sort(key=lambda one: (-one.certainty, one.show.performance_id))
    return likely[:MOST_SUGGESTIONS]


def _with_clear(found: Mapping[str, Sequence[Suggestion]]) -> Mapping[str, Sequence[Suggestion]]:
    wanted: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for number, likely in found.items():
        for one in likely:
            wanted[one.show.performance_id].append((one.certainty, number))

    def is_clear(place: int, one: Suggestion, likely: Sequence[Suggestion]) -> bool:
        rivals = [other.certainty for other in likely if other is not one]
        rivals += [certainty for certainty, number in wanted[one.show.performance_id] if number != one.number]
        return place == 0 and all(one.certainty - rival >= _CLEAR_BY for rival in rivals)

    return {
        number: [replace(one, is_clear=is_clear(place, one, likely)) for place, one in enumerate(likely)]
        for number, likely in found.items()
    }
