"""Google's Data Manager API: events:ingest, which fails as a whole and works on what it took afterwards.

A transaction id counts once for a conversion action; told again with another value it is adjusted to that (decision
0040). Sources: integrations.md section 4, Google's reference of Event, Destination and ErrorReason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from services.integrations.trackers.adapters.company import CompanyRules, instant, kept
from services.integrations.trackers.adapters.event_batch import Bad, Taken, Verdict, told_in_batches
from services.integrations.trackers.adapters.google_tokens import AccessToken, GoogleTokens
from services.integrations.trackers.domain.conversion import Conversion, GoogleAccount
from services.integrations.trackers.domain.hashing import google_person
from services.integrations.trackers.domain.steps import Step
from services.integrations.trackers.domain.telling import OLDEST_MS
from services.integrations.trackers.domain.tracker import TrackerKind
from services.runtime.outbound.http import Answer, OutboundHttp, Question
from services.runtime.outbound.masking import masked
from services.runtime.outbound.port import (
    Carried,
    Done,
    Exchange,
    Later,
    Locked,
    Outcome,
    Settled,
    Target,
    is_delivered,
)

MOST_EVENTS: Final = 2_000
# How the note of what was taken begins; Google's number of the request follows.
REQUEST: Final = "request "
_START, _PURCHASE = "start", "purchase"
_UNAUTHORIZED: Final = 401
_BAD_REQUEST: Final = 400
_NOT_LET_IN: Final = frozenset({401, 403, 404})
_PLACE: Final = re.compile(r"events\[(\d{1,4})\]")
# Diagnostics are looked at this often until they are there.
_STATUS_AGAIN_MS: Final = 1_800_000


def _can_match(conversion: Conversion) -> bool:
    """A click, or a hash of the person."""
    traces = conversion.traces
    return any((traces.gclid, traces.gbraid, traces.wbraid)) or bool(google_person(conversion.person))


_RULES: Final = CompanyRules("Google", OLDEST_MS[TrackerKind.GOOGLE_ADS], _can_match)


class GoogleConversions:
    """See Company."""

    def __init__(self, http: OutboundHttp, tokens: GoogleTokens, *, version: str) -> None:
        self._http = http
        self._tokens = tokens
        self._version = version

    @property
    def rules(self) -> CompanyRules:
        """See Company."""
        return _RULES

    async def tell(
        self, target: Target, account: GoogleAccount, conversions: Sequence[Conversion], kind: str
    ) -> Carried:
        """See Company."""
        return await self._told(target, account, conversions, kind, is_earnest=True)

    async def validate(self, target: Target, account: GoogleAccount, conversion: Conversion) -> Carried:
        """See Company."""
        return await self._told(target, account, [conversion], "validation", is_earnest=False)

    async def look(self, target: Target, account: GoogleAccount, request_id: str) -> Carried:
        """What became of a request that was taken. REFUSED: Google could not use all, with how many and why."""
        exchanges: list[Exchange] = []
        question = Question(
            "GET", f"/v{self._version}/requestStatus:retrieve", "diagnostics", query={"requestId": request_id}
        )
        answer = await self._asked(target, account, question, exchanges)
        if isinstance(answer, Later | Locked):
            return Carried([answer], exchanges)
        outcome = _diagnosis(answer)
        exchanges.append(answer.exchange_as(outcome))
        return Carried([outcome], exchanges)

    async def _told(
        self, target: Target, account: GoogleAccount, conversions: Sequence[Conversion], kind: str, *, is_earnest: bool
    ) -> Carried:
        exchanges: list[Exchange] = []

        async def ask(events: Sequence[bytes]) -> Verdict:
            question = self._question(account, events, kind, is_earnest=is_earnest)
            answer = await self._asked(target, account, question, exchanges)
            if isinstance(answer, Later | Locked):
                return answer
            verdict = _verdict(answer, is_earnest=is_earnest)
            exchanges.append(kept(answer, verdict))
            return verdict

        events = [msgspec.json.encode(google_event(conversion)) for conversion in conversions]
        return Carried(await told_in_batches(events, MOST_EVENTS, ask), exchanges)

    async def _asked(
        self, target: Target, account: GoogleAccount, question: Question, exchanges: list[Exchange]
    ) -> Answer | Later | Locked:
        """With a token that is good; one that Google refuses is renewed once, since it may have been taken back."""
        for is_last in (False, True):
            asked = await self._tokens.of(target, account.credentials)
            if asked.exchange is not None:
                exchanges.append(asked.exchange)
            if not isinstance(asked.token, AccessToken):
                return asked.token
            bearer = {"authorization": f"Bearer {asked.token.value}"}
            headers = {**question.headers, **bearer}
            answer = await self._http.ask(
                target, replace(question, headers=headers, secrets=(asked.token.value, *question.secrets))
            )
            if answer.status != _UNAUTHORIZED or is_last:
                return answer
            self._tokens.forget(account.credentials)
            exchanges.append(kept(answer, Later("Google refused its own token: asked for another one")))
        raise AssertionError

    def _question(self, account: GoogleAccount, events: Sequence[bytes], kind: str, *, is_earnest: bool) -> Question:
        said = {"destinations": _destinations(account), "encoding": "HEX", "validateOnly": not is_earnest}
        # Each event is encoded once, however often a batch is parted.
        body = msgspec.json.encode(said)[:-1] + b',"events":[' + b",".join(events) + b"]}"
        return Question(
            "POST",
            f"/v{self._version}/events:ingest",
            kind,
            body=body,
            headers={"content-type": "application/json"},
            dispatches=len(events),
        )


def google_event(conversion: Conversion) -> Mapping[str, object]:
    """As Google reads it. The same transaction id with another value is an adjustment: so a refund is told."""
    traces = conversion.traces
    is_start = conversion.step is Step.START
    event: dict[str, object] = {
        "destinationReferences": [_START if is_start else _PURCHASE],
        # The browser's tag says the same: Google counts the two once.
        "transactionId": conversion.event_id,
        "eventTimestamp": instant(conversion.at_ms),
        "eventSource": "WEB",
        "consent": {
            "adUserData": "CONSENT_GRANTED",
            "adPersonalization": _granted(is_granted=conversion.is_personalization_allowed),
        },
    }
    clicks = {"gclid": traces.gclid, "gbraid": traces.gbraid, "wbraid": traces.wbraid}
    if found := {name: value for name, value in clicks.items() if value}:
        event["adIdentifiers"] = found
    if person := google_person(conversion.person):
        event["userData"] = {"userIdentifiers": person}
    if traces.user_agent:
        event["eventDeviceInfo"] = {"userAgent": traces.user_agent}
    if conversion.worth is not None:
        event |= {"currency": conversion.worth.currency, "conversionValue": conversion.worth.in_units}
    if conversion.refunded_at_ms:
        event["lastUpdatedTimestamp"] = instant(conversion.refunded_at_ms)
    return event


def _destinations(account: GoogleAccount) -> Sequence[Mapping[str, object]]:
    actions = {_START: account.start_action_id, _PURCHASE: account.purchase_action_id}
    login = {"loginAccount": _ads_account(account.login_customer_id)} if account.login_customer_id else {}
    return [
        {
            "reference": reference,
            "operatingAccount": _ads_account(account.customer_id),
            "productDestinationId": action,
            **login,
        }
        for reference, action in actions.items()
        if action
    ]


def _ads_account(customer_id: str) -> Mapping[str, str]:
    return {"accountType": "GOOGLE_ADS", "accountId": customer_id.replace("-", "")}


def _granted(*, is_granted: bool) -> str:
    return "CONSENT_GRANTED" if is_granted else "CONSENT_DENIED"


def _verdict(answer: Answer, *, is_earnest: bool) -> Verdict:
    usual = answer.outcome(locks=frozenset())
    if isinstance(usual, Later):
        return usual
    said = answer.document
    error = said.get("error") if said is not None else None
    if isinstance(error, dict):
        return _refusal(answer.status, error)
    if said is None or not is_delivered(usual):
        return Later(f"no answer of the Data Manager API: {answer.note}", is_uncertain=True)
    request_id = said.get("requestId")
    if is_earnest and not isinstance(request_id, str):
        return Later("Google names no request", is_uncertain=True)
    return Taken(f"{REQUEST}{request_id}" if is_earnest else "Google finds nothing wrong with it")


def _refusal(status: int, error: Mapping[str, object]) -> Verdict:
    why = f"Google: {error.get('status')} {masked(str(error.get('message', '')))}"
    violations = [
        violation for detail in _each(error.get("details")) for violation in _each(detail.get("fieldViolations"))
    ]
    named = [(str(one.get("field", "")), str(one.get("reason") or one.get("description"))) for one in violations]
    if status in _NOT_LET_IN:
        return Locked(why)
    if status != _BAD_REQUEST:
        return Later(why)
    which = {int(place[1]): f"{why} {reason}" for name, reason in named if (place := _PLACE.search(name))}
    about_account = [reason for name, reason in named if "destinations" in name]
    if about_account and not which:
        # No event is at fault: the account is not as the tracker says.
        return Locked(f"{why} {', '.join(sorted(set(about_account)))}")
    return Bad(why, which)


def _diagnosis(answer: Answer) -> Outcome:
    """By the status of each destination; while one is being worked on, later."""
    usual = answer.outcome()
    said = answer.document
    if not isinstance(usual, Done):
        return usual
    if said is None:
        return Later(f"no answer of the Data Manager API: {answer.note}")
    each = _each(said.get("requestStatusPerDestination"))
    states = {str(one.get("requestStatus")) for one in each}
    if "error" in said or not each or not states <= {"SUCCESS", "PROCESSING", "FAILED", "PARTIAL_SUCCESS"}:
        return Done(Settled.REFUSED, f"Google tells nothing of the request: {answer.note}")
    if "PROCESSING" in states:
        return Later("Google is still at it", after_ms=_STATUS_AGAIN_MS, is_targets_fault=False)
    infos = [info for one in each if isinstance(info := one.get("errorInfo"), dict)]
    counts = [
        f"{count.get('recordCount')} {count.get('reason')}"
        for info in infos
        for count in _each(info.get("errorCounts"))
    ]
    if states == {"SUCCESS"}:
        return Done(Settled.DELIVERED, "Google could use every event")
    return Done(Settled.REFUSED, f"Google could not use all: {masked(', '.join(counts))}")


def _each(found: object) -> Sequence[Mapping[str, object]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
