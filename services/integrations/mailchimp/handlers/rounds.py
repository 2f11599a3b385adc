"""The rounds: what has changed goes out several times an hour (R3.17), and each night audiences are compared."""

from __future__ import annotations

from typing import Final

from services.integrations.mailchimp.handlers.dispatching import comparison_due, members_due
from services.integrations.mailchimp.ports.store import MailchimpStore
from services.runtime.clock import Clock

_DAY_MS: Final = 86_400_000
# What changed while the last comparison ran is looked at again.
_OVERLAP_MS: Final = 3_600_000


class Rounds:
    """Two processes may run them: what waits already is not put twice."""

    def __init__(self, store: MailchimpStore, clock: Clock, *, compare_hours: int, whole_days: int) -> None:
        self._store = store
        self._clock = clock
        self._compare_ms = compare_hours * 3_600_000
        self._whole_ms = whole_days * _DAY_MS

    async def send(self) -> int:
        """Puts what is due; how many audiences it is."""
        due = await self._store.houses_due()
        for house_id, list_id in due:
            await self.send_of(house_id, list_id)
        return len(due)

    async def send_of(self, house_id: str, list_id: str) -> None:
        """Of one audience."""
        async with self._store.transaction(house_id) as transaction:
            shards = await transaction.due_shards(list_id)
            await transaction.put(members_due(house_id, list_id, shards, transaction.now_ms))
            await transaction.commit()

    async def compare(self) -> int:
        """Begins the comparisons that are due; how many."""
        due = await self._store.audiences_to_compare(self._clock.now_ms() - self._compare_ms)
        for house_id, list_id in due:
            async with self._store.transaction(house_id) as transaction:
                audience = await transaction.audience(list_id)
                now_ms = transaction.now_ms
                if audience is None or now_ms - audience.compared_at_ms < self._compare_ms:
                    # Another process was first.
                    continue
                is_whole = now_ms - audience.compared_whole_at_ms >= self._whole_ms
                since_ms = 0 if is_whole else max(1, audience.compared_at_ms - _OVERLAP_MS)
                await transaction.keep_audience(audience.compared(now_ms, is_whole=is_whole))
                await transaction.members.look_again(list_id)
                await transaction.put([comparison_due(house_id, list_id, since_ms=since_ms, began_ms=now_ms, offset=0)])
                await transaction.commit()
        return len(due)

    async def run_sending(self, interval_seconds: float) -> None:
        """Until cancelled."""
        while True:
            await self.send()
            await self._clock.sleep(interval_seconds)

    async def run_comparing(self, interval_seconds: float) -> None:
        """Until cancelled."""
        while True:
            await self.compare()
            await self._clock.sleep(interval_seconds)
