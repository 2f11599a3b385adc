"""What the catalogue says of performances, kept for seconds: an on-sale's letters tell of the same few."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.runtime.clock import Clock
from services.runtime.errors import Refusal
from services.ticketing.domain.show import Show
from services.ticketing.ports.shows import Shows

_KEPT_SECONDS: Final = 10.0
_MOST: Final = 256


@dataclass(frozen=True, slots=True)
class _Known:
    show: Show
    until: float


class KnownShows:
    """One a process."""

    def __init__(self, shows: Shows, clock: Clock) -> None:
        self._shows = shows
        self._clock = clock
        self._known: dict[tuple[str, str], _Known] = {}

    async def show(
        self, house_id: str, performance_id: str, *, at_least_move: int = 0, is_cancelled: bool = False
    ) -> Show | Refusal:
        """What is known from before that move, or from before it was cancelled, is asked again.

        Raises NeighbourSilent.
        """
        key, now = (house_id, performance_id), self._clock.monotonic()
        known = self._known.get(key)
        if known is not None and known.until > now:
            is_new = known.show.move_number >= at_least_move and known.show.is_cancelled >= is_cancelled
            if is_new:
                return known.show
        show = await self._shows.show(house_id, performance_id)
        if not isinstance(show, Refusal):
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[key] = _Known(show, now + _KEPT_SECONDS)
        return show
