"""What reporting asks other services: when one of them does not answer, nothing has been done."""

from __future__ import annotations

from services.runtime.errors import Retryable


class NeighbourSilent(Retryable):
    """Another service does not answer; nothing was done."""
