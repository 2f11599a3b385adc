"""When a key that has signed tokens is forgotten."""

from __future__ import annotations

from collections.abc import Sequence

from services.runtime.signing_keys.rotation import SigningKey, signing_now

TOKEN_SECONDS = 600
# A key is told this much longer than its last token lives: clocks differ.
SLACK_MS = 60_000


def forgotten(keys: Sequence[SigningKey], now_ms: int) -> list[SigningKey]:
    """Keys that a later one has followed for longer than any of their tokens lives."""
    current = signing_now(keys, now_ms)
    if current is None or now_ms < current.signs_from_ms + TOKEN_SECONDS * 1000 + SLACK_MS:
        return []
    return [key for key in keys if key.signs_from_ms < current.signs_from_ms]
