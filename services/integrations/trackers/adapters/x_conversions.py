"""X's conversion API: five hundred a request, all or none of it, once for an event and conversion_id.

Sources: integrations.md section 6. Requests are signed with the time, so X's clock is the one that counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Final

import msgspec

from services.integrations.trackers.adapters.company import CompanyRules, instant, kept
from services.integrations.trackers.adapters.event_batch import Bad, Taken, Verdict, told_in_batches
from services.integrations.trackers.adapters.x_signature import XKeys, authorization
from services.integrations.trackers.domain.conversion import Conversion, XAccount
from services.integrations.trackers.domain.hashing import x_person
from services.integrations.trackers.domain.steps import Step
from services.integrations.trackers.domain.telling import OLDEST_MS
from services.integrations.trackers.domain.tracker import TrackerKind
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.outbound.answers import LONGEST_RETRY_AFTER_MS
from services.runtime.outbound.http import Answer, OutboundHttp, Question
from services.runtime.outbound.masking import masked
from services.runtime.outbound.port import Carried, Done, Exchange, Later, Locked, Settled, Target

MOST_EVENTS: Final = 500
_PLACE: Final = re.compile(r"conversions\[(\d{1,3})\]")
_UNAUTHORIZED: Final = 401
_NOT_LET_IN: Final = frozenset({401, 403, 404})
_TOO_MANY: Final = 429
_BAD_REQUEST: Final = 400
# As much as two clocks may differ without anybody minding.
_CLOCK_MS: Final = 60_000


def _can_match(conversion: Conversion) -> bool:
    """A click, or a hash of the person: address and browser alone are nobody's to X."""
    return bool(conversion.traces.twclid) or bool(x_person(conversion.person))


_RULES: Final = CompanyRules(
    "X", OLDEST_MS[TrackerKind.X_PIXEL], _can_match, "X takes nothing back: a refund is not told to it"
)


