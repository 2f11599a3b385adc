"""What every question to a provider has in common: it ends in time, and how long it took is told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable
from functools import cache
from typing import Final, TypeVar

import httpx

from services.payments.ports import Outcome, Uncertain
from services.runtime.clock import Clock
from services.runtime.telemetry.metrics import PROVIDER_SECONDS

T = TypeVar("T")

# Not now, rather than no: 408, 409 (the same key is in flight), 425 and 429.
NOT_NOW: Final = frozenset({408, 409, 425, 429})
MAX_CONNECTIONS: Final = 32
# Each request looks at every connection of httpx's pool.
MAX_IDLE_CONNECTIONS: Final = 8


async def asked(operation: str, question: Awaitable[Outcome[T]], *, clock: Clock, timeout_seconds: float) -> Outcome[T]:
    """The question's outcome; without a whole answer in time it is Uncertain, however the answer drips."""
    started = clock.monotonic()
    outcome: Outcome[T]
    try:
        async with asyncio.timeout(timeout_seconds):
            outcome = await question
    except (httpx.HTTPError, TimeoutError) as error:
        outcome = Uncertain(type(error).__name__)
    PROVIDER_SECONDS.labels(operation, type(outcome).__name__.lower()).observe(clock.monotonic() - started)
    return outcome


def pooled_client(timeout_seconds: float) -> httpx.AsyncClient:
    """For one account: connections of its own, which follow no redirect and read no environment."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(timeout_seconds),
        limits=httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_IDLE_CONNECTIONS),
        follow_redirects=False,
        trust_env=False,
        verify=_tls(),
    )


@cache
def _tls() -> ssl.SSLContext:
    """One for all accounts: making it reads the whole bundle of certificates."""
    return httpx.create_ssl_context(trust_env=False)
