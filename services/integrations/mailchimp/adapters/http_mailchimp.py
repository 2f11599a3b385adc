"""MailChimp over HTTP: each call one question through the outbound base, and its answer in the integration's words."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from services.integrations.mailchimp.adapters import mailchimp_wire as wire
from services.integrations.mailchimp.domain.instants import instant, second_of
from services.integrations.mailchimp.domain.membership import There
from services.integrations.mailchimp.domain.profile import Profile
from services.integrations.mailchimp.ports.mailchimp import (
    MAX_MEMBERS,
    PAGE,
    Access,
    AddReply,
    AudiencesReply,
    Hook,
    HooksReply,
    Listed,
    NameReply,
    PageReply,
    Reply,
    TheirAudience,
)
from services.runtime.outbound.http import Answer, OutboundHttp, Question
from services.runtime.outbound.port import Done, ExchangeLedger, Later, Locked, Outcome, Settled, is_delivered

# MailChimp tells no time to come back at: a moment for one connection too many, longer where it has had enough of us.
_BUSY_MS: Final = 2_000
_ENOUGH_MS: Final = 60_000
# What people ask for and wait for; no dispatch is about it.
_CHECK: Final = "check"


class HttpMailchimp:
    """See Mailchimp. `base_url` has {data_centre} where the account's stands."""

    def __init__(self, http: OutboundHttp, base_url: str, ledger: ExchangeLedger) -> None:
        self._http = http
        self._ledger = ledger
        self._base_url = base_url

    async def name(self, access: Access) -> NameReply:
        reply, found = await self._ask(access, "GET", "/", _CHECK, query={"fields": "account_name"})
        return NameReply(reply, str(found.get("account_name", "")))

    async def audiences(self, access: Access) -> AudiencesReply:
        query = {"fields": "lists.id,lists.name,lists.stats.member_count,total_items", "count": str(PAGE)}
        reply, found = await self._ask(access, "GET", "/lists", _CHECK, query=query)
        return AudiencesReply(reply, [_audience(one) for one in _dicts(found.get("lists"))])

    async def add(self, access: Access, list_id: str, profiles: Sequence[Profile]) -> AddReply:
        assert len(profiles) <= MAX_MEMBERS, "more than one question takes"
        secrets = [word for profile in profiles for word in (profile.subscriber, *_of_the_person(profile))]
        body = wire.new_members(profiles)
        query = {"skip_merge_validation": "false", "skip_duplicate_check": "false"}
        answer = await self._answer(access, "POST", f"/lists/{list_id}", "members", body, query=query, secrets=secrets)
        found = answer.document
        outcome = _outcome(answer)
        read = wire.added_of(found, profiles) if found is not None else None
        if is_delivered(outcome) and read is None:
            outcome = Later("answered with what is no list of members", is_uncertain=True)
        reply = _reply(answer, outcome)
        if read is None or not isinstance(outcome, Done):
            return AddReply(reply)
        return AddReply(reply, *read)

    async def tell(self, access: Access, list_id: str, profile: Profile) -> Reply:
        body = wire.member(profile)
        return await self._member(access, "PUT", list_id, profile.subscriber, "", body, _of_the_person(profile))

    async def rename(self, access: Access, list_id: str, subscriber: str, profile: Profile) -> Reply:
        body, secrets = wire.address(profile), (profile.subscriber, *_of_the_person(profile))
        return await self._member(access, "PATCH", list_id, subscriber, "", body, secrets)

    async def tag(self, access: Access, list_id: str, subscriber: str, tags: Mapping[str, bool]) -> Reply:
        return await self._member(access, "POST", list_id, subscriber, "/tags", wire.tags(tags))

    async def ask_again(self, access: Access, list_id: str, subscriber: str) -> Reply:
        return await self._member(access, "PATCH", list_id, subscriber, "", wire.state("pending"))

    async def take_out(self, access: Access, list_id: str, subscriber: str) -> Reply:
        return await self._member(access, "PATCH", list_id, subscriber, "", wire.state("unsubscribed"))

    async def erase(self, access: Access, list_id: str, subscriber: str) -> Reply:
        return await self._member(access, "POST", list_id, subscriber, "/actions/delete-permanent", b"")

    async def page(self, access: Access, list_id: str, offset: int, since_ms: int) -> PageReply:
        query = {
            "fields": "members.id,members.status,members.last_changed,total_items",
            "count": str(PAGE),
            "offset": str(offset),
            # In an order that a change does not disturb: nobody slips from a page to the one before it.
            "sort_field": "timestamp_signup",
            "sort_dir": "ASC",
        }
        if since_ms:
            query["since_last_changed"] = instant(since_ms)
        reply, found = await self._ask(access, "GET", f"/lists/{list_id}/members", "compare", query=query)
        members = found.get("members")
        if not isinstance(members, list):
            # Nobody is missing there because MailChimp has said nothing of anybody.
            return PageReply(_unlisted(reply))
        listed = [one for one in map(_listed, _dicts(members)) if one is not None]
        return PageReply(reply, listed, is_last=len(members) < PAGE)

    async def hooks(self, access: Access, list_id: str) -> HooksReply:
        reply, found = await self._ask(access, "GET", f"/lists/{list_id}/webhooks", "webhook")
        told = _dicts(found.get("webhooks"))
        return HooksReply(reply, [Hook(str(one.get("id", "")), str(one.get("url", ""))) for one in told])

    async def hook_up(self, access: Access, list_id: str, url: str) -> Reply:
        answer = await self._answer(
            access, "POST", f"/lists/{list_id}/webhooks", "webhook", wire.hook(url), secrets=[url]
        )
        return _reply(answer, _outcome(answer))

    async def unhook(self, access: Access, list_id: str, hook_id: str) -> Reply:
        path = f"/lists/{list_id}/webhooks/{hook_id}"
        answer = await self._answer(access, "DELETE", path, "webhook", b"")
        return _reply(answer, _outcome(answer))

    async def _member(
        self,
        access: Access,
        method: str,
        list_id: str,
        subscriber: str,
        act: str,
        body: bytes,
        secrets: Sequence[str] = (),
    ) -> Reply:
        """One member's own path: the ledger does not show whose."""
        path = f"/lists/{list_id}/members/{subscriber}{act}"
        answer = await self._answer(
            access,
            method,
            path,
            "members",
            body,
            asked_as=f"/lists/{list_id}/members/***{act}",
            secrets=[*secrets, subscriber],
        )
        outcome = _outcome(answer)
        found = answer.document
        is_member = method in {"PUT", "PATCH"} and is_delivered(outcome)
        there = wire.there_of(found) if is_member else None
        if is_member and there is None:
            outcome = Later("answered with what is no member", is_uncertain=True)
        problem = wire.problem_of(wire.fault_text(found or {})) if _is_no(outcome) else None
        return replace(_reply(answer, outcome), there=there, problem=problem)

    async def _ask(
        self, access: Access, method: str, path: str, kind: str, *, query: Mapping[str, str] | None = None
    ) -> tuple[Reply, dict[str, Any]]:
        """A question whose answer must be a JSON object."""
        answer = await self._answer(access, method, path, kind, b"", query=query)
        outcome = _outcome(answer)
        found = answer.document
        if is_delivered(outcome) and found is None:
            outcome = Later("answered with what is no JSON object")
        reply = _reply(answer, outcome)
        if kind == _CHECK:
            # Somebody of the house waits for it; the rest goes into the ledger with what became of its dispatches.
            await self._ledger.keep([reply.exchange])
        return reply, found or {}

    async def _answer(
        self,
        access: Access,
        method: str,
        path: str,
        kind: str,
        body: bytes,
        *,
        query: Mapping[str, str] | None = None,
        asked_as: str = "",
        secrets: Sequence[str] = (),
    ) -> Answer:
        credentials = base64.b64encode(f"balcon:{access.key}".encode()).decode()
        headers = {"authorization": f"Basic {credentials}", "accept": "application/json"}
        if body:
            headers["content-type"] = "application/json"
        question = Question(
            method=method,
            path=path,
            kind=kind,
            body=body,
            headers=headers,
            query=query or {},
            asked_as=asked_as,
            secrets=[*secrets, access.key],
        )
        return await self._http.at(self._base_url.format(data_centre=access.data_centre)).ask(access.target, question)


