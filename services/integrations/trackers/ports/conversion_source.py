"""Where the carrier finds what a dispatch is about at the moment it goes: the account, the visit, the person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.integrations.trackers.domain.conversion import Account, Conversion
from services.runtime.outbound.port import Dispatch, Target


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing to tell any more. `why`: for staff, without anything personal."""

    why: str


@dataclass(frozen=True, slots=True)
class NotYet:
    """Something that is needed for it has not come; it will."""

    why: str


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """A request that a company has taken: what became of it is to be asked."""

    request_id: str


Said = Conversion | Diagnostics | Nothing | NotYet


@dataclass(frozen=True, slots=True)
class Found:
    """`account` None: the tracker has no credentials, so the company lets nobody in. One of `said` a dispatch."""

    account: Account | None
    said: Sequence[Said]


class ConversionSource(Protocol):
    """Looked at each time, kept never: a consent that is taken back counts for what has not gone."""

    async def of(self, target: Target, dispatches: Sequence[Dispatch]) -> Found:
        """Raises PeopleUnanswered."""
        ...


class FollowUps(Protocol):
    """Puts more in the queue, by a transaction of its own."""

    async def put(self, dispatches: Sequence[Dispatch]) -> None:
        """Those whose key is new."""
        ...
