"""Halls: rooms of a house whose seating plans are versions. What may change of one, and how it is put away."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass

from services.catalogue.domain.refusals import HallArchived, HallNotFound
from services.contracts.bounds import MAX_NAME_CHARS
from services.contracts.changes import EtagStale, refused_etag
from services.contracts.texts import refused_text
from services.runtime.errors import FieldInvalid, refused_fields

MAX_CITY_CHARS = 100
MAX_DESCRIPTION_CHARS = 500


@dataclass(frozen=True, slots=True)
class HallTerms:
    """What the house says of a hall. Only the name must be there."""

    name: str
    address: str = ""
    city: str = ""
    description: str = ""


# What an update may name.
CHANGEABLE = frozenset(field.name for field in dataclasses.fields(HallTerms))


@dataclass(frozen=True, slots=True)
class Hall:
    """A room of a house. `latest_plan_version` and `capacity`: 0 without a plan; `archived_at_ms`: 0 while in use."""

    hall_id: str
    house_id: str
    name: str
    address: str = ""
    city: str = ""
    description: str = ""
    created_at_ms: int = 0
    latest_plan_version: int = 0
    capacity: int = 0
    archived_at_ms: int = 0
    revision: int = 1


def refused_hall(terms: HallTerms, named: Collection[str] = CHANGEABLE, within: str = "") -> FieldInvalid | None:
    """What is wrong with what is said of a hall, None if nothing is; only what is `named` is looked at."""
    checks = (
        ("name", terms.name, 1, MAX_NAME_CHARS),
        ("address", terms.address, 0, MAX_NAME_CHARS),
        ("city", terms.city, 0, MAX_CITY_CHARS),
        ("description", terms.description, 0, MAX_DESCRIPTION_CHARS),
    )
    return refused_fields(
        refused_text(f"{within}{field}", value, at_least=at_least, at_most=at_most)
        for field, value, at_least, at_most in checks
        if field in named
    )


def new_hall(hall_id: str, house_id: str, terms: HallTerms, now_ms: int) -> Hall:
    """A hall without a plan. The terms have passed refused_hall."""
    return Hall(hall_id, house_id, terms.name, terms.address, terms.city, terms.description, now_ms)


def changed_hall(hall: Hall, terms: HallTerms, named: Collection[str], etag: str) -> Hall | EtagStale | HallArchived:
    """The hall with what is `named` as in `terms`. The terms have passed refused_hall."""
    if stale := refused_etag("hall", etag, hall.revision):
        return stale
    if hall.archived_at_ms:
        return HallArchived(hall.hall_id)
    new = {field: getattr(terms, field) for field in named}
    return dataclasses.replace(hall, **new, revision=hall.revision + 1)


def archived_hall(hall: Hall, etag: str, now_ms: int) -> Hall | EtagStale | None:
    """The hall put away. None: it is already, and asking twice is fine."""
    if hall.archived_at_ms:
        return None
    if stale := refused_etag("hall", etag, hall.revision):
        return stale
    return dataclasses.replace(hall, archived_at_ms=now_ms, revision=hall.revision + 1)


def usable_hall(hall_id: str, found: Hall | None) -> Hall | HallNotFound | HallArchived:
    """The hall, for what is to be made with it."""
    if found is None:
        return HallNotFound(hall_id)
    return HallArchived(hall_id) if found.archived_at_ms else found
