"""An address that a house names, and what it is told. Pure: addresses are read in target_url.py."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from services.contracts.bounds import MAX_REASON_CHARS
from services.contracts.texts import refused_text
from services.runtime.errors import UNSET, FieldInvalid, refused_fields
from services.runtime.ids import are_keys

# Of a house, those that were archived not counted.
MAX_ENDPOINTS: Final = 20
MAX_EVENT_TYPES: Final = 100
MAX_TOPICS: Final = 20
# Performances, and productions.
MAX_FILTER_IDS: Final = 100
MAX_DESCRIPTION_CHARS: Final = MAX_REASON_CHARS
# So long a secret counts after it was rotated.
ROTATION_MS: Final = 24 * 3_600_000
# An event is tried for so long.
DELIVERY_MS: Final = 3 * 86_400_000
TEST_MS: Final = 3_600_000
# Put again by one request at most.
MAX_REDELIVERED: Final = 5_000


class EndpointState(StrEnum):
    """Whether it is told anything. Values are what the store keeps."""

    ENABLED = "enabled"
    GONE = "gone"
    FAILING = "failing"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class Wishes:
    """Where an endpoint is, and what it is told."""

    url: str
    description: str
    event_types: tuple[str, ...]
    topics: tuple[str, ...]
    performance_ids: tuple[str, ...] = ()
    production_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Without its secrets. `failing_since_ms` 0: it took the last that it was sent."""

    house_id: str
    endpoint_id: str
    wishes: Wishes
    created_at_ms: int
    state: EndpointState = EndpointState.ENABLED
    disabled_at_ms: int = 0
    failing_since_ms: int = 0
    former_secret_until_ms: int = 0
    revision: int = 1

    @property
    def is_told(self) -> bool:
        """Whether anything is sent to it."""
        return self.state is EndpointState.ENABLED

    def wants(self, happened: Happened) -> bool:
        """Whether it is told of the event; also where the performance's production is not known: nothing is lost."""
        wishes = self.wishes
        if self.state is EndpointState.ARCHIVED or happened.at_ms < self.created_at_ms:
            return False
        if happened.type not in wishes.event_types and happened.topic not in wishes.topics:
            return False
        if not wishes.performance_ids and not wishes.production_ids:
            return True
        if happened.performance_id in wishes.performance_ids:
            return True
        if not wishes.production_ids or not happened.performance_id:
            return False
        return happened.production_id in wishes.production_ids or not happened.production_id


@dataclass(frozen=True, slots=True)
class Happened:
    """What of an event decides whom it is told to; '' is: of no performance, or not known."""

    type: str
    topic: str
    at_ms: int
    performance_id: str
    production_id: str


def changed(endpoint: Endpoint, wishes: Wishes) -> Endpoint:
    """With the new wishes; no news is the same endpoint. Another address has failed nothing yet."""
    if wishes == endpoint.wishes:
        return endpoint
    failing_since_ms = endpoint.failing_since_ms if wishes.url == endpoint.wishes.url else 0
    return replace(endpoint, wishes=wishes, failing_since_ms=failing_since_ms, revision=endpoint.revision + 1)


def disabled(endpoint: Endpoint, state: EndpointState, now_ms: int) -> Endpoint:
    """Told nothing from now on; one that is disabled already stays as it was."""
    if not endpoint.is_told:
        return endpoint
    return replace(endpoint, state=state, disabled_at_ms=now_ms, revision=endpoint.revision + 1)


def enabled(endpoint: Endpoint) -> Endpoint:
    """Told again, with a clean slate; one that is told stays as it was."""
    if endpoint.is_told:
        return endpoint
    return replace(
        endpoint, state=EndpointState.ENABLED, disabled_at_ms=0, failing_since_ms=0, revision=endpoint.revision + 1
    )


def archived(endpoint: Endpoint, now_ms: int) -> Endpoint:
    """Told nothing any more, for good."""
    if endpoint.state is EndpointState.ARCHIVED:
        return endpoint
    at_ms = endpoint.disabled_at_ms or now_ms
    return replace(endpoint, state=EndpointState.ARCHIVED, disabled_at_ms=at_ms, revision=endpoint.revision + 1)


def refused_description(field: str, value: str) -> FieldInvalid | None:
    """The refusal for a description that is none, else None."""
    return refused_text(field, value, at_least=0, at_most=MAX_DESCRIPTION_CHARS)


def refused_wishes(
    prefix: str, wishes: Wishes, known_types: Collection[str], known_topics: Collection[str]
) -> FieldInvalid | None:
    """All that is wrong with what somebody wants to be told, else None."""
    return refused_fields(
        (
            refused_names(f"{prefix}event_types", wishes.event_types, known_types, MAX_EVENT_TYPES),
            refused_names(f"{prefix}topics", wishes.topics, known_topics, MAX_TOPICS),
            refused_nothing(f"{prefix}event_types", wishes),
            refused_ids(f"{prefix}performance_ids", wishes.performance_ids),
            refused_ids(f"{prefix}production_ids", wishes.production_ids),
        )
    )


def refused_nothing(field: str, wishes: Wishes) -> FieldInvalid | None:
    """The refusal for an endpoint that would be told nothing, else None."""
    if wishes.event_types or wishes.topics:
        return None
    return FieldInvalid(field, UNSET, "one event type or one topic at least")


def refused_names(field: str, names: Sequence[str], known: Collection[str], at_most: int) -> FieldInvalid | None:
    """The refusal for names of which one is not known or comes twice, else None."""
    limit = f"at most {at_most}, each once, as ListEventTypes names them"
    if len(names) > at_most:
        return FieldInvalid(field, f"has {len(names)}", limit)
    unknown = sorted({name[:100] for name in names if name not in known})
    if unknown:
        return FieldInvalid(field, f"has {', '.join(unknown[:8])}", limit)
    return FieldInvalid(field, "has one twice", limit) if len(set(names)) < len(names) else None


def refused_ids(field: str, ids: Sequence[str]) -> FieldInvalid | None:
    """The refusal for ids of which one is none or comes twice, else None."""
    limit = f"at most {MAX_FILTER_IDS} ids, each once"
    if len(ids) > MAX_FILTER_IDS:
        return FieldInvalid(field, f"has {len(ids)}", limit)
    if not are_keys(ids):
        return FieldInvalid(field, "has what is no id", limit)
    return FieldInvalid(field, "has one twice", limit) if len(set(ids)) < len(ids) else None
