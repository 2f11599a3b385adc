"""Why customers' service says no. Values with facts; the docstring is the message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from services.runtime.errors import Kind, Refusal


@dataclass(frozen=True, slots=True)
class CustomerNotFound(Refusal):
    """There is no customer {customer_id} in this house."""

    kind = Kind.NOT_FOUND
    customer_id: str


@dataclass(frozen=True, slots=True)
class EmailOfAnother(Refusal):
    """Customer {customer_id} has this address already: merge the two."""

    kind = Kind.TAKEN
    customer_id: str


@dataclass(frozen=True, slots=True)
class OldOrdersWaiting(Refusal):
    """Orders from before customers were kept still wait to be given to theirs, maybe to this one; ask again later."""

    kind = Kind.UNDER_WAY
    retry_after_ms: ClassVar[int] = 30_000


@dataclass(frozen=True, slots=True)
class ConsentNotFound(Refusal):
    """Nobody is asked for consent {consent_id} in this house."""

    kind = Kind.NOT_FOUND
    consent_id: str


@dataclass(frozen=True, slots=True)
class ConsentArchived(Refusal):
    """Nobody is asked for consent {consent_id} any more."""

    kind = Kind.PRECONDITION
    consent_id: str


@dataclass(frozen=True, slots=True)
class TooManyConsents(Refusal):
    """A house asks {limit} questions at most: archive one first."""

    kind = Kind.PRECONDITION
    limit: int


@dataclass(frozen=True, slots=True)
class LinkUnknown(Refusal):
    """There is no such link; ask for a new one."""

    kind = Kind.NOT_FOUND


@dataclass(frozen=True, slots=True)
class LinkUsed(Refusal):
    """The link was used before; each works once."""

    kind = Kind.PRECONDITION


@dataclass(frozen=True, slots=True)
class LinkExpired(Refusal):
    """The link is past its time; ask for a new one."""

    kind = Kind.PRECONDITION


@dataclass(frozen=True, slots=True)
class SessionOver(Refusal):
    """There is no such session, or it is over: ask for a new link."""

    kind = Kind.NOT_FOUND
