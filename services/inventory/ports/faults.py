"""What a store may answer beside what it was asked for."""

from __future__ import annotations

from services.runtime.errors import Fatal, Retryable


class Fenced(Retryable):
    """A newer owner exists; this one's memory of the performance is void (INV-4)."""


class WritesLost(Retryable):
    """The store has lost acknowledged writes; the memory built on them is void."""


class ClaimConflict(Retryable):
    """The record refused a second active claim on a seat (INV-1); memory and record disagree."""


class RecordRefused(Fatal):
    """The record will never take these changes; nothing of them was written."""
