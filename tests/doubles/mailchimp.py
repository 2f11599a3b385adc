"""MailChimp as Balcon meets it: members with states and the rules that MailChimp has for them, and webhooks.

`python -m tests.doubles.mailchimp` serves one account for trying things out: see --help.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

import httpx
from starlette.responses import Response

from services.integrations.mailchimp.domain.instants import instant
from services.runtime.clock import SystemClock
from services.runtime.http_server import HttpServer
from tests.doubles.company import Asked, Company
from tests.doubles.mailchimp_spec import refused_answer, refused_request

KEY = f"{'0a' * 16}-us6"
LIST = "500123"
MOST_CONNECTIONS = 10
CLOCK = SystemClock()
_INTO = frozenset({"subscribed", "pending"})
# Whoever is so may not be put back by anybody but the person.
_OUT = frozenset({"unsubscribed", "cleaned"})


@dataclass
class Person:
    """A member there."""

    email: str
    status: str
    changed: str
    number: int
    merge_fields: dict[str, str] = field(default_factory=dict)
    language: str = ""
    tags: set[str] = field(default_factory=set)


@dataclass
class TheirList:
    """An audience there. `forgotten`: deleted for good."""

    name: str
    members: dict[str, Person] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    hooks: dict[str, dict[str, Any]] = field(default_factory=dict)

    def states(self) -> dict[str, str]:
        """By address."""
        return {one.email: one.status for one in self.members.values()}


@dataclass
class Account:
    """Who has its key sees its lists, and no others."""

    name: str
    lists: dict[str, TheirList] = field(default_factory=dict)
    is_let_in: bool = True


class Problem(Exception):
    """What MailChimp says no with."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        self.status, self.title, self.detail = status, title, detail
        super().__init__(detail)


async def _post(url: str, fields: Mapping[str, str]) -> int:
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.post(url, data=dict(fields))).status_code


def hash_of(email: str) -> str:
    """What a member is called in paths."""
    return hashlib.md5(email.strip().lower().encode(), usedforsecurity=False).hexdigest()


