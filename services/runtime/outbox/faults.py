"""What can go wrong between an event and its effect."""

from __future__ import annotations

from services.runtime.errors import Fatal, Retryable


class HeadersInvalid(Fatal):
    """A message is no event of ours: a CloudEvents header is missing or malformed."""


class SequenceGap(Retryable):
    """An event of the key is missing before this one; nothing of the key may be applied until it is there."""


class EventRefused(Fatal):
    """An outgoing event is out of bounds; the transaction must not commit."""


class ReplayIncomplete(Retryable):
    """The dead-letter topic did not show the next event of the key in time; the key stays parked."""
