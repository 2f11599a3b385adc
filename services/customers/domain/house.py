"""A house as customers' service knows it, and what it has settled about consents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.contracts.countries import country_of

# Where it is usual that a consent is confirmed by the link of a mail (R3.19).
_USUAL_IN: Final = frozenset({"DE"})


@dataclass(frozen=True, slots=True)
class House:
    """`double_opt_in` None: as it is usual in the house's country."""

    house_id: str
    name: str
    time_zone: str
    languages: tuple[str, ...]
    revision: int
    double_opt_in: bool | None = None

    @property
    def country(self) -> str:
        """ISO 3166, '' where its time zone is of no country."""
        return country_of(self.time_zone)

    @property
    def asks_for_confirmation(self) -> bool:
        """Whether a consent counts only once a link was opened."""
        return self.country in _USUAL_IN if self.double_opt_in is None else self.double_opt_in

    def language_for(self, wanted: str) -> str:
        """The wanted language, or the house's first."""
        return wanted or self.languages[0]
