"""How a house calls its halls and offices: the read models know them by id only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Names(Protocol):
    """Names by id. Empty where nobody answers: a report tells the ids then."""

    async def halls(self, house_id: str) -> Mapping[str, str]:
        """Of all its halls, archived ones as well."""
        ...

    async def offices(self, house_id: str) -> Mapping[str, str]:
        """Of all its offices, archived ones as well."""
        ...
