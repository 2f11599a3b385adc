"""What is seeded, as plain data: two houses, people, productions, and evenings counted from the day of seeding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.contracts.access import Role


@dataclass(frozen=True, slots=True)
class SeededProduction:
    """A production and the colours of its poster."""

    key: str
    title: str
    performer: str
    genre: str
    minutes: int
    colours: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Evening:
    """A performance at 20:00 of the day so many days from the seeding; so many orders are made for it."""

    days: int
    production: str
    orders: int
    is_draft: bool = False

    @property
    def key(self) -> str:
        """Its part of idempotency keys and of its code."""
        return f"{'past' if self.days < 0 else 'soon'}{abs(self.days)}"


@dataclass(frozen=True, slots=True)
class SeededHouse:
    """A house with everything in it. `base_minor` is the base price of each category, the plan's first first."""

    label: str
    name: str
    country: str
    time_zone: str
    languages: tuple[str, ...]
    hall: str
    city: str
    plan: str
    base_minor: tuple[int, ...]
    productions: tuple[SeededProduction, ...]
    evenings: tuple[Evening, ...]
    code: str


ROLES: Final = (Role.BACK_OFFICE, Role.BOX_OFFICE, Role.DOOR, Role.FINANCE, Role.MARKETING)
CURRENCY: Final = "EUR"
START: Final = "20:00"
PROMOTER: Final = "promoter@tourneebuero.example"
PROMOTER_NAME: Final = "Tourneebüro Nord"

_SEASON: Final = (
    Evening(-21, "one", 20),
    Evening(-14, "two", 18),
    Evening(-7, "one", 22),
    Evening(-2, "three", 16),
    Evening(6, "one", 14),
    Evening(13, "two", 10),
    Evening(27, "three", 6),
    Evening(48, "two", 0, is_draft=True),
)

HOUSES: Final = (
    SeededHouse(
        label="grote-schouwburg",
        name="De Grote Schouwburg",
        country="NL",
        time_zone="Europe/Amsterdam",
        languages=("nl", "en"),
        hall="Grote Zaal",
        city="Utrecht",
        plan="schouwburg-grote-zaal.json",
        base_minor=(3_600, 2_600, 1_900),
        productions=(
            SeededProduction("one", "De Storm", "Toneelgroep Utrecht", "PLAY", 140, ("#16324f", "#f2c14e")),
            SeededProduction("two", "Hofmeyr & Zoon", "Kleinkunst Noord", "COMEDY", 95, ("#7a1f3d", "#f7f3e3")),
            SeededProduction("three", "Nachtmuziek", "Ensemble Oudegracht", "CLASSICAL", 110, ("#0b3d2e", "#d9e4dd")),
        ),
        evenings=_SEASON,
        code="SEIZOEN",
    ),
    SeededHouse(
        label="riethsporthalle",
        name="Riethsporthalle Erfurt",
        country="DE",
        time_zone="Europe/Berlin",
        languages=("de", "en"),
        hall="Riethsporthalle",
        city="Erfurt",
        plan="riethsporthalle-erfurt.json",
        base_minor=(2_900, 2_200, 5_400),
        productions=(
            SeededProduction("one", "Handball-Nacht", "THC Erfurt", "SPORTS", 120, ("#1b1b3a", "#ff6b35")),
            SeededProduction("two", "Sommerhits", "Die Nordlichter", "POP", 130, ("#3a0ca3", "#f72585")),
            SeededProduction("three", "Zirkus Lumen", "Zirkus Lumen", "CIRCUS", 150, ("#9d0208", "#ffba08")),
        ),
        evenings=_SEASON,
        code="SAISON",
    ),
)
