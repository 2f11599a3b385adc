"""MailChimp as the sync needs it: one question a call, and answers in the words of the outbound base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.integrations.mailchimp.domain.membership import Problem, There
from services.integrations.mailchimp.domain.profile import Profile
from services.runtime.outbound.port import Exchange, Outcome, Target

# Members of one question.
MAX_MEMBERS = 500
PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Access:
    """A house's way in. The key is a secret."""

    target: Target
    data_centre: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """`outcome` DELIVERED: done as asked. REFUSED: no, and `problem` says why; `is_missing`: nothing is there."""

    outcome: Outcome
    exchange: Exchange
    there: There | None = None
    problem: Problem | None = None
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class AddReply:
    """Of many: who came in and how, and who is not taken. Of who was there already it says nothing."""

    reply: Reply
    added: Mapping[str, There] = field(default_factory=dict)
    refused: Mapping[str, Problem] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listed:
    """A member as a page tells it, by what MailChimp calls its address."""

    subscriber: str
    there: There
    changed_at_ms: int


@dataclass(frozen=True, slots=True)
class PageReply:
    """A page of an audience's members. `is_last`: none follow; what is listed may be fewer than were on the page."""

    reply: Reply
    members: Sequence[Listed] = ()
    is_last: bool = True


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook of an audience there."""

    hook_id: str
    url: str


@dataclass(frozen=True, slots=True)
class HooksReply:
    """The webhooks that an audience has."""

    reply: Reply
    hooks: Sequence[Hook] = ()


@dataclass(frozen=True, slots=True)
class TheirAudience:
    """An audience as MailChimp describes it."""

    list_id: str
    name: str
    members: int


@dataclass(frozen=True, slots=True)
class AudiencesReply:
    """The audiences of an account."""

    reply: Reply
    audiences: Sequence[TheirAudience] = ()


@dataclass(frozen=True, slots=True)
class NameReply:
    """What an account is called."""

    reply: Reply
    name: str = ""


class Mailchimp(Protocol):
    """It raises nothing that MailChimp can cause."""

    async def name(self, access: Access) -> NameReply: ...

    async def audiences(self, access: Access) -> AudiencesReply: ...

    async def add(self, access: Access, list_id: str, profiles: Sequence[Profile]) -> AddReply:
        """New members, MAX_MEMBERS at most. Nobody who is there is touched."""
        ...

    async def tell(self, access: Access, list_id: str, profile: Profile) -> Reply:
        """One member as it is to be; its state is left as it stands."""
        ...

    async def rename(self, access: Access, list_id: str, subscriber: str, profile: Profile) -> Reply:
        """A member gets the profile's address instead of its own."""
        ...

    async def tag(self, access: Access, list_id: str, subscriber: str, tags: Mapping[str, bool]) -> Reply:
        """Puts tags on one member, and takes others off."""
        ...

    async def ask_again(self, access: Access, list_id: str, subscriber: str) -> Reply:
        """MailChimp asks the person whether it wants to be a subscriber again."""
        ...

    async def take_out(self, access: Access, list_id: str, subscriber: str) -> Reply:
        """Unsubscribes."""
        ...

    async def erase(self, access: Access, list_id: str, subscriber: str) -> Reply:
        """Deletes for good."""
        ...

    async def page(self, access: Access, list_id: str, offset: int, since_ms: int) -> PageReply:
        """PAGE members from `offset` on; `since_ms` 0: all, else only those that changed since."""
        ...

    async def hooks(self, access: Access, list_id: str) -> HooksReply: ...

    async def hook_up(self, access: Access, list_id: str, url: str) -> Reply: ...

    async def unhook(self, access: Access, list_id: str, hook_id: str) -> Reply: ...
