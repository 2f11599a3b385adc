"""Waits until nothing of the sale is in flight any more: no unresolved order, empty outboxes, consumers caught up."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx

from services.console.audit.collect import collect
from services.console.audit.crosscheck import crosscheck
from services.console.stack.data_folder import StackRecord
from services.contracts.standing import UNRESOLVED
from services.runtime.clock import Clock

_POLL_SECONDS = 0.5
_SCRAPE_SECONDS = 3.0
_PENDING_METRIC = "balcon_outbox_pending"


async def wait_until_quiet(record: StackRecord, performance_id: str, clock: Clock, at_most_seconds: float) -> bool:
    """True once it is quiet, False when it is not by then."""
    deadline = clock.monotonic() + at_most_seconds
    while not await _is_quiet(record, performance_id, clock):
        if clock.monotonic() > deadline:
            return False
        await clock.sleep(_POLL_SECONDS)
    return True


async def _is_quiet(record: StackRecord, performance_id: str, clock: Clock) -> bool:
    if await pending_events(record.metrics) != 0:
        return False
    answers = await collect(record.targets, performance_id, clock)
    if answers.silent or any(order.state in UNRESOLVED for order in answers.facts.orders):
        return False
    return not any(comparison.breaches for comparison in crosscheck(answers.facts))


async def pending_events(metrics: Mapping[str, str]) -> int:
    """Events in the services' outboxes by their own metrics; 1 for a service that does not answer."""
    async with httpx.AsyncClient(timeout=_SCRAPE_SECONDS, trust_env=False) as client:
        return sum(await asyncio.gather(*(_pending(client, url) for url in metrics.values())))


async def _pending(client: httpx.AsyncClient, url: str) -> int:
    try:
        text = (await client.get(url)).text
    except httpx.HTTPError:
        return 1
    lines = [line for line in text.splitlines() if line.startswith(_PENDING_METRIC)]
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in lines)
