"""One way to change things that exist: a field mask names what changes, an etag what the caller has seen.

Things have a revision, 1 when they are made and one more with each change; their etag is the revision in quotes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from services.runtime.errors import UNSET, FieldInvalid, Kind, Refusal, refused_fields

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Thing = TypeVar("Thing", bound="DataclassInstance")


@dataclass(frozen=True, slots=True)
class EtagStale(Refusal):
    """{thing} was changed by somebody else: the etag is {etag} now; read it again and decide anew."""

    kind = Kind.PRECONDITION
    thing: str
    etag: str


def etag_of(revision: int) -> str:
    """The etag of a thing in its revision."""
    return f'"{revision}"'


def revision_of(etag: str) -> int | None:
    """The revision that an etag stands for; None for what is none."""
    inner = etag[1:-1]
    return int(inner) if etag == f'"{inner}"' and inner.isascii() and inner.isdigit() else None


def refused_etag(thing: str, etag: str, revision: int) -> EtagStale | None:
    """The refusal for an update whose caller has not seen the thing as it is (a lost update), else None."""
    return None if etag == etag_of(revision) else EtagStale(thing, etag_of(revision))


def refused_unset_etag(etag: str) -> FieldInvalid | None:
    """Updates without an etag are refused: nobody overwrites what they have not read."""
    return None if etag else FieldInvalid("etag", UNSET, "the etag of the thing as it was read")


def refused_mask(paths: Sequence[str], changeable: Collection[str], field: str = "update_mask") -> FieldInvalid | None:
    """The refusal for a mask that is empty or names what no update can change, else None. Top-level fields only."""
    limit = f"some of {', '.join(sorted(changeable))}"
    if not paths:
        return FieldInvalid(field, UNSET, limit)
    unknown = sorted({path for path in paths if path not in changeable})
    return FieldInvalid(field, f"has {', '.join(unknown)[:200]}", limit) if unknown else None


def refused_change(etag: str, paths: Sequence[str], changeable: Collection[str]) -> FieldInvalid | None:
    """All that is wrong with the mask and the etag of an update by themselves, else None."""
    return refused_fields((refused_mask(paths, changeable), refused_unset_etag(etag)))


def masked(thing: Thing, wanted: Thing, paths: Collection[str]) -> Thing:
    """The thing with those of its fields as wanted that the mask names; fields are named as on the wire.

    Each is taken whole. An update whose outcome is the thing as it is changes nothing and needs no fresh etag: so it
    may be repeated after an answer that was lost.
    """
    return replace(thing, **{path: getattr(wanted, path) for path in paths})
