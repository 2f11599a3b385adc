"""Times as MailChimp writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def instant(ms: int) -> str:
    """ISO 8601, in seconds."""
    return datetime.fromtimestamp(ms // 1000, UTC).isoformat(timespec="seconds")


def instant_of(text: object, otherwise_ms: int) -> int:
    """Unix milliseconds of such a time, with or without a zone; `otherwise_ms` for what is none."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return otherwise_ms
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)


def second_of(text: object, otherwise_ms: int) -> int:
    """The end of the second that such a time names: what was said within it was said before that."""
    found_ms = instant_of(text, otherwise_ms)
    return found_ms if found_ms == otherwise_ms else found_ms // 1000 * 1000 + 999
