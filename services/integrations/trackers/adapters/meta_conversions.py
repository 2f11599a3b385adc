"""Meta's Conversions API: a thousand events a request, all or none of it, once for an event_name and event_id in 48 h.

Sources: integrations.md section 3; Graph API error codes. The token travels in the body: addresses end in logs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from services.integrations.trackers.adapters.company import CompanyRules, kept
from services.integrations.trackers.adapters.event_batch import Bad, Taken, Verdict, told_in_batches
from services.integrations.trackers.domain.conversion import Conversion, MetaAccount
from services.integrations.trackers.domain.hashing import meta_person
from services.integrations.trackers.domain.steps import META_EVENTS
from services.integrations.trackers.domain.telling import OLDEST_MS
from services.integrations.trackers.domain.tracker import TrackerKind
from services.runtime.outbound.http import Answer, OutboundHttp, Question
from services.runtime.outbound.masking import masked
from services.runtime.outbound.port import Carried, Done, Exchange, Later, Locked, Settled, Target

MOST_EVENTS: Final = 1_000

_INVALID_PARAMETER: Final = 100
_NO_SUCH_OBJECT: Final = 33
# Token void, session changed, permission missing.
_NOT_LET_IN: Final = frozenset({10, 102, 190, *range(200, 300)})
_PLACE: Final = re.compile(r"data\[(\d{1,4})\]")


def _can_match(conversion: Conversion) -> bool:
    """An address, a cookie, or a hash of the person."""
    traces, who = conversion.traces, conversion.person
    return any((traces.ip_address, traces.fbp, traces.fbc, who.email, who.phone, who.customer_id))


_RULES: Final = CompanyRules(
    "Meta", OLDEST_MS[TrackerKind.META_PIXEL], _can_match, "Meta takes nothing back: a refund is not told to it"
)


class MetaConversions:
    """See Company."""

    def __init__(self, http: OutboundHttp, *, version: str) -> None:
        self._http = http
        self._version = version

    @property
    def rules(self) -> CompanyRules:
        """See Company."""
        return _RULES

    async def tell(self, target: Target, account: MetaAccount, conversions: Sequence[Conversion], kind: str) -> Carried:
        """See Company."""
        exchanges: list[Exchange] = []

        async def ask(events: Sequence[bytes]) -> Verdict:
            answer = await self._http.ask(target, self._question(account, events, kind))
            verdict = _verdict(answer, account, len(events))
            exchanges.append(kept(answer, verdict))
            return verdict

        events = [msgspec.json.encode(meta_event(conversion)) for conversion in conversions]
        return Carried(await told_in_batches(events, MOST_EVENTS, ask), exchanges)

    async def validate(self, target: Target, account: MetaAccount, conversion: Conversion) -> Carried:
        """See Company. Only where the tracker has a test_event_code: without one Meta would count it."""
        if not account.test_event_code:
            return Carried([Done(Settled.REFUSED, "the tracker has no test_event_code, and without one Meta counts")])
        return await self.tell(target, account, [conversion], "validation")

    def _question(self, account: MetaAccount, events: Sequence[bytes], kind: str) -> Question:
        said = {"access_token": account.access_token}
        if account.test_event_code:
            said["test_event_code"] = account.test_event_code
        # Each event is encoded once, however often a batch is parted.
        body = b'{"data":[' + b",".join(events) + b"]," + msgspec.json.encode(said)[1:]
        return Question(
            "POST",
            f"/v{self._version}/{account.pixel_id}/events",
            kind,
            body=body,
            headers={"content-type": "application/json"},
            dispatches=len(events),
            secrets=(account.access_token,),
        )


def meta_event(conversion: Conversion) -> Mapping[str, object]:
    """As Meta reads it. Hashed is the person; the browser's traces go as they are."""
    traces = conversion.traces
    left = {
        "client_ip_address": traces.ip_address,
        "client_user_agent": traces.user_agent,
        "fbp": traces.fbp,
        "fbc": traces.fbc,
    }
    event: dict[str, object] = {
        "event_name": META_EVENTS[conversion.step],
        "event_time": conversion.at_ms // 1_000,
        "event_id": conversion.event_id,
        "action_source": "website",
        "event_source_url": traces.page_url,
        "user_data": {**meta_person(conversion.person), **{name: value for name, value in left.items() if value}},
    }
    if sold := _custom_data(conversion):
        event["custom_data"] = sold
    return event


def _custom_data(conversion: Conversion) -> Mapping[str, object]:
    sold: dict[str, object] = {}
    if conversion.worth is not None:
        sold |= {"value": conversion.worth.in_units, "currency": conversion.worth.currency}
    if conversion.content_id:
        sold |= {"content_type": "product", "content_ids": [conversion.content_id]}
    if conversion.content_id and conversion.tickets:
        sold["contents"] = [{"id": conversion.content_id, "quantity": conversion.tickets}]
        sold["num_items"] = conversion.tickets
    if conversion.order_id:
        sold["order_id"] = conversion.order_id
    return sold


def _verdict(answer: Answer, account: MetaAccount, events: int) -> Verdict:
    """By Meta's own codes; what it did not say is nobody's refusal."""
    said = answer.document
    error = said.get("error") if said is not None else None
    if isinstance(error, dict):
        return _refusal(answer, account, error)
    usual = answer.outcome(locks=frozenset())
    if not isinstance(usual, Done):
        return usual
    if usual.how is not Settled.DELIVERED or said is None:
        return Later(f"no answer of the Conversions API: {answer.note}", is_uncertain=True)
    received = said.get("events_received")
    if received != events:
        # The same again, under the same ids: those it has it will not count twice.
        return Later(f"Meta received {received!r} of {events} events", is_uncertain=True)
    return Taken()


def _refusal(answer: Answer, account: MetaAccount, error: Mapping[str, object]) -> Verdict:
    code, subcode = error.get("code"), error.get("error_subcode")
    message = masked(str(error.get("message", "")), (account.access_token,))
    why = f"Meta: {code}/{subcode} {message}"
    if code in _NOT_LET_IN:
        return Locked(why)
    if code == _INVALID_PARAMETER and subcode == _NO_SUCH_OBJECT:
        return Locked(why)
    if code == _INVALID_PARAMETER and answer.status < 500 and error.get("is_transient") is not True:
        place = _PLACE.search(str(error.get("message", "")))
        return Bad(why, {int(place[1]): why} if place else {})
    later = answer.outcome(locks=frozenset())
    return replace(later, note=why) if isinstance(later, Later) else Later(why, after_ms=answer.retry_after_ms)