class Mailchimp(Company):
    """See Company. `joins`: called with list, address and state whenever a request makes somebody a subscriber."""

    def __init__(self, *, is_judged: bool = True) -> None:
        super().__init__()
        self.accounts = {KEY: Account("The theatre", {LIST: TheirList("News")})}
        # What the definition has against what was asked or answered here.
        self.faults: list[str] = []
        self.joins: Callable[[str, str, str], None] = lambda list_id, email, state: None
        # How webhooks get there.
        self.post = _post
        self.most_at_once = 0
        self._is_judged = is_judged
        self._at_once: Counter[str] = Counter()
        self._numbers = count(1)

    @property
    def audience(self) -> TheirList:
        """The one that there is from the beginning."""
        return self.accounts[KEY].lists[LIST]

    def add(self, email: str, status: str, list_id: str = LIST, key: str = KEY) -> None:
        """Somebody whom the house has put there by hand."""
        self.accounts[key].lists[list_id].members[hash_of(email)] = Person(email, status, _now(), next(self._numbers))

    async def acts(self, email: str, kind: str, list_id: str = LIST, key: str = KEY, *, told: int = 1) -> list[int]:
        """The person does something there; its webhook comes so often. The answers that it got."""
        their = self.accounts[key].lists[list_id]
        person = their.members[hash_of(email)]
        person.changed = _now()
        if kind in {"subscribe", "unsubscribe", "cleaned"}:
            person.status = {"subscribe": "subscribed", "unsubscribe": "unsubscribed"}.get(kind, "cleaned")
        fields = {
            "type": kind,
            "fired_at": _now()[:19].replace("T", " "),
            "data[id]": hash_of(email)[:10],
            "data[list_id]": list_id,
            "data[email]": email,
            "data[action]": "unsub",
        }
        urls = [
            hook["url"] for hook in their.hooks.values() if hook["events"].get(kind) and hook["sources"].get("user")
        ]
        return list(await asyncio.gather(*(self.post(url, fields) for url in urls for _ in range(told))))

    async def answer(self, asked: Asked) -> Response:
        key = _key_of(asked.headers)
        with self._connection(key) as is_free:
            if not is_free:
                return _problem(Problem(429, "Too Many Requests", "You have exceeded the limit of 10 connections."))
            await CLOCK.sleep(0)
            if self._is_judged and (fault := refused_request(asked)):
                self.faults.append(fault)
            try:
                status, body = self._answered(key, asked)
            except Problem as problem:
                response = _problem(problem)
            else:
                written = b"" if body is None else json.dumps(body).encode()
                response = Response(written, status, media_type="application/json")
            content_type = response.headers.get("content-type", "").partition(";")[0]
            is_judged = self._is_judged and response.status_code not in {204, 401, 403}
            if is_judged and (fault := refused_answer(asked, response.status_code, bytes(response.body), content_type)):
                self.faults.append(fault)
            return response

    @contextmanager
    def _connection(self, key: str) -> Iterator[bool]:
        self._at_once[key] += 1
        self.most_at_once = max(self.most_at_once, self._at_once[key])
        try:
            yield self._at_once[key] <= MOST_CONNECTIONS
        finally:
            self._at_once[key] -= 1

    def _answered(self, key: str, asked: Asked) -> tuple[int, Any]:
        account = self.accounts.get(key)
        if account is None or not account.is_let_in:
            raise Problem(401, "API Key Invalid", "Your API key may be invalid.")
        parts = [part for part in asked.path.removeprefix("/3.0").split("/") if part]
        if not parts:
            return 200, {"account_name": account.name}
        if parts == ["lists"]:
            lists = [_listed(list_id, one) for list_id, one in account.lists.items()]
            return 200, {"lists": lists, "total_items": len(lists)}
        their = account.lists.get(parts[1])
        if parts[0] != "lists" or their is None:
            raise Problem(404, "Resource Not Found", "The requested resource could not be found.")
        body = json.loads(asked.body) if asked.body else {}
        return self._of_list(parts[1], their, asked, parts[2:], body)

    def _of_list(
        self, list_id: str, their: TheirList, asked: Asked, path: Sequence[str], body: Mapping[str, Any]
    ) -> tuple[int, Any]:
        match asked.method, [*path]:
            case "POST", []:
                return 200, self._batch(list_id, their, body)
            case "GET", ["members"]:
                return 200, _page(their, dict(parse_qsl(asked.query)))
            case "PUT", ["members", who]:
                return 200, self._upsert(list_id, their, who, body)
            case "PATCH", ["members", who]:
                return 200, self._patch(list_id, their, who, body)
            case "POST", ["members", who, *act]:
                _act(their, who, act, body)
                return 204, None
            case _, ["webhooks", *rest]:
                return self._hook(their, asked.method, rest, body)
            case _:
                raise Problem(405, "Method Not Allowed", "The requested method and resource are not compatible.")

    def _batch(self, list_id: str, their: TheirList, body: Mapping[str, Any]) -> dict[str, Any]:
        if len(body["members"]) > 500:
            raise Problem(400, "Bad Request", "At most 500 members.")
        made, errors = [], []
        for one in body["members"]:
            email, who = one["email_address"], hash_of(one["email_address"])
            if who in their.members and their.members[who].status != "archived" and not body.get("update_existing"):
                words = f"{email} is already a list member, do you want to update? please provide update_existing:true"
                errors.append({"email_address": email, "error": words, "error_code": "ERROR_CONTACT_EXISTS"})
                continue
            try:
                _check_address(their, email)
            except Problem as problem:
                errors.append({"email_address": email, "error": problem.detail, "error_code": "ERROR_GENERIC"})
                continue
            person = Person(email, one["status"], _now(), next(self._numbers))
            their.members[who] = person
            self._joined(list_id, person)
            _fill(person, one)
            person.tags |= set(one.get("tags", ()))
            made.append(_shown(who, person))
        return {
            "new_members": made,
            "updated_members": [],
            "errors": errors,
            "total_created": len(made),
            "total_updated": 0,
            "error_count": len(errors),
        }

    def _upsert(self, list_id: str, their: TheirList, who: str, body: Mapping[str, Any]) -> dict[str, Any]:
        _check_address(their, body["email_address"])
        person = their.members.get(who)
        if person is None:
            if hash_of(body["email_address"]) in their.members:
                raise Problem(400, "Member Exists", f"{body['email_address']} is already a list member.")
            who = hash_of(body["email_address"])
            person = their.members[who] = Person(
                body["email_address"], body["status_if_new"], _now(), next(self._numbers)
            )
            self._joined(list_id, person)
        if "status" in body:
            self._set(list_id, person, body["status"])
        _fill(person, body)
        return _shown(who, person)

    def _patch(self, list_id: str, their: TheirList, who: str, body: Mapping[str, Any]) -> dict[str, Any]:
        person = _member(their, who)
        if email := body.get("email_address"):
            _check_address(their, email)
            if hash_of(email) != who:
                if hash_of(email) in their.members:
                    raise Problem(400, "Member Exists", f"{email} is already a list member.")
                del their.members[who]
                who = hash_of(email)
                their.members[who] = person
            person.email = email
        if "status" in body:
            self._set(list_id, person, body["status"])
        _fill(person, body)
        return _shown(who, person)

    def _set(self, list_id: str, person: Person, status: str) -> None:
        if person.status == "cleaned" or (person.status == "unsubscribed" and status == "subscribed"):
            raise Problem(
                400,
                "Member In Compliance State",
                f"{person.email} is in a compliance state due to unsubscribe or bounce.",
            )
        changed, person.status, person.changed = person.status != status, status, _now()
        if changed:
            self._joined(list_id, person)

    def _joined(self, list_id: str, person: Person) -> None:
        if person.status in _INTO:
            self.joins(list_id, person.email, person.status)

    def _hook(self, their: TheirList, method: str, rest: Sequence[str], body: Mapping[str, Any]) -> tuple[int, Any]:
        if method == "GET" and not rest:
            return 200, {"webhooks": [{"id": name, **hook} for name, hook in their.hooks.items()]}
        if method == "POST" and not rest:
            if any(hook["url"] == body["url"] for hook in their.hooks.values()):
                raise Problem(400, "Invalid Resource", "Sorry, you can't set up multiple WebHooks for one URL")
            name = f"hook{next(self._numbers)}"
            their.hooks[name] = dict(body)
            return 200, {"id": name, **body}
        if method == "DELETE" and rest and rest[0] in their.hooks:
            del their.hooks[rest[0]]
            return 204, None
        raise Problem(404, "Resource Not Found", "The requested resource could not be found.")


