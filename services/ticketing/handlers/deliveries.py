"""Sends the lines of the ledger: each letter once, whichever process works on it and wherever one dies.

A line says that a letter is about to leave before it leaves. Whoever finds it so sends one more copy with the same
Message-ID, marked, and no third.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.runtime.clock import Clock
from services.runtime.errors import Retryable
from services.runtime.mail.faults import AddressRefused, LetterRefused, LetterUncertain, PostUnavailable
from services.runtime.mail.post import Post
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import LETTERS_OLDEST_SECONDS, ORDER_LETTERS
from services.runtime.work.due_work import Leased
from services.runtime.work.gathering import Gathering
from services.ticketing.domain import delivery as ledger
from services.ticketing.domain.delivery import Delivery, DeliveryState
from services.ticketing.handlers.order_letters import NotWritten, OrderLetters, WrittenLetter
from services.ticketing.ports.deliveries import WrittenLine
from services.ticketing.ports.due_deliveries import DueDeliveries, DueLine
from services.ticketing.ports.store import TicketingStore

# Longer than a letter takes with every neighbour slow: whoever has a line has it alone.
LEASE_MS: Final = 180_000
GIVEN_UP: Final = "not sent within three days"
SILENT: Final = "the mail server was silent when it should have said whether it took it"
AWAY: Final = "the mail server did not take it"
NOT_MADE: Final = "it could not be written yet"
_MOST_WRITTEN: Final = 64
# While the mail server takes nothing, one letter in so long finds out whether it does again.
_FIRST_REST_SECONDS: Final = 2.0
_LONGEST_REST_SECONDS: Final = 60.0
_WATCH_SECONDS: Final = 15.0

_log = get_logger("deliveries")


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast letters leave: so many a second at most, so that a sale is not kept from its work by them."""

    letters_a_second: float


class DeliveryHandler:
    """One a process; its lines are leased."""

    def __init__(
        self,
        store: TicketingStore,
        due: DueDeliveries,
        letters: OrderLetters,
        post: Post,
        clock: Clock,
        pace: Pace,
    ) -> None:
        self._store = store
        self._due = due
        self._letters = letters
        self._post = post
        self._clock = clock
        self._pace = pace
        # Many lines of a house are written by one transaction.
        self._ledger: Gathering[str, WrittenLine, bool] = Gathering("deliveries", self._write_all, most=_MOST_WRITTEN)
        self._may_leave_at = 0.0
        self._rests_until = 0.0
        self._rest_seconds = 0.0

    async def lease(self, limit: int) -> Leased[DueLine]:
        """As many as may leave now."""
        now = self._clock.monotonic()
        if now < self._rests_until:
            return Leased((), may_be_more=False)
        # The server's silence is found out by one letter, not by all that wait.
        wanted = 1 if self._rest_seconds else limit
        if self._may_leave_at > now:
            await self._clock.sleep(self._may_leave_at - now)
        lines = await self._due.lease(wanted, LEASE_MS)
        self._may_leave_at = self._clock.monotonic() + len(lines) / self._pace.letters_a_second
        return Leased(lines, may_be_more=len(lines) == wanted and not self._rest_seconds)

    async def send(self, due: DueLine) -> None:
        """One letter, or why not."""
        line, house_id = ledger.found(due.line), due.house_id
        if not ledger.may_leave(line):
            await self._end(house_id, due.line, line, DeliveryState.UNKNOWN, SILENT)
            return
        if ledger.is_given_up(line, self._clock.now_ms()):
            state = DeliveryState.UNKNOWN if line.unknown else DeliveryState.FAILED
            await self._end(house_id, due.line, line, state, line.reason or GIVEN_UP)
            return
        try:
            letter = await self._letters.written(house_id, line)
        except Retryable as fault:
            _log.warning("letter_waits", delivery_id=line.delivery_id, fault=type(fault).__name__)
            now_ms = self._clock.now_ms()
            later = ledger.again(line, NOT_MADE, now_ms)
            await self._write(house_id, due.line, later)
            return
        if isinstance(letter, NotWritten):
            await self._end(house_id, due.line, line, DeliveryState.STOPPED, letter.reason)
            return
        leaving = ledger.begun(line)
        if await self._write(house_id, due.line, leaving):
            await self._leave(house_id, leaving, letter)

    async def _leave(self, house_id: str, line: Delivery, letter: WrittenLetter) -> None:
        """It may leave from here on: what becomes of it is written down whatever it is."""
        now_ms = self._clock.now_ms
        try:
            await self._post.send(line.delivery_id, letter.to, letter.text, letter.language, letter.attached)
        except LetterUncertain:
            later = ledger.again(line, SILENT, now_ms(), is_unknown=True)
            if ledger.may_leave(later):
                await self._write(house_id, line, later)
            else:
                await self._end(house_id, line, later, DeliveryState.UNKNOWN, SILENT)
        except PostUnavailable as fault:
            if "code" not in fault.facts:
                self._rest()
            await self._write(house_id, line, ledger.again(line, AWAY, now_ms()))
        except AddressRefused as fault:
            reason = f"the mail server refuses the address ({fault.facts.get('code')})"
            await self._end(house_id, line, line, DeliveryState.REFUSED, reason)
        except LetterRefused as fault:
            reason = f"the mail server refuses the letter ({fault.facts.get('code')})"
            await self._end(house_id, line, line, DeliveryState.FAILED, reason)
        else:
            self._rest_seconds = 0.0
            await self._end(house_id, line, line, DeliveryState.SENT)

    def _rest(self) -> None:
        """The server is not there: longer each time, a minute at most."""
        self._rest_seconds = min(self._rest_seconds * 2 or _FIRST_REST_SECONDS, _LONGEST_REST_SECONDS)
        self._rests_until = self._clock.monotonic() + self._rest_seconds

    async def _end(self, house_id: str, seen: Delivery, line: Delivery, state: DeliveryState, reason: str = "") -> None:
        if await self._write(house_id, seen, ledger.ended(line, state, self._clock.now_ms(), reason)):
            ORDER_LETTERS.labels(state.value.lower()).inc()

    async def _write(self, house_id: str, seen: Delivery, line: Delivery) -> bool:
        return await self._ledger.ask(house_id, WrittenLine(line, seen))

    async def watch(self) -> None:
        """Keeps the gauge of how long letters have waited, until cancelled."""
        while True:
            oldest_ms = await self._due.oldest_ms()
            LETTERS_OLDEST_SECONDS.set(0 if oldest_ms is None else (self._clock.now_ms() - oldest_ms) / 1000)
            await self._clock.sleep(_WATCH_SECONDS)

    async def _write_all(self, house_id: str, lines: Sequence[WrittenLine]) -> Sequence[bool]:
        async with self._store.transaction(house_id) as transaction:
            written = await transaction.deliveries.write(lines)
            await transaction.commit()
        return [one.line.delivery_id in written for one in lines]