class XConversions:
    """See Company."""

    def __init__(self, http: OutboundHttp, base_url: str, clock: Clock, ids: Ids, *, version: str) -> None:
        """`base_url`: what `http` asks too; it is part of what is signed."""
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._clock = clock
        self._ids = ids
        self._version = version
        # How far X's clock is ahead of ours, once it has refused our time.
        self._ahead_ms = 0

    @property
    def rules(self) -> CompanyRules:
        """See Company."""
        return _RULES

    async def tell(self, target: Target, account: XAccount, conversions: Sequence[Conversion], kind: str) -> Carried:
        """See Company."""
        exchanges: list[Exchange] = []

        async def ask(events: Sequence[bytes]) -> Verdict:
            # What is under way beside this may find out meanwhile how X's clock stands.
            ahead_ms = self._ahead_ms
            answer = await self._asked(target, account, events, kind)
            if answer.status == _UNAUTHORIZED and self._is_clock_away(answer, ahead_ms):
                exchanges.append(kept(answer, Later("X's clock is not ours: signed again by X's")))
                answer = await self._asked(target, account, events, kind)
            verdict = self._verdict(answer, account, len(events))
            exchanges.append(kept(answer, verdict))
            return verdict

        events = [msgspec.json.encode(x_conversion(conversion, account)) for conversion in conversions]
        return Carried(await told_in_batches(events, MOST_EVENTS, ask), exchanges)

    async def validate(self, target: Target, account: XAccount, conversion: Conversion) -> Carried:
        """See Company. X looks at nothing without counting it."""
        return Carried([Done(Settled.REFUSED, "X has no way to look at a conversion without counting it")])

    async def _asked(self, target: Target, account: XAccount, events: Sequence[bytes], kind: str) -> Answer:
        path = f"/{self._version}/measurement/conversions/{account.pixel_id}"
        keys = XKeys(account.consumer_key, account.consumer_secret, account.token, account.token_secret)
        signed = authorization(
            "POST",
            self._base_url + path,
            keys,
            nonce=self._ids.new_secret(),
            at_seconds=(self._clock.now_ms() + self._ahead_ms) // 1_000,
        )
        question = Question(
            "POST",
            path,
            kind,
            body=b'{"conversions":[' + b",".join(events) + b"]}",
            headers={"content-type": "application/json", "authorization": signed},
            dispatches=len(events),
            secrets=(account.consumer_key, account.consumer_secret, account.token, account.token_secret),
        )
        return await self._http.ask(target, question)

    def _is_clock_away(self, answer: Answer, signed_ahead_ms: int) -> bool:
        """Whether X's clock, by the answer's Date, is another than the one that was signed with; keeps the difference.

        What is refused by X's own time is refused for something else.
        """
        try:
            at = parsedate_to_datetime(answer.headers.get("date", ""))
        except ValueError:
            return False
        ahead_ms = int(at.timestamp() * 1_000) - self._clock.now_ms()
        if abs(ahead_ms - signed_ahead_ms) <= _CLOCK_MS:
            return False
        self._ahead_ms = ahead_ms
        return True

    def _verdict(self, answer: Answer, account: XAccount, events: int) -> Verdict:
        said = answer.document
        usual = answer.outcome(locks=frozenset())
        if answer.status == _TOO_MANY and isinstance(usual, Later):
            return replace(usual, after_ms=usual.after_ms or self._until_reset_ms(answer))
        if isinstance(usual, Later):
            return usual
        if said is None:
            return Later(f"no answer of X: {answer.note}", is_uncertain=True)
        errors = said.get("errors")
        secrets = (account.consumer_key, account.token)
        if answer.status in _NOT_LET_IN:
            return Locked(f"X: {answer.status} {masked(_first(errors), secrets)}")
        if answer.status == _BAD_REQUEST and isinstance(errors, list) and errors:
            return _bad(errors, secrets)
        data = said.get("data")
        processed = data.get("conversions_processed") if isinstance(data, dict) else None
        if usual != Done(Settled.DELIVERED, answer.note) or processed != events:
            return Later(f"X processed {processed!r} of {events} conversions", is_uncertain=True)
        return Taken()

    def _until_reset_ms(self, answer: Answer) -> int:
        """X says until when in its own header, as unix seconds of its own clock."""
        at = answer.headers.get("x-rate-limit-reset", "")
        if not (at.isascii() and at.isdigit()):
            return 0
        wait_ms = int(at[:12]) * 1_000 - self._clock.now_ms() - self._ahead_ms
        return max(0, min(wait_ms, LONGEST_RETRY_AFTER_MS))


def x_conversion(conversion: Conversion, account: XAccount) -> Mapping[str, object]:
    """As X reads it. Hashed is the person; address and browser go only beside something that can be matched."""
    traces = conversion.traces
    identifiers: list[Mapping[str, str]] = [{"twclid": traces.twclid}] if traces.twclid else []
    identifiers += x_person(conversion.person)
    if identifiers:
        left = (("ip_address", traces.ip_address), ("user_agent", traces.user_agent))
        identifiers += [{name: value} for name, value in left if value]
    said: dict[str, object] = {
        "conversion_time": instant(conversion.at_ms),
        "event_id": account.purchase_event_id if conversion.step is Step.DONE else account.start_event_id,
        "identifiers": identifiers,
        "conversion_id": conversion.event_id,
    }
    if traces.page_url:
        said["event_source_url"] = traces.page_url
    if conversion.worth is not None:
        said |= {"value": conversion.worth.in_units, "price_currency": conversion.worth.currency}
    if conversion.tickets:
        said["number_items"] = conversion.tickets
    if conversion.tickets and conversion.content_id:
        said["contents"] = [{"content_id": conversion.content_id, "num_items": conversion.tickets}]
    return said


def _first(errors: object) -> str:
    found = errors[0] if isinstance(errors, list) and errors else None
    return f"{found.get('code')} {found.get('message')}" if isinstance(found, dict) else ""


def _bad(errors: Sequence[object], secrets: Sequence[str]) -> Bad:
    which: dict[int, str] = {}
    for error in errors:
        said = f"{error.get('code')} {error.get('message')}" if isinstance(error, dict) else ""
        for place in _PLACE.findall(said):
            which[int(place)] = f"X: {masked(said, secrets)}"
    return Bad(f"X: {masked(_first(errors), secrets)}", which)