def _member(their: TheirList, who: str) -> Person:
    if who not in their.members:
        raise Problem(404, "Resource Not Found", "The requested resource could not be found.")
    return their.members[who]


def _check_address(their: TheirList, email: str) -> None:
    if hash_of(email) in their.forgotten:
        words = f"{email} was permanently deleted and cannot be re-imported. The contact must re-subscribe."
        raise Problem(400, "Forgotten Email Not Subscribed", words)
    if email.endswith("@fake.example") or "@" not in email:
        raise Problem(400, "Invalid Resource", f"{email} looks fake or invalid, please enter a real email address.")


def _fill(person: Person, body: Mapping[str, Any]) -> None:
    person.merge_fields |= body.get("merge_fields", {})
    person.language = body.get("language", person.language)


def _act(their: TheirList, who: str, act: Sequence[str], body: Mapping[str, Any]) -> None:
    person = _member(their, who)
    if [*act] == ["actions", "delete-permanent"]:
        del their.members[who]
        their.forgotten.add(who)
        return
    for tag in body["tags"]:
        (person.tags.add if tag["status"] == "active" else person.tags.discard)(tag["name"])


def _shown(who: str, person: Person) -> dict[str, Any]:
    return {
        "id": who,
        "email_address": person.email,
        "status": person.status,
        "merge_fields": person.merge_fields,
        "language": person.language,
        "last_changed": person.changed,
        "tags_count": len(person.tags),
    }


def _page(their: TheirList, query: Mapping[str, str]) -> dict[str, Any]:
    since = query.get("since_last_changed", "")
    found = sorted(their.members.items(), key=lambda one: one[1].number)
    found = [(who, one) for who, one in found if one.changed >= since]
    first = int(query.get("offset", "0"))
    page = found[first : first + min(1_000, int(query.get("count", "10")))]
    return {
        "members": [{"id": who, "status": one.status, "last_changed": one.changed} for who, one in page],
        "total_items": len(found),
    }


def _listed(list_id: str, their: TheirList) -> dict[str, Any]:
    members = sum(one.status == "subscribed" for one in their.members.values())
    return {"id": list_id, "name": their.name, "stats": {"member_count": members}}


def _problem(problem: Problem) -> Response:
    body = {
        "type": "https://mailchimp.com/developer/marketing/docs/errors/",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": "00000000-0000-0000-0000-000000000000",
    }
    return Response(json.dumps(body).encode(), problem.status, media_type="application/problem+json")


def _key_of(headers: Mapping[str, str]) -> str:
    kind, _, credentials = headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return ""
    return base64.b64decode(credentials).decode().partition(":")[2]


def _now() -> str:
    return instant(CLOCK.now_ms())


async def _serve(port: int, key: str, lists: Mapping[str, str]) -> None:
    double = Mailchimp(is_judged=False)
    double.accounts = {key: Account("The theatre", {one: TheirList(name) for one, name in lists.items()})}
    double.http = HttpServer(double.app, host="127.0.0.1", port=port, grace_seconds=0)
    async with double:
        print(f"{double.url}/3.0", flush=True)  # noqa: T201 (what it is started for)
        await asyncio.Event().wait()


def main() -> None:
    """Serves until it is stopped, and says where."""
    parser = argparse.ArgumentParser(description="A pretended MailChimp for one account.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key", default=KEY)
    parser.add_argument("--list", action="append", default=[], help="id=name; an audience")
    given = parser.parse_args()
    lists = dict(one.partition("=")[::2] for one in given.list) or {LIST: "News"}
    asyncio.run(_serve(given.port, given.key, lists))


if __name__ == "__main__":
    main()
