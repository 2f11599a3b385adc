"""How long to wait before trying again. Knows no event and no bus."""

from __future__ import annotations

import zlib

from services.runtime.ids import seeded_random


class Backoff:
    """Waits that double from `first_seconds` to `last_seconds`, each cut by up to half so that few march in step."""

    def __init__(self, first_seconds: float, last_seconds: float, *, seed: str) -> None:
        self._first_seconds = first_seconds
        self._last_seconds = last_seconds
        self._random = seeded_random(zlib.crc32(seed.encode()))
        self._tries = 0

    @property
    def tries(self) -> int:
        """How often next_seconds was asked since the last reset."""
        return self._tries

    def next_seconds(self) -> float:
        """The wait before the next try."""
        full = min(self._first_seconds * float(2 ** min(self._tries, 30)), self._last_seconds)
        self._tries += 1
        return full * (0.5 + self._random.random() / 2)

    def reset(self) -> None:
        """It worked."""
        self._tries = 0
