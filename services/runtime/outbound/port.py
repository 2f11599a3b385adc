"""The words of the outbound base: what is to be told to whom, what became of it, and who carries it there.

A target is one house's account with one outside system. Queues of different targets never wait for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Target:
    """Whom something is told: `target_id` is the integration's own id of it (a tracker, an endpoint, a connection)."""

    house_id: str
    target_id: str


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One thing that a target is to be told.

    `key` is the target's own means against doubles (its deduplication id), and ours: a key is kept once for a target.
    """

    target: Target
    key: str
    # In the integration's words, such as "purchase" or "figures"; a label of metrics and of the ledger.
    kind: str
    # Kept sealed: it may hold personal data.
    body: bytes
    made_at_ms: int
    # Dispatches of one lane go in their order, one after the other was settled. '': in any order, side by side.
    lane: str = ""
    # Not sent before; 0: at once.
    due_at_ms: int = 0
    # Given up as EXPIRED after this; 0: never.
    expires_at_ms: int = 0
    # What the ledger calls it: ids of ours, nothing personal.
    about: str = ""
    # How often it was carried before.
    tries: int = 0


class Settled(StrEnum):
    """How a dispatch ended. Values are what stores keep."""

    # The target has it, by its own answer.
    DELIVERED = "delivered"
    # The target will never take it as it is; visible, and sent again by hand only.
    REFUSED = "refused"
    # Its time was over before the target took it.
    EXPIRED = "expired"
    # There was nothing to tell any more when its turn came (a consent taken back, an erased person).
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Done:
    """It is settled. `note`: in words for staff, without secrets and personal data."""

    how: Settled
    note: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """Not settled, or not known: the same again, under the same key. `after_ms`: as the target asked, or 0."""

    note: str
    after_ms: int = 0
    # The target as a whole is away or asks for rest (silence, 5xx, 429): its breaker counts this.
    is_targets_fault: bool = True
    # No answer came, or none that could be read: the target may have it. The same key tells it apart.
    is_uncertain: bool = False


@dataclass(frozen=True, slots=True)
class Locked:
    """The target does not let this house in (credentials refused or taken back).

    Nothing more goes to it until somebody mends the account or resumes the target; nothing is lost meanwhile.
    """

    note: str


Outcome = Done | Later | Locked


def is_delivered(outcome: Outcome) -> bool:
    """Whether the target has it."""
    return isinstance(outcome, Done) and outcome.how is Settled.DELIVERED


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question to an outside system and its answer, as the ledger keeps it: nothing secret, nothing personal."""

    target: Target
    # Method and path, such as "PUT /tickets/cumulative"; never a query or a host with a secret in it.
    asked: str
    kind: str
    at_ms: int
    took_ms: int
    # 0: no answer came.
    status: int
    # The beginning of the answer, masked; or the fault in words.
    answer: str
    # SHA-256 of what was sent, hex.
    payload_hash: str
    # How many dispatches it carried.
    dispatches: int
    outcome: str


@dataclass(frozen=True, slots=True)
class CarrierLimits:
    """How a kind of target is spoken to."""

    # Dispatches of one call of carry() at most.
    batch: int = 1
    # Calls of carry() at the same time for one target; lanes keep their order whatever this is.
    at_once: int = 1


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of each dispatch, in the order they were given, and every exchange that was needed for it."""

    outcomes: Sequence[Outcome]
    exchanges: Sequence[Exchange] = field(default_factory=tuple)


class Carrier(Protocol):
    """Knows one outside system. Raises nothing it can name: silence, refusals and bad answers are outcomes.

    What it does raise is a fault of ours: it is counted and logged, and is Later for all that were given.
    """

    @property
    def limits(self) -> CarrierLimits:
        """For every target alike."""
        ...

    async def carry(self, target: Target, dispatches: Sequence[Dispatch]) -> Carried:
        """At most `limits.batch` of them, of one target, lanes in order."""
        ...


class ExchangeLedger(Protocol):
    """Where is kept what is asked beside all dispatches: a look, a check, a list."""

    async def keep(self, exchanges: Sequence[Exchange]) -> None:
        """All of one house. Raises nothing: the answer stands whether its line could be written or not."""
        ...


class OutboundQueue(Protocol):
    """Where an integration's handlers put what is to be told, in the transaction of their own effect."""

    async def put(self, connection: AsyncConnection, dispatches: Sequence[Dispatch]) -> int:
        """Adds those whose key is new for their target; how many. All within the connection's scope."""
        ...

    async def put_latest(self, connection: AsyncConnection, dispatches: Sequence[Dispatch]) -> int:
        """As put(), but of a key that waits only the newest body is sent (states, R0.3); a settled one waits anew."""
        ...

    async def drop(self, connection: AsyncConnection, target: Target, note: str) -> int:
        """Settles all that waits for a target as DROPPED: it was archived, or is no more wanted."""
        ...

    async def mend(self, connection: AsyncConnection, target: Target) -> None:
        """Its account was mended (new credentials, another address): it is locked and resting no more."""
        ...
