"""What MailChimp is told of a customer: the name it knows an address by, merge fields, language, tags."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from services.integrations.mailchimp.domain.audience_sync import AudienceSync, Joining, MergeValue


@dataclass(frozen=True, slots=True)
class Person:
    """A customer as customers tells it at the moment of sending: personal data, kept nowhere here.

    `consents`: those that count, each with since when.
    """

    customer_id: str
    name: str
    email: str
    language: str
    consents: Mapping[str, int]


class Standing(Enum):
    """As a member joins, in MailChimp's words."""

    SUBSCRIBED = "subscribed"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Profile:
    """What one member of an audience is to be there. `may_join` False: it is kept in step, and never added."""

    customer_id: str
    email: str
    subscriber: str
    joins_as: Standing
    may_join: bool
    consented_at_ms: int
    language: str = ""
    merge_fields: Mapping[str, str] = field(default_factory=dict)
    permissions: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def digest(self) -> str:
        """Two profiles with the same one need not be told twice."""
        told = [self.subscriber, self.language, sorted(self.merge_fields.items()), self.permissions, self.tags]
        return hashlib.sha256(json.dumps(told, ensure_ascii=True).encode()).hexdigest()[:32]


def subscriber_of(email: str) -> str:
    """What MailChimp calls an address in its paths: the MD5 of its trimmed lower case, hex."""
    return hashlib.md5(email.strip().lower().encode(), usedforsecurity=False).hexdigest()


def profile_of(person: Person | None, syncs: Sequence[AudienceSync]) -> Profile | None:
    """What the syncs of one audience make of a person; None: nobody may write to it by any of them.

    Several consents may lead to one audience: their tags are added up, and of the rest the oldest sync decides. Where
    one of them has MailChimp ask once more, it asks. Archived ones keep who is there, and add nobody.
    """
    given = [sync for sync in syncs if person is not None and sync.consent_id in person.consents]
    if person is None or not given:
        return None
    active = [sync for sync in given if not sync.archived]
    leading = (active or given)[0]
    asks_again = any(sync.joining is Joining.PENDING for sync in active)
    return Profile(
        customer_id=person.customer_id,
        email=person.email.strip(),
        subscriber=subscriber_of(person.email),
        joins_as=Standing.PENDING if asks_again else Standing.SUBSCRIBED,
        may_join=bool(active),
        consented_at_ms=max(person.consents[sync.consent_id] for sync in given),
        language=person.language if leading.sends_language else "",
        merge_fields={one.tag: _value(one.value, person) for one in leading.merge_fields},
        permissions=tuple(dict.fromkeys(one for sync in active for one in sync.permissions)),
        tags=tuple(dict.fromkeys(tag for sync in active for tag in sync.told_tags)),
    )


def _value(value: MergeValue, person: Person) -> str:
    first, _, last = person.name.strip().partition(" ")
    return {
        MergeValue.NAME: person.name.strip(),
        MergeValue.FIRST_NAME: first,
        MergeValue.LAST_NAME: last.strip(),
        MergeValue.CUSTOMER_ID: person.customer_id,
    }[value]
