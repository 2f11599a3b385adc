"""What houses let a person see, asked of accounts at the moment of the question. Nothing of it is kept (R3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.reporting.ports.figures import Sight


@dataclass(frozen=True, slots=True)
class GrantedHouse:
    """A house that grants, or that made the person, and what of it may be seen: of the latter perhaps nothing."""

    house_id: str
    label: str
    name: str
    sight: Sight


class Grants(Protocol):
    """Accounts, as far as it is asked."""

    async def of(self, subject: str) -> Sequence[GrantedHouse]:
        """What is granted to the person now, by the house's name; nobody known is granted nothing.

        The house that made a promoter is told too, at the end where it grants nothing: it may be asked to (R3.8).

        Raises NeighbourSilent: without an answer nobody sees anything.
        """
        ...
