"""Delivers the sandbox's webhooks, signed, until they are taken; and lets happen what happens by itself."""

from __future__ import annotations

import asyncio
import hashlib
import hmac

import httpx

from services.payments.sandbox.acquirer import Acquirer
from services.payments.sandbox.chaos import Chaos, WebhookTrouble
from services.payments.sandbox.ledger import Delivery, Ledger
from services.runtime.clock import Clock
from services.runtime.ids import seeded_random
from services.runtime.kept_lines import KeptLines, Limits, place_of
from services.runtime.plain_http import question
from services.runtime.telemetry.logging import get_logger
from services.runtime.waiting import wait_until_set

_log = get_logger("sandbox")

SIGNATURE_HEADER = "Balcon-Signature"
GIVE_UP_AFTER_MS = 3 * 24 * 3_600 * 1_000
MOST_AT_ONCE = 32
_FIRST_RETRY_SECONDS = 0.5
_LAST_RETRY_SECONDS = 3_600.0
_MAX_DOUBLINGS = 13
_LONGEST_WAIT_SECONDS = 5.0
_TIMEOUT_SECONDS = 10.0
_LIMITS = Limits(_TIMEOUT_SECONDS, _TIMEOUT_SECONDS, _TIMEOUT_SECONDS)
_TAKEN = range(200, 300)
# Longer than any try takes: a courier that was killed on the way is followed by another.
_TAKEN_FOR_MS = 20_000


def signature_header(secret: str, timestamp: int, body: bytes) -> str:
    """`t=<unix seconds>,v1=<hex HMAC-SHA256 over "t.body">`, Stripe's scheme."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


class Couriers:
    """One loop that delivers and keeps the agenda. At least once, in no promised order."""

    def __init__(
        self,
        ledger: Ledger,
        acquirer: Acquirer,
        *,
        clock: Clock,
        webhook_url: str,
        secret: str,
        seed: int,
        chaos: Chaos,
    ) -> None:
        self._ledger = ledger
        self._acquirer = acquirer
        self._clock = clock
        self._webhook_url = httpx.URL(webhook_url)
        self._secret = secret
        self._random = seeded_random(seed)
        self._chaos = chaos
        self._woken = asyncio.Event()
        self._under_way: dict[int, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """Something new is to be delivered or due."""
        self._woken.set()

    async def run(self) -> None:
        """Works until cancelled."""
        lines = KeptLines(most=MOST_AT_ONCE)
        try:
            while True:
                self._woken.clear()
                with self._ledger.transaction():
                    self._acquirer.run_due()
                self._send_due(lines)
                await wait_until_set(self._woken, self._clock, self._seconds_to_next())
        finally:
            tasks = list(self._under_way.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await lines.close()

    def _send_due(self, lines: KeptLines) -> None:
        now_ms = self._clock.now_ms()
        room = MOST_AT_ONCE - len(self._under_way)
        with self._ledger.transaction():
            taken = self._ledger.take_deliveries(now_ms, now_ms + _TAKEN_FOR_MS, room)
        for delivery in taken:
            if delivery.id not in self._under_way:
                self._under_way[delivery.id] = asyncio.create_task(self._deliver(lines, delivery))

    def _seconds_to_next(self) -> float:
        has_room = len(self._under_way) < MOST_AT_ONCE  # when one ends, it wakes the loop
        times = [self._ledger.next_act_ms(), self._ledger.next_delivery_ms() if has_room else None]
        next_ms = min((at_ms for at_ms in times if at_ms is not None), default=None)
        if next_ms is None:
            return _LONGEST_WAIT_SECONDS
        return min(_LONGEST_WAIT_SECONDS, max(0.001, (next_ms - self._clock.now_ms()) / 1000))

    async def _deliver(self, lines: KeptLines, delivery: Delivery) -> None:
        try:
            next_ms = await self._tried(lines, delivery)
            with self._ledger.transaction():
                self._ledger.delivered(delivery, next_ms)
        finally:
            del self._under_way[delivery.id]
            self._woken.set()

    async def _tried(self, lines: KeptLines, delivery: Delivery) -> int | None:
        """When it is to be tried again; None: never."""
        match self._chaos.of_webhook():
            case WebhookTrouble.LOST:
                return None
            case WebhookTrouble.LATE:
                return self._clock.now_ms() + self._chaos.late_ms()
            case WebhookTrouble.NOT_HEARD:
                await self._post(lines, delivery.body)
                return self._next_try_ms(delivery)
            case WebhookTrouble.DOUBLED:
                await self._post(lines, delivery.body)
            case None:
                pass
        return None if await self._post(lines, delivery.body) else self._next_try_ms(delivery)

    async def _post(self, lines: KeptLines, body: bytes) -> bool:
        stamp = signature_header(self._secret, self._clock.now_ms() // 1000, body)
        headers = [
            (b"host", self._webhook_url.netloc),
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (SIGNATURE_HEADER.encode(), stamp.encode()),
        ]
        sent = question(b"POST", self._webhook_url.raw_path, headers, body)
        try:
            answer = await lines.ask(place_of(self._webhook_url), b"POST", sent, _LIMITS)
        except httpx.HTTPError as error:
            _log.info("webhook_not_taken", why=type(error).__name__)
            return False
        if answer.status not in _TAKEN:
            _log.info("webhook_not_taken", why=f"status_{answer.status}")
        return answer.status in _TAKEN

    def _next_try_ms(self, delivery: Delivery) -> int | None:
        now_ms = self._clock.now_ms()
        if now_ms - delivery.first_at_ms > GIVE_UP_AFTER_MS:
            return None
        full = min(_LAST_RETRY_SECONDS, _FIRST_RETRY_SECONDS * 2 ** min(delivery.attempts, _MAX_DOUBLINGS))
        return now_ms + int(full * self._random.uniform(0.5, 1.0) * 1000)
