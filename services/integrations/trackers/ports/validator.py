"""Has a company look at a conversion without counting it."""

from __future__ import annotations

from typing import Protocol

from services.integrations.trackers.domain.conversion import Account, Conversion
from services.runtime.outbound.port import Outcome, Target


class Validator(Protocol):
    """Asked by people of the house, who wait for the answer."""

    async def validate(self, target: Target, account: Account, conversion: Conversion) -> Outcome:
        """DELIVERED: the company finds nothing wrong. Raises nothing that it can cause."""
        ...
