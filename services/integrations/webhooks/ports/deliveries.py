"""What is told to the endpoints of one house, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from services.contracts.pages import AskedPage
from services.integrations.webhooks.domain.delivery import Notice


class DeliveryState(StrEnum):
    """How a delivery stands; values are the outbound base's, but for the first."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    REFUSED = "refused"
    EXPIRED = "expired"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class DeliveryTry:
    """One try. `status` 0: nothing was answered, and `answer` says why."""

    at_ms: int
    status: int
    took_ms: int
    answer: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one endpoint. Times of 0 are none."""

    delivery_id: str
    endpoint_id: str
    event_id: str
    event_type: str
    state: DeliveryState
    tries: int
    made_at_ms: int
    next_try_at_ms: int
    settled_at_ms: int
    note: str
    log: Sequence[DeliveryTry] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """What happened in a time; `until_ms` 0: until now."""

    from_ms: int
    until_ms: int
    only_failed: bool


class Deliveries(Protocol):
    """Of one house."""

    async def page(self, endpoint_id: str, state: DeliveryState | None, asked: AskedPage) -> Sequence[Delivery]:
        """The newest first, with their tries; one more than asked for where there are more."""
        ...

    async def find(self, endpoint_id: str, event_id: str) -> Delivery | None:
        """With its tries."""
        ...

    async def told(self, event_id: str) -> Notice | None:
        """What is sent for an event; None once it is too old to be kept."""
        ...

    async def settled(self, endpoint_id: str, window: Window, limit: int) -> Sequence[Notice]:
        """What was settled of the window and is still kept, the oldest first."""
        ...

    async def keep(self, notice: Notice) -> None:
        """What is told by hand; what is told of events comes in with them."""
        ...

    async def put(self, endpoint_id: str, notices: Sequence[Notice], *, lives_ms: int) -> None:
        """To be sent now, whatever became of it before, and tried for so long."""
        ...

    async def drop(self, endpoint_id: str, note: str) -> None:
        """Nothing that waits is sent."""
        ...

    async def mend(self, endpoint_id: str) -> None:
        """Sent from now on, not when the endpoint's rest is over."""
        ...
