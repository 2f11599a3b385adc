"""Quotes as callers keep them: sealed by the deployment, so that nobody else makes or changes one."""

from __future__ import annotations

from typing import Protocol

from services.orders.domain.quote import Quote


class Quotes(Protocol):
    """Nothing is stored: all of a quote is in what its caller keeps."""

    def signed(self, quote: Quote) -> str:
        """The quote as text."""
        ...

    def read(self, text: str) -> Quote | None:
        """None where it was not made by this deployment, or was changed."""
        ...
