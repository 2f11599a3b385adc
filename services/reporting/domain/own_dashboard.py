"""Dashboards that somebody has made: a choice under a name (R3.4). A choice grants nothing and says nothing of what is.

It is shown as far as it is granted, and what is missing is a house's to grant (R3.8).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from services.contracts.bounds import MAX_NAME_CHARS
from services.contracts.texts import refused_text
from services.runtime.errors import UNSET, FieldInvalid, refused_fields
from services.runtime.ids import refused_key

MAX_OWN_DASHBOARDS = 50
MAX_HOUSES = 100
MAX_PRODUCTIONS = 200
MAX_PERFORMANCES = 500
MAX_MENU_PLACE = 1_000
# The fields of a choice, in their order.
CHOSEN = ("house_ids", "production_ids", "performance_ids")
CHANGEABLE = frozenset({"name", "menu_place", *CHOSEN})


@dataclass(frozen=True, slots=True)
class Choice:
    """What is wanted. Nothing at all is everything."""

    house_ids: tuple[str, ...] = ()
    production_ids: tuple[str, ...] = ()
    performance_ids: tuple[str, ...] = ()

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return not (self.house_ids or self.production_ids or self.performance_ids)

    def has(self, house_id: str, production_id: str, performance_id: str) -> bool:
        """Whether a performance is wanted."""
        return (
            self.is_everything
            or house_id in self.house_ids
            or production_id in self.production_ids
            or performance_id in self.performance_ids
        )


EVERYTHING = Choice()


@dataclass(frozen=True, slots=True)
class OwnDashboard:
    """`seen_in`: which house showed a production or a performance when it was chosen; it is asked when that is gone."""

    person_id: str
    dashboard_id: str
    name: str
    menu_place: int
    house_ids: tuple[str, ...]
    production_ids: tuple[str, ...]
    performance_ids: tuple[str, ...]
    created_at_ms: int
    archived_at_ms: int | None = None
    revision: int = 1
    seen_in: Mapping[str, str] = field(default_factory=dict)

    @property
    def choice(self) -> Choice:
        """What is chosen."""
        return Choice(self.house_ids, self.production_ids, self.performance_ids)


@dataclass(frozen=True, slots=True)
class Granted:
    """What one house grants at a moment, as far as a choice can be held against it."""

    house_id: str
    whole_house: bool
    production_ids: frozenset[str]
    # Granted one by one, or found among the figures.
    performance_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Missing:
    """Chosen and granted by nobody now; one of the three is set. `ask`: houses, never what they have."""

    house_id: str = ""
    production_id: str = ""
    performance_id: str = ""
    ask: tuple[str, ...] = ()


def missing_of(
    choice: Choice, seen_in: Mapping[str, str], granted: Sequence[Granted], asked: Sequence[str]
) -> tuple[Missing, ...]:
    """What of the choice is missing. `asked`: the houses that may be asked of whatever was never seen.

    It depends on the choice and on grants alone: an id that nobody has is told as one that nobody grants.
    """
    grants_all = {one.house_id for one in granted if one.whole_house}
    granting = {one.house_id for one in granted}
    productions = frozenset[str]().union(*(one.production_ids for one in granted))
    performances = frozenset[str]().union(*(one.performance_ids for one in granted))

    def ask(thing_id: str) -> tuple[str, ...]:
        seen = seen_in.get(thing_id)
        if seen is not None and seen not in grants_all:
            return (seen,)
        return tuple(house_id for house_id in asked if house_id not in grants_all) or tuple(asked)

    return (
        *(Missing(house_id=one, ask=(one,)) for one in choice.house_ids if one not in granting),
        *(Missing(production_id=one, ask=ask(one)) for one in choice.production_ids if one not in productions),
        *(Missing(performance_id=one, ask=ask(one)) for one in choice.performance_ids if one not in performances),
    )


def in_menu_order(dashboards: Collection[OwnDashboard]) -> list[OwnDashboard]:
    """By place, the older first where places are equal."""
    return sorted(dashboards, key=lambda one: (one.menu_place, one.created_at_ms, one.dashboard_id))


def refused_own(name: str, menu_place: int, choice: Choice, above: str = "") -> FieldInvalid | None:
    """All that is wrong with a dashboard that somebody wants to keep. `above`: what its fields are in, with a dot."""
    nothing = FieldInvalid(f"{above}house_ids", UNSET, "or some of production_ids, performance_ids")
    return refused_fields(
        (
            refused_name(name, above),
            refused_menu_place(menu_place, above),
            nothing if choice.is_everything else None,
            refused_choice(choice, above),
        )
    )


def refused_name(name: str, above: str = "") -> FieldInvalid | None:
    """The refusal for what nothing can be called, else None."""
    return refused_text(f"{above}name", name, at_most=MAX_NAME_CHARS)


def refused_menu_place(place: int, above: str = "") -> FieldInvalid | None:
    """The refusal for a place beyond the last one, else None."""
    if place <= MAX_MENU_PLACE:
        return None
    return FieldInvalid(f"{above}menu_place", f"is {place}", f"0 to {MAX_MENU_PLACE:,}")


def refused_choice(choice: Choice, above: str = "") -> FieldInvalid | None:
    """Too many, or what can be no id."""
    return refused_fields(
        (
            _refused_ids(f"{above}house_ids", choice.house_ids, MAX_HOUSES),
            _refused_ids(f"{above}production_ids", choice.production_ids, MAX_PRODUCTIONS),
            _refused_ids(f"{above}performance_ids", choice.performance_ids, MAX_PERFORMANCES),
        )
    )


def _refused_ids(field_name: str, ids: Sequence[str], at_most: int) -> FieldInvalid | None:
    if len(ids) > at_most:
        return FieldInvalid(field_name, f"has {len(ids):,}", f"at most {at_most}")
    return refused_fields(refused_key(f"{field_name}[{place}]", one) for place, one in enumerate(ids))
