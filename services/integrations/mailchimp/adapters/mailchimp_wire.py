"""The Marketing API 3.0 as it is written and read: bodies of questions, and what answers mean. Pure.

Where its words are known from its documents and its clients alone, and not from its own definition, the tests say so
(tests/data/mailchimp).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.integrations.mailchimp.domain.instants import instant
from services.integrations.mailchimp.domain.membership import Problem, There
from services.integrations.mailchimp.domain.profile import Profile, subscriber_of

# The state in which a member is there, by MailChimp's word. Somebody who was only mailed about a purchase has said
# neither yes nor no: as whoever was taken out, it is asked before it is a subscriber.
THERE: Final[Mapping[str, There]] = {
    "subscribed": There.SUBSCRIBED,
    "pending": There.PENDING,
    "unsubscribed": There.UNSUBSCRIBED,
    "cleaned": There.CLEANED,
    "archived": There.REMOVED,
    "transactional": There.TAKEN_OUT,
}
EXISTS: Final = "ERROR_CONTACT_EXISTS"
# Words of its faults, in lower case: there are no codes for these.
_OUT_FOR_GOOD = ("unsubscribe", "compliance state", "opted out", "re-subscribe", "resubscribe")
_GONE = ("permanently deleted", "forgotten email")
_CLEANED = ("cleaned", "bounced")
_MERGE = ("merge field", "required field", "merge_fields")
_ADDRESS = ("fake or invalid", "email address", "looks fake", "invalid resource", "provide a valid")


def new_member(profile: Profile) -> dict[str, Any]:
    """One of many. `status` is for who is new: the question says that nobody who is there is to be changed."""
    return {
        "email_address": profile.email,
        "status": profile.joins_as.value,
        **_facts(profile),
        **({"tags": list(profile.tags)} if profile.tags else {}),
    }


def new_members(profiles: Sequence[Profile]) -> bytes:
    """`update_existing` changes the state of who is there, an unsubscribe too: never."""
    members = [new_member(profile) for profile in profiles]
    return written({"members": members, "update_existing": False})


def member(profile: Profile) -> bytes:
    """One member as it is to be. It has no `status`: that would undo an unsubscribe."""
    body = {"email_address": profile.email, "status_if_new": profile.joins_as.value, **_facts(profile)}
    if profile.permissions:
        body["marketing_permissions"] = [
            {"marketing_permission_id": one, "enabled": True} for one in profile.permissions
        ]
    return written(body)


def _facts(profile: Profile) -> dict[str, Any]:
    facts: dict[str, Any] = {"timestamp_opt": instant(profile.consented_at_ms)}
    if profile.language:
        facts["language"] = profile.language
    if profile.merge_fields:
        facts["merge_fields"] = dict(profile.merge_fields)
    return facts


def tags(names: Mapping[str, bool]) -> bytes:
    """Names, and whether the member is to have them."""
    told = [{"name": name, "status": "active" if has else "inactive"} for name, has in names.items()]
    return written({"tags": told, "is_syncing": True})


def address(profile: Profile) -> bytes:
    """Of one member, another one."""
    return written({"email_address": profile.email})


def state(status: str) -> bytes:
    """Of one member, where it was said here."""
    return written({"status": status})


def hook(url: str) -> bytes:
    """What we are told by, and not of what we have asked for ourselves."""
    events = dict.fromkeys(("subscribe", "unsubscribe", "profile", "cleaned", "upemail"), True)
    sources = {"user": True, "admin": True, "api": False}
    return written({"url": url, "events": {**events, "campaign": False}, "sources": sources})


def written(body: Mapping[str, Any]) -> bytes:
    """JSON."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def there_of(found: Mapping[str, Any] | None) -> There | None:
    """The state of a member in an answer; None where it tells none that is known."""
    return THERE.get(str(found.get("status"))) if found else None


def problem_of(text: str) -> Problem:
    """Why a member is not taken, by the words of a fault."""
    said = text.lower()
    for words, problem in (
        (_GONE, Problem.REMOVED_THERE),
        (_OUT_FOR_GOOD, Problem.UNSUBSCRIBED_THERE),
        (_CLEANED, Problem.CLEANED_THERE),
        (_MERGE, Problem.MERGE_FIELD_REFUSED),
        (_ADDRESS, Problem.ADDRESS_REFUSED),
    ):
        if any(word in said for word in words):
            return problem
    return Problem.OTHER


def fault_text(found: Mapping[str, Any]) -> str:
    """All that a problem document says."""
    errors = found.get("errors")
    parts = [found.get("title"), found.get("detail")]
    for one in errors if isinstance(errors, list) else ():
        if isinstance(one, dict):
            parts += [one.get("field"), one.get("message")]
    return " ".join(str(part) for part in parts if part)


def added_of(found: Mapping[str, Any], asked: Sequence[Profile]) -> tuple[dict[str, There], dict[str, Problem]] | None:
    """Who came in and who is not taken, by what MailChimp calls them; None for what is no such answer."""
    came, errors = found.get("new_members"), found.get("errors")
    if not isinstance(came, list) or not isinstance(errors, list):
        return None
    known = {profile.subscriber for profile in asked}
    added: dict[str, There] = {}
    for one in came:
        if isinstance(one, dict) and (there := there_of(one)) is not None:
            added[str(one.get("id") or subscriber_of(str(one.get("email_address", ""))))] = there
    refused: dict[str, Problem] = {}
    for one in errors:
        # Who was there already is not refused.
        if isinstance(one, dict) and one.get("error_code") != EXISTS:
            # Some come in quotes.
            who = subscriber_of(str(one.get("email_address", "")).strip("\"' "))
            refused[who] = problem_of(" ".join(str(one.get(name, "")) for name in ("error", "field_message")))
    return (
        {who: there for who, there in added.items() if who in known},
        {who: problem for who, problem in refused.items() if who in known},
    )
