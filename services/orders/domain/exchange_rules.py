"""Whether a house lets its buyers exchange by themselves, and what that costs (docs/decisions/0055). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.orders.domain.buyer_policy import ExchangeRules, RequestRule, asked_until_ms
from services.orders.domain.exchange_refusals import ExchangedTooOften, ExchangeNotLet, ExchangeTooLate
from services.orders.domain.exchanges import ExchangeTerms
from services.runtime.errors import Refusal


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A performance whose tickets are to be given. `starts_at_ms` 0: nobody knows."""

    performance_id: str
    rules: ExchangeRules
    starts_at_ms: int

    @property
    def until_ms(self) -> int:
        """Until when they can be; 0: nobody knows."""
        return asked_until_ms(self.starts_at_ms, self.rules.until_hours_before)


def buyers_terms(order_id: str, times: int, given: Mapping[str, GivenUp], now_ms: int) -> ExchangeTerms | Refusal:
    """What a buyer's exchange costs, or why it is not let. `times`: how often it was exchanged before.

    Tickets of several performances are exchanged on the hardest of their terms.
    """
    for one in given.values():
        if one.rules.rule is not RequestRule.GRANTED:
            return ExchangeNotLet(one.performance_id, one.rules.rule.value)
        if one.starts_at_ms and now_ms >= one.until_ms:
            return ExchangeTooLate(one.performance_id, one.until_ms)
    most = min(one.rules.most for one in given.values())
    if times >= most:
        return ExchangedTooOften(order_id, times, most)
    return ExchangeTerms(fee_minor=max(one.rules.fee_minor for one in given.values()))
