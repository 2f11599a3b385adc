"""How many messages the caller of one stream may have unanswered: half as many in overload, one more with each answer.

Only counts; who reads and answers is the stream's business.
"""

from __future__ import annotations

import asyncio

MESSAGES_IN_FLIGHT = 64


class StreamCredit:
    """`now` is between 1 and MESSAGES_IN_FLIGHT."""

    def __init__(self) -> None:
        self.now = MESSAGES_IN_FLIGHT
        self._read = 0
        self._unanswered = 0
        self._last_before_halving = 0
        self._has_room = asyncio.Event()

    async def room(self) -> None:
        """Returns when one more message may be read."""
        while self._unanswered >= self.now:
            self._has_room.clear()
            await self._has_room.wait()

    def message_read(self) -> int:
        """Its number on this stream, for message_answered()."""
        self._read += 1
        self._unanswered += 1
        return self._read

    def message_answered(self, number: int, *, overloaded: bool) -> None:
        """Moves the credit. One overload refuses all that was under way: it halves once, not for each of them."""
        self._unanswered -= 1
        if not overloaded:
            self.now = min(self.now + 1, MESSAGES_IN_FLIGHT)
        elif number > self._last_before_halving:
            self.now = max(self.now // 2, 1)
            self._last_before_halving = self._read
        self._has_room.set()