def _reply(answer: Answer, outcome: Outcome) -> Reply:
    return Reply(outcome, answer.exchange_as(outcome), is_missing=answer.status == 404)


def _outcome(answer: Answer) -> Outcome:
    """By the usual rules, but for two: MailChimp's 429, and a 403 that is no refusal of the key."""
    outcome = answer.outcome()
    if isinstance(outcome, Locked) and answer.status == 403 and answer.document is None:
        # Its front door, when we ask too much: it speaks no JSON.
        return Later(answer.note, after_ms=answer.retry_after_ms or _ENOUGH_MS)
    if isinstance(outcome, Later) and answer.status == 429:
        return Later(answer.note, after_ms=answer.retry_after_ms or _BUSY_MS)
    return outcome


def _of_the_person(profile: Profile) -> Sequence[str]:
    """What an answer must not bring into the ledger: a house calls its merge fields as it likes."""
    return (profile.email, *(value for value in profile.merge_fields.values() if len(value) > 1))


def _unlisted(reply: Reply) -> Reply:
    """An answer that should have had a list of members, and has none."""
    if is_delivered(reply.outcome):
        return replace(reply, outcome=Later("answered with what is no list of members"))
    return reply


def _is_no(outcome: Outcome) -> bool:
    return isinstance(outcome, Done) and outcome.how is Settled.REFUSED


def _dicts(found: object) -> list[dict[str, Any]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _audience(one: Mapping[str, Any]) -> TheirAudience:
    stats = one.get("stats")
    count = stats.get("member_count") if isinstance(stats, dict) else 0
    members = count if isinstance(count, int) and count >= 0 else 0
    return TheirAudience(str(one.get("id", "")), str(one.get("name", "")), members)


def _listed(one: Mapping[str, Any]) -> Listed | None:
    there = wire.there_of(one)
    if there is None or not one.get("id"):
        return None
    # Who was only mailed about a purchase stands as it stood.
    if there is There.TAKEN_OUT:
        return None
    return Listed(str(one["id"]), there, second_of(one.get("last_changed"), 0))
