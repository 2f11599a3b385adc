"""What metrics tell of outbound dispatches: by integration, never by house, target or id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from services.runtime.outbound.answers import word_of
from services.runtime.outbound.port import Exchange, Outcome
from services.runtime.telemetry.metrics import OUTBOUND_CARRIED, OUTBOUND_EXCHANGE_SECONDS, OUTBOUND_FAILURES


def count_carried(
    integration: str, outcomes: Sequence[Outcome], exchanges: Sequence[Exchange], *, is_fault: bool
) -> None:
    """Of one call of a carrier."""
    for word, count in Counter(map(word_of, outcomes)).items():
        OUTBOUND_CARRIED.labels(integration, word).inc(count)
    for exchange in exchanges:
        OUTBOUND_EXCHANGE_SECONDS.labels(integration, exchange.outcome).observe(exchange.took_ms / 1000)
        if exchange.outcome != "delivered":
            OUTBOUND_FAILURES.labels(integration, failure_class(exchange)).inc()
    if is_fault:
        OUTBOUND_FAILURES.labels(integration, "fault").inc()


def failure_class(exchange: Exchange) -> str:
    """Few words, so that few series: how the exchange failed, not with what."""
    if exchange.status == 0:
        return "silence"
    if exchange.outcome == "locked":
        return "locked"
    if exchange.status == 429:
        return "too_many"
    return "answer" if exchange.status < 300 else f"{exchange.status // 100}xx"
