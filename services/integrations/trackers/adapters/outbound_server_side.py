"""The ServerSide over the outbound queue: one dispatch a call, by the call's own event id, sealed as every body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from services.integrations.trackers.domain.reached import Worth
from services.integrations.trackers.domain.steps import Step
from services.integrations.trackers.domain.telling import OLDEST_MS, Telling
from services.integrations.trackers.domain.tracker import TrackerKind
from services.runtime.outbound.port import Dispatch, OutboundQueue, Target

PURCHASE: Final = "purchase"
REFUND: Final = "refund"


class ToldBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """What waits. Ids only: who the visitor is, and what may be told, is looked up when it goes."""

    step: str
    event_id: str
    performance_id: str
    visit_id: str
    at_ms: int
    content_id: str = ""
    order_id: str = ""
    amount_minor: int | None = None
    currency: str = ""
    tickets: int = 0
    refunded_at_ms: int = 0

    @property
    def worth(self) -> Worth | None:
        """None: there was nothing to pay yet."""
        return None if self.amount_minor is None else Worth(self.amount_minor, self.currency)


class OutboundServerSide:
    """See ServerSide."""

    def __init__(self, queue: OutboundQueue) -> None:
        self._queue = queue

    async def tell(self, connection: AsyncConnection, tellings: Sequence[Telling]) -> None:
        """See ServerSide. Told again, a call waits once: its key is its event id."""
        await self._queue.put(connection, [_dispatch(telling) for telling in tellings])

    async def silence(self, connection: AsyncConnection, house_id: str, tracker_id: str) -> None:
        """See ServerSide."""
        await self._queue.drop(connection, Target(house_id, tracker_id), "the tracker was archived")

    async def mended(self, connection: AsyncConnection, house_id: str, tracker_id: str) -> None:
        """See ServerSide."""
        await self._queue.mend(connection, Target(house_id, tracker_id))


def refund_dispatch(target: Target, body: ToldBody) -> Dispatch:
    """What is left of an order's worth: once for each amount, behind the purchase."""
    return Dispatch(
        target,
        key=f"{body.order_id}.{REFUND}.{body.amount_minor}",
        kind=REFUND,
        body=msgspec.json.encode(body),
        made_at_ms=body.refunded_at_ms,
        lane=body.order_id,
        about=f"order {body.order_id}",
        expires_at_ms=body.refunded_at_ms + OLDEST_MS[TrackerKind.GOOGLE_ADS],
    )


def _dispatch(telling: Telling) -> Dispatch:
    call, reached = telling.call, telling.call.reached
    worth = reached.worth
    body = ToldBody(
        step=reached.step.value,
        event_id=call.event_id,
        performance_id=reached.performance_id,
        visit_id=reached.visit_id,
        at_ms=reached.at_ms,
        content_id=telling.content_id,
        order_id=reached.order_id,
        amount_minor=None if worth is None else worth.amount_minor,
        currency="" if worth is None else worth.currency,
        tickets=reached.tickets,
    )
    is_purchase = reached.step is Step.DONE
    return Dispatch(
        Target(reached.house_id, call.tracker.tracker_id),
        key=call.event_id,
        kind=PURCHASE if is_purchase else reached.step.value,
        body=msgspec.json.encode(body),
        made_at_ms=reached.at_ms,
        # A refund of the order waits for it; nothing else waits for anything.
        lane=reached.order_id if is_purchase else "",
        about=f"order {reached.order_id}" if is_purchase else f"performance {reached.performance_id}",
        expires_at_ms=reached.at_ms + OLDEST_MS[call.tracker.kind],
    )
