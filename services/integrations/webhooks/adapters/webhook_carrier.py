"""Delivers webhooks over HTTP: signs each try anew, and reads the answer as Standard Webhooks wants it read."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from services.integrations.webhooks.adapters.guarded_network import AddressRefused
from services.integrations.webhooks.adapters.told_rows import notice_in
from services.integrations.webhooks.domain.delivery import headers_of
from services.integrations.webhooks.domain.target_url import TargetRules, TargetUrl, read_target
from services.integrations.webhooks.ports.signing import EndpointWatch, Signing
from services.runtime.clock import Clock
from services.runtime.outbound.answers import SILENCE
from services.runtime.outbound.http import Answer, HttpLimits, OutboundHttp, Question
from services.runtime.outbound.port import Carried, CarrierLimits, Dispatch, Done, Later, Outcome, Settled, Target
from services.runtime.sql.faults import is_transient
from services.runtime.telemetry.logging import get_logger

_log = get_logger("webhooks")

# An endpoint has so long for a whole answer, and what it answers beyond is not read: only its status counts.
HTTP_LIMITS: Final = HttpLimits(
    connect_seconds=5.0, read_seconds=10.0, total_seconds=15.0, answer_bytes=16_384, connections=1_000
)
# Refusals that are of the whole endpoint: nobody is there, or lets us in; others are of this event.
_OF_ALL: Final = frozenset({401, 403, 404})
_NOT_ALLOWED: Final = "the name leads to an address that is not public"


class WebhookCarrier:
    """See Carrier. One event a call: each has a fate of its own."""

    def __init__(
        self, http: OutboundHttp, watch: EndpointWatch, rules: TargetRules, clock: Clock, *, at_once: int = 24
    ) -> None:
        self._http = http
        self._watch = watch
        self._rules = rules
        self._clock = clock
        self._limits = CarrierLimits(batch=1, at_once=at_once)

    @property
    def limits(self) -> CarrierLimits:
        """See Carrier."""
        return self._limits

    async def carry(self, target: Target, dispatches: Sequence[Dispatch]) -> Carried:
        """See Carrier."""
        [dispatch] = dispatches
        signing = await self._watch.signing(target.house_id, target.target_id)
        if signing is None or not signing.endpoint.is_told:
            why = "is not there" if signing is None else f"is {signing.endpoint.state.value}"
            return Carried([Done(Settled.DROPPED, f"the endpoint {why}")])
        # What was allowed when it was named may not be any more.
        url = read_target("url", signing.endpoint.wishes.url, self._rules)
        if not isinstance(url, TargetUrl):
            await self._watch.failed(signing.endpoint)
            return Carried([Later(f"its address {url.problem}")])
        return await self._delivered(target, dispatch, signing, url)

    async def _delivered(self, target: Target, dispatch: Dispatch, signing: Signing, url: TargetUrl) -> Carried:
        notice = notice_in(dispatch)
        question = Question(
            method="POST",
            path=url.rest,
            kind=dispatch.kind,
            body=notice.payload,
            headers=headers_of(notice, signing.secrets, self._clock.now_ms()),
            # Many put a secret into the path.
            asked_as="webhook",
            secrets=[*signing.secrets, *([url.rest] if len(url.rest) > 1 else [])],
        )
        answer = await self._http.at(url.origin).ask(target, question)
        outcome = outcome_of(answer)
        try:
            await self._note(answer, outcome, signing)
        except Exception as error:
            # The next answer notes it. What was taken is taken: without its outcome it would be sent again.
            if not is_transient(error):
                raise
            _log.warning("endpoint_not_noted", endpoint_id=target.target_id, error=type(error).__name__)
        return Carried([outcome], [answer.exchange_as(outcome)])

    async def _note(self, answer: Answer, outcome: Outcome, signing: Signing) -> None:
        """How the endpoint fares."""
        if answer.status == HTTPStatus.GONE:
            await self._watch.gone(signing.endpoint)
        elif isinstance(outcome, Done):
            await self._watch.took(signing.endpoint)
        elif not answer.is_ours:
            await self._watch.failed(signing.endpoint)


def outcome_of(answer: Answer) -> Outcome:
    """2xx took it, 410 is gone, and everything else is tried again: redirects, which nobody follows, too."""
    if answer.status == SILENCE and AddressRefused.__name__ in answer.fault:
        return Later(_NOT_ALLOWED)
    if answer.status == HTTPStatus.GONE:
        return Done(Settled.REFUSED, "answered 410: it is gone")
    outcome = answer.outcome(locks=frozenset())
    if outcome == Done(Settled.REFUSED, answer.note):
        return Later(answer.note, after_ms=answer.retry_after_ms, is_targets_fault=answer.status in _OF_ALL)
    return outcome
