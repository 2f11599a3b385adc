"""One transaction of trackers' store: its rows by subject, its events and acts, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from services.contracts.acts import Act
from services.contracts.once import RecordedAnswer
from services.integrations.trackers.domain.reached import Reached
from services.integrations.trackers.domain.telling import Telling
from services.integrations.trackers.ports.trackers import Attachments, Trackers
from services.integrations.trackers.ports.visits import Calls, Sales, Shows, Visits


class TrackersTransaction(Protocol):
    """Reads and writes that commit together, events included; without commit() nothing happened."""

    @property
    def now_ms(self) -> int:
        """When it began, unix milliseconds."""
        ...

    @property
    def house_id(self) -> str:
        """Whose rows these are."""
        ...

    @property
    def trackers(self) -> Trackers: ...

    @property
    def attachments(self) -> Attachments: ...

    @property
    def visits(self) -> Visits: ...

    @property
    def shows(self) -> Shows: ...

    @property
    def sales(self) -> Sales: ...

    @property
    def calls(self) -> Calls: ...

    async def claim_key(self, owner_id: str, key: str, request_hash: bytes, /) -> RecordedAnswer | None:
        """None: the key is this transaction's. Waits for another transaction that has it."""
        ...

    async def record_answer(self, owner_id: str, key: str, answer: bytes, /) -> None:
        """Keeps the first answer of a claimed key."""
        ...

    async def tell(self, tellings: Sequence[Telling]) -> None:
        """Queues what the server tells companies."""
        ...

    async def silence(self, tracker_id: str) -> None:
        """Nothing that waits for the tracker is told any more."""
        ...

    async def mended(self, tracker_id: str) -> None:
        """The tracker has new credentials: what waited for them goes on."""
        ...

    def publish_step(self, reached: Reached) -> None:
        """FunnelStepReached goes out with the commit."""
        ...

    def record_act(self, act: Act) -> None:
        """Into the house's act log, on behalf of whom the current call is for."""
        ...

    async def commit(self) -> None:
        """The last call: what was done is to stay."""
        ...


class TrackersStore(Protocol):
    """Trackers' record. Every call may raise StoreUnavailable."""

    def transaction(self, house_id: str) -> AbstractAsyncContextManager[TrackersTransaction]:
        """Over what belongs to the house. Undone unless commit()."""
        ...

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        """Forgets at most `limit` idempotency keys that are older; returns how many."""
        ...

    async def purge_visits(self, recorded_before_ms: int, limit: int) -> int:
        """Forgets of visits, orders and calls at most `limit` each that are older; returns how many."""
        ...
