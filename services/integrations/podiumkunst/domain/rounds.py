"""When a house's figures go out: hourly what has changed, nightly all of it, by the house's own clock (R0.2)."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim

NIGHT_HOUR: Final = 4
# The platform is Dutch; only until a house's own clock is known.
DEFAULT_ZONE: Final = "Europe/Amsterdam"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rounds:
    """The next ones, unix milliseconds; 0: at once."""

    hourly_at_ms: int = 0
    nightly_at_ms: int = 0

    def are_due(self, now_ms: int) -> bool:
        """One of them is."""
        return min(self.hourly_at_ms, self.nightly_at_ms) <= now_ms

    def is_nightly_due(self, now_ms: int) -> bool:
        """All figures go out, whatever of them the platform has."""
        return self.nightly_at_ms <= now_ms


def rounds_after(house_id: str, zone: str, now_ms: int) -> Rounds:
    """The next rounds. Each house has a minute of its own, so that they do not all speak at once."""
    minute = zlib.crc32(house_id.encode()) % 60
    return Rounds(
        _next(f"{minute} * * * *", zone, now_ms),
        _next(f"{minute} {NIGHT_HOUR} * * *", zone, now_ms),
    )


def _next(expression: str, zone: str, now_ms: int) -> int:
    after = (_EPOCH + timedelta(milliseconds=now_ms)).astimezone(ZoneInfo(zone or DEFAULT_ZONE))
    return int(next(CronSim(expression, after)).timestamp()) * 1000
