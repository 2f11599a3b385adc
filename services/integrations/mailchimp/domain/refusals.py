"""Why mailchimp says no. Values with facts; the docstring is the message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from services.runtime.errors import Kind, Refusal


@dataclass(frozen=True, slots=True)
class MailchimpAccountMissing(Refusal):
    """The house has no account at MailChimp here: set its key first."""

    kind: ClassVar[Kind] = Kind.PRECONDITION


@dataclass(frozen=True, slots=True)
class MailchimpKeyRefused(Refusal):
    """MailChimp does not let this key in: {note}."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    note: str


@dataclass(frozen=True, slots=True)
class MailchimpSilent(Refusal):
    """MailChimp does not answer now: {note}. Try again after a moment."""

    kind: ClassVar[Kind] = Kind.UNDER_WAY
    retry_after_ms: ClassVar[int] = 30_000
    note: str


@dataclass(frozen=True, slots=True)
class AudienceNotThere(Refusal):
    """The account at MailChimp has no audience {list_id}; it has {list_ids}."""

    kind: ClassVar[Kind] = Kind.NOT_FOUND
    list_id: str
    list_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConsentNotForEmail(Refusal):
    """The house asks for no consent {consent_id} to e-mail, or asks nobody any more."""

    kind: ClassVar[Kind] = Kind.NOT_FOUND
    consent_id: str


@dataclass(frozen=True, slots=True)
class AudienceSyncNotFound(Refusal):
    """There is no audience sync {sync_id} in this house."""

    kind: ClassVar[Kind] = Kind.NOT_FOUND
    sync_id: str


@dataclass(frozen=True, slots=True)
class AudienceSyncArchived(Refusal):
    """The audience sync {sync_id} is archived: it adds nobody any more."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    sync_id: str


@dataclass(frozen=True, slots=True)
class AudienceSyncTaken(Refusal):
    """The consent makes subscribers of this audience already, by {sync_id}."""

    kind: ClassVar[Kind] = Kind.TAKEN
    sync_id: str


@dataclass(frozen=True, slots=True)
class TooManyAudienceSyncs(Refusal):
    """A house has {limit} audience syncs at most."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    limit: int
