"""The batching delay of a busy moment: one append then serves many callers (decision 0009)."""

from __future__ import annotations

from services.inventory.actors.mailbox import Mailbox
from services.runtime.clock import Clock

# A turn of so many callers makes the next one linger, and one in so many tries whether that would pay: up to so many
# steps, until so many commands wait.
BUSY_WORKS = 4
TRY_EVERY_TURNS = 16
LINGER_STEPS = 4
LINGER_STEP_SECONDS = 0.001
ENOUGH_COMMANDS = 64
STILL_BUSY_SECONDS = 0.01


class Lingering:
    """Only while more keep coming, and only a few milliseconds. Who is alone is served at once, but for a try now and
    then: turns that are served at once are small, however many callers there are."""

    def __init__(self, mailbox: Mailbox, clock: Clock) -> None:
        self._mailbox = mailbox
        self._clock = clock
        # Of the last turn.
        self._callers_told = 0
        self._told_at = 0.0
        self._turns_since_try = 0

    def saw_turn(self, callers: int) -> None:
        """A turn has told so many."""
        self._callers_told, self._told_at = callers, self._clock.monotonic()

    async def wait(self) -> None:
        """Lets more come, where that pays."""
        if self._clock.monotonic() - self._told_at > STILL_BUSY_SECONDS:
            return
        self._turns_since_try += 1
        is_busy = self._callers_told >= BUSY_WORKS
        if not self._mailbox.waiting_for_a_turn or not (is_busy or self._turns_since_try >= TRY_EVERY_TURNS):
            return
        self._turns_since_try = 0
        for step in range(LINGER_STEPS):
            came = self._mailbox.waiting_for_a_turn
            if came >= ENOUGH_COMMANDS:
                return
            await self._clock.sleep(LINGER_STEP_SECONDS)
            # A first step may have been none: timers have a grain of a millisecond, and are early in a busy loop.
            if step and self._mailbox.waiting_for_a_turn == came:
                return
