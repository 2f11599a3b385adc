"""Which consent makes subscribers of which audience, and how."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from services.contracts.texts import refused_text
from services.runtime.errors import UNSET, FieldInvalid, refused_fields

MAX_SYNCS: Final = 20
MAX_MERGE_FIELDS: Final = 20
MAX_TAGS: Final = 10
MAX_TAG_CHARS: Final = 100
MAX_PERMISSIONS: Final = 20
# Stands in a tag for the title of the house's question.
CONSENT_TITLE: Final = "{consent}"
_MERGE_TAG: Final = re.compile(r"[A-Z0-9_]{1,10}")
# Ids that MailChimp makes; they come into paths, so nothing else passes.
_THEIR_ID: Final = re.compile(r"[A-Za-z0-9]{1,32}")


class MergeValue(Enum):
    """What a merge field is filled with; names as in balcon.mailchimp.v1.MergeValue."""

    NAME = "NAME"
    FIRST_NAME = "FIRST_NAME"
    LAST_NAME = "LAST_NAME"
    CUSTOMER_ID = "CUSTOMER_ID"


class Joining(Enum):
    """How who is new comes in; names as in balcon.mailchimp.v1.Joining."""

    SUBSCRIBED = "SUBSCRIBED"
    PENDING = "PENDING"


class Direction(Enum):
    """Which way changes go; names as in balcon.mailchimp.v1.Direction."""

    ONE_WAY = "ONE_WAY"
    TWO_WAY = "TWO_WAY"


@dataclass(frozen=True, slots=True)
class MergeField:
    """A merge field of the audience by its tag there."""

    tag: str
    value: MergeValue


@dataclass(frozen=True, slots=True)
class Manner:
    """How it is done: all that an update may change; names as on the wire."""

    merge_fields: tuple[MergeField, ...]
    sends_language: bool
    tags: tuple[str, ...]
    joining: Joining
    direction: Direction
    marketing_permission_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AudienceSync:
    """`consent_title`: as it was when tags were last said. `revision` 1 when it is made."""

    house_id: str
    sync_id: str
    consent_id: str
    consent_title: str
    list_id: str
    manner: Manner
    archived: bool
    created_at_ms: int
    revision: int

    @property
    def merge_fields(self) -> tuple[MergeField, ...]:
        return self.manner.merge_fields

    @property
    def sends_language(self) -> bool:
        return self.manner.sends_language

    @property
    def joining(self) -> Joining:
        return self.manner.joining

    @property
    def permissions(self) -> tuple[str, ...]:
        return self.manner.marketing_permission_ids

    @property
    def is_two_way(self) -> bool:
        return self.manner.direction is Direction.TWO_WAY

    @property
    def told_tags(self) -> tuple[str, ...]:
        """As MailChimp gets them."""
        return tuple(tag.replace(CONSENT_TITLE, self.consent_title)[:MAX_TAG_CHARS] for tag in self.manner.tags)


def changed_sync(sync: AudienceSync, manner: Manner, title: str, *, archived: bool | None = None) -> AudienceSync:
    """With the new values; no news is the same sync."""
    is_archived = sync.archived if archived is None else archived
    after = replace(sync, manner=manner, consent_title=title, archived=is_archived)
    return sync if after == sync else replace(after, revision=sync.revision + 1)


def refused_list_id(field: str, value: str) -> FieldInvalid | None:
    """The refusal for what is no id that MailChimp makes, else None."""
    if _THEIR_ID.fullmatch(value):
        return None
    return FieldInvalid(field, "is no id of MailChimp's" if value else UNSET, "1 to 32 letters and digits")


def refused_manner(prefix: str, manner: Manner) -> FieldInvalid | None:
    """All that is wrong with how it is to be done, else None."""
    merge_tags = [one.tag for one in manner.merge_fields]
    return refused_fields(
        (
            _refused_count(f"{prefix}merge_fields", manner.merge_fields, MAX_MERGE_FIELDS),
            _refused_twice(f"{prefix}merge_fields", merge_tags),
            *(
                None
                if _MERGE_TAG.fullmatch(tag)
                else FieldInvalid(
                    f"{prefix}merge_fields[{place}].merge_tag",
                    f"is {tag[:20]!r}" if tag else UNSET,
                    "1 to 10 of A-Z, 0-9 and _, such as FNAME",
                )
                for place, tag in enumerate(merge_tags)
            ),
            _refused_count(f"{prefix}tags", manner.tags, MAX_TAGS),
            _refused_twice(f"{prefix}tags", manner.tags),
            *(
                refused_text(f"{prefix}tags[{place}]", tag, at_most=MAX_TAG_CHARS)
                for place, tag in enumerate(manner.tags)
            ),
            _refused_count(f"{prefix}marketing_permission_ids", manner.marketing_permission_ids, MAX_PERMISSIONS),
            *(
                refused_list_id(f"{prefix}marketing_permission_ids[{place}]", one)
                for place, one in enumerate(manner.marketing_permission_ids)
            ),
        )
    )


def _refused_count(field: str, values: Sequence[object], at_most: int) -> FieldInvalid | None:
    return FieldInvalid(field, f"has {len(values):,}", f"at most {at_most}") if len(values) > at_most else None


def _refused_twice(field: str, values: Sequence[str]) -> FieldInvalid | None:
    twice = sorted({one for one in values if values.count(one) > 1})
    return FieldInvalid(field, f"has {', '.join(twice)[:100]} twice", "each once") if twice else None
