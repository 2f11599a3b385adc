"""Grants: what houses let whoever has an address see (R3.3). They are the house's own and say nothing of the person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from services.contracts.email_addresses import EmailAddress
from services.runtime.errors import UNSET, FieldInvalid, refused_fields
from services.runtime.ids import refused_key

MAX_THINGS_AT_ONCE = 100
# Of one house to one address: whoever needs more grants productions or the whole house.
MAX_GRANTS = 1_000


class Scope(Enum):
    """What a grant is about. Values are what the store keeps."""

    HOUSE = "house"
    PRODUCTION = "production"
    PERFORMANCE = "performance"


@dataclass(frozen=True, slots=True)
class Thing:
    """Something to be seen; `thing_id` is '' for the whole house."""

    scope: Scope
    thing_id: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """`withdrawn_at_ms` None: it stands."""

    house_id: str
    grant_id: str
    email: EmailAddress
    thing: Thing
    granted_at_ms: int
    withdrawn_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class HouseGrants:
    """What one house grants to one person."""

    house_id: str
    label: str
    name: str
    whole_house: bool
    production_ids: tuple[str, ...]
    performance_ids: tuple[str, ...]
    # Of every grant to the person's address, those that were withdrawn as well.
    grant_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MakingHouse:
    """The house that made a promoter (R3.2)."""

    house_id: str
    label: str
    name: str


@dataclass(frozen=True, slots=True)
class Granted:
    """What all houses grant to one person, and the version of that, which goes up with each change.

    `made_by` may be asked to grant something, whatever it grants (R3.8).
    """

    houses: tuple[HouseGrants, ...]
    version: int
    made_by: MakingHouse | None = None


def refused_things(
    *, whole_house: bool, production_ids: Sequence[str], performance_ids: Sequence[str]
) -> FieldInvalid | None:
    """All that is wrong with what is to be granted, None if nothing is. Who leaves everything out grants nothing."""
    if not (whole_house or production_ids or performance_ids):
        return FieldInvalid("whole_house", UNSET, "or some of production_ids, performance_ids")
    return refused_fields(
        (_refused_ids("production_ids", production_ids), _refused_ids("performance_ids", performance_ids))
    )


def _refused_ids(field: str, ids: Sequence[str]) -> FieldInvalid | None:
    if len(ids) > MAX_THINGS_AT_ONCE:
        return FieldInvalid(field, f"has {len(ids):,}", f"at most {MAX_THINGS_AT_ONCE}")
    return refused_fields(refused_key(f"{field}[{place}]", one) for place, one in enumerate(ids))


def things(*, whole_house: bool, production_ids: Sequence[str], performance_ids: Sequence[str]) -> list[Thing]:
    """What is to be granted, each thing once, in the order in which it was named."""
    named = [
        *([Thing(Scope.HOUSE)] if whole_house else []),
        *(Thing(Scope.PRODUCTION, one) for one in production_ids),
        *(Thing(Scope.PERFORMANCE, one) for one in performance_ids),
    ]
    return [*dict.fromkeys(named)]
