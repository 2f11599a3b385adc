"""Whether a company would take what the server tells it for a tracker. Nothing is counted by asking."""

from __future__ import annotations

from dataclasses import dataclass

from services.integrations.trackers.domain.accounts import account_of
from services.integrations.trackers.domain.conversion import Account, Conversion
from services.integrations.trackers.domain.hashing import Person
from services.integrations.trackers.domain.reached import Worth
from services.integrations.trackers.domain.refusals import TrackerArchived, TrackerNotFound
from services.integrations.trackers.domain.steps import Step
from services.integrations.trackers.domain.visit import Traces
from services.integrations.trackers.ports.transaction import TrackersStore
from services.integrations.trackers.ports.validator import Validator
from services.runtime.ids import Ids
from services.runtime.outbound.port import Target, is_delivered


@dataclass(frozen=True, slots=True)
class Validation:
    """What came of it. `note`: for staff; nothing secret."""

    is_accepted: bool
    note: str


class CheckHandler:
    """No transaction is open while the company is asked."""

    def __init__(self, store: TrackersStore, validator: Validator, ids: Ids) -> None:
        self._store = store
        self._validator = validator
        self._ids = ids

    async def check(self, house_id: str, tracker_id: str) -> Validation | TrackerNotFound | TrackerArchived:
        """Refusals: TrackerNotFound, TrackerArchived."""
        async with self._store.transaction(house_id) as transaction:
            now_ms = transaction.now_ms
            tracker = await transaction.trackers.find(tracker_id)
            if tracker is None:
                return TrackerNotFound(tracker_id)
            if tracker.archived:
                return TrackerArchived(tracker_id)
            account = account_of(tracker, await transaction.trackers.credentials(tracker_id))
        if account is None:
            return Validation(is_accepted=False, note="the server tells nothing for it: it has no credentials for that")
        return await self._asked(Target(house_id, tracker_id), account, now_ms)

    async def _asked(self, target: Target, account: Account, now_ms: int) -> Validation:
        made_up = Conversion(
            step=Step.DONE,
            event_id=self._ids.new_id("check"),
            at_ms=now_ms,
            traces=Traces(user_agent="Balcon", page_url="https://shop.theatre.example/"),
            person=Person(email="nobody@theatre.example"),
            worth=Worth(100, "EUR"),
            content_id="check",
            tickets=1,
            order_id="check",
        )
        outcome = await self._validator.validate(target, account, made_up)
        is_accepted = is_delivered(outcome)
        return Validation(is_accepted=is_accepted, note=outcome.note)
