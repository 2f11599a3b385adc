"""Instants in unix milliseconds, as people read them, and the years that houses plan in. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.runtime.errors import UNSET, FieldInvalid

EARLIEST_MS = 946_684_800_000  # 2000-01-01T00:00:00Z
LATEST_MS = 4_102_444_800_000  # 2100-01-01T00:00:00Z
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LIMIT = "2000-01-01T00:00:00Z to 2100-01-01T00:00:00Z"


def instant_text(ms: int) -> str:
    """RFC 3339 in UTC: 2030-03-17T17:46:40Z; its number where no calendar has it."""
    try:
        at = _EPOCH + timedelta(milliseconds=ms)
    except OverflowError:
        return f"{ms} ms"
    text = at.isoformat(timespec="milliseconds" if at.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def refused_instant(field: str, ms: int, *, may_be_unset: bool = False) -> FieldInvalid | None:
    """The refusal for an instant outside of the years that houses plan in, else None. 0 is one that is not set."""
    if EARLIEST_MS <= ms <= LATEST_MS or (may_be_unset and not ms):
        return None
    return FieldInvalid(field, f"is {instant_text(ms)}" if ms else UNSET, _LIMIT)
