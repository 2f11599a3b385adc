"""One way to change things that exist: a field mask names what changes, an etag what the caller has seen.

Things have a revision, 1 when they are made and one more with each change; their etag is the revision in quotes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from services.runtime.errors import UNSET, FieldInvalid, Kind, Refusal


@dataclass(frozen=True, slots=True)
class EtagStale(Refusal):
    """{thing} was changed by somebody else: the etag is {etag} now; read it again and decide anew."""

    kind = Kind.PRECONDITION
    thing: str
    etag: str


def etag_of(revision: int) -> str:
    """The etag of a thing in its revision."""
    return f'"{revision}"'


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
