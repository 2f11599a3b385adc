"""The names of the internet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class NameUnknown(Exception):
    """No address is known for the name, or nobody who knows answers."""


class Names(Protocol):
    """Asks anew each time: who pins an answer does so himself."""

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """All of them, for a name or an address. Raises NameUnknown."""
        ...
