"""A provider on its worst day: a share of all calls and webhooks goes wrong, each in one way, drawn from a seed.

Nothing is invented and nothing undone: what the sandbox did stays done and can be asked about.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.runtime.clock import Clock
from services.runtime.ids import seeded_random

SLOWEST_SECONDS = 1.5
LATEST_SECONDS = 5.0
_API = "/v1/"
_BROKEN = Response(
    b'{"error": {"code": "internal", "message": "something broke"}}', status_code=500, media_type="application/json"
)


class CallTrouble(Enum):
    """What becomes of a call of the API."""

    ERROR_BEFORE = "error_before"  # 500, and nothing was done
    ERROR_AFTER = "error_after"  # 500, though it was done
    SILENCE_AFTER = "silence_after"  # done, and no answer for longer than anybody waits
    SLOW = "slow"


class WebhookTrouble(Enum):
    """What becomes of a webhook that is due."""

    LOST = "lost"  # the provider believes that it was taken
    DOUBLED = "doubled"
    LATE = "late"  # and behind those that happened after it
    NOT_HEARD = "not_heard"  # taken, but the answer is lost: it is sent again


class Chaos:
    """Draws the troubles. `share` of all calls, and of all webhooks, have one; 0 is a good day."""

    def __init__(self, share: float, *, seed: int, clock: Clock, stall_seconds: float) -> None:
        self._share = share
        self._random = seeded_random(seed)
        self._clock = clock
        self._stall_seconds = stall_seconds

    def of_call(self) -> CallTrouble | None:
        """The next call's."""
        return self._random.choice(list(CallTrouble)) if self._random.random() < self._share else None

    def of_webhook(self) -> WebhookTrouble | None:
        """The next webhook's."""
        return self._random.choice(list(WebhookTrouble)) if self._random.random() < self._share else None

    def late_ms(self) -> int:
        """How much later a late webhook is tried."""
        return int(self._random.uniform(0.2, LATEST_SECONDS) * 1000)

    def around(self, app: ASGIApp) -> ASGIApp:
        """The application with troubled calls. The pay page is left alone: buyers are troubled by their banks."""
        if not self._share:
            return app

        async def troubled(scope: Scope, receive: Receive, send: Send) -> None:
            trouble = self.of_call() if scope["type"] == "http" and scope["path"].startswith(_API) else None
            match trouble:
                case None:
                    await app(scope, receive, send)
                case CallTrouble.ERROR_BEFORE:
                    await _BROKEN(scope, receive, send)
                case CallTrouble.ERROR_AFTER:
                    await app(scope, receive, _unheard)
                    await _BROKEN(scope, receive, send)
                case CallTrouble.SILENCE_AFTER:
                    await app(scope, receive, self._slowly(send, self._stall_seconds))
                case CallTrouble.SLOW:
                    await app(scope, receive, self._slowly(send, self._random.uniform(0.1, SLOWEST_SECONDS)))

        return troubled

    def _slowly(self, send: Send, seconds: float) -> Callable[[Message], Awaitable[None]]:
        """The answer begins so much later; what was asked for is done at once."""

        async def slowly(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._clock.sleep(seconds)
            await send(message)

        return slowly


async def _unheard(_: Message) -> None:
    """The answer goes nowhere."""
